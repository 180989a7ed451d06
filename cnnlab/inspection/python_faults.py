"""Mistakes outside the layers: no network, no image, an error of Python in forward()."""

from __future__ import annotations

import difflib
import inspect
import re
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cnnlab.errors import did_you_mean
from cnnlab.inspection.faults import Fault
from cnnlab.inspection.shapes import first_line
from cnnlab.inspection.tracing import Trace
from cnnlab.inspection.workbench import Remedies

_IMPORTS = {"F": "import torch.nn.functional as F", "torch": "import torch", "nn": "from torch import nn"}


def no_network(thing: object) -> Fault:
    """What to say about something that is not an nn.Module, or not yet."""
    if isinstance(thing, nn.Module):
        return Fault(
            f"{type(thing).__name__} is not a network yet: its __init__ does not call super().__init__(), "
            "which nn.Module needs.",
            remedies=Remedies().or_else(
                "super().__init__() as the first line of __init__",
                "nn.Sequential(…) for layers that follow one another, which needs no __init__",
            ),
        )
    if isinstance(thing, type) and issubclass(thing, nn.Module):
        name = thing.__name__
        return Fault(
            f"{name} is a class: the plan of a network, not yet a network.",
            remedies=Remedies((f"explain({name}())", f"model = {name}(), then explain(model)")),
        )
    return Fault(
        f"This is a {type(thing).__name__}, not a network: explain needs an nn.Module.",
        remedies=Remedies().or_else("write class Net(nn.Module), and explain(Net())", "nn.Sequential(…)"),
    )


def compiled(model: torch.jit.ScriptModule) -> Fault:
    """What to say about a network that torch.jit made: its forward() is no Python that could be followed."""
    traced = "Traced" in type(model).__name__
    how, name = ("trace", "traced") if traced else ("script", "scripted")
    return Fault(
        f"This is a {name} network, made by torch.jit.{how}, and its steps cannot be followed: "
        "explain the module that it was made from.",
        remedies=Remedies().or_else(
            f"explain(model), with the model that was given to torch.jit.{how}(model)",
            "build the network anew, load_state_dict(this_one.state_dict()), and explain that",
        ),
    )


def no_image(given: object) -> Fault | None:
    """What to say about an input that is neither a tensor with images nor a shape; None if it is."""
    if isinstance(given, Tensor):
        if given.ndim > 0 and given.numel() > 0:
            return None
        headline = f"The input is empty: its shape is {tuple(given.shape)}."
    elif is_shape(given):
        return None
    else:
        kind = type(given).__name__
        if isinstance(given, (tuple, list)) and any(isinstance(part, Tensor) for part in given):
            return Fault(
                f"The input is a {kind} of tensors, such as a batch with its labels: give the images alone.",
                remedies=Remedies(
                    ("explain(model, batch[0])", "images, labels = batch, and explain(model, images)")
                ),
            )
        if type(given).__module__.startswith("PIL."):
            return Fault(
                f"The input is a picture, of the type {kind}: explain needs a tensor of images.",
                remedies=Remedies().or_else(
                    'explain(model, transforms.ToTensor()(image.convert("L"))[None])',
                    'explain(model, torch.tensor(np.array(image.convert("L")))[None, None] / 255)',
                ),
            )
        what = repr(given)[:40] if isinstance(given, (Sequence, int, float)) else f"of the type {kind}"
        headline = f"The input is {what}: neither a tensor of images nor the shape of one."
    return Fault(
        headline,
        remedies=Remedies().or_else(
            "explain(model, (1, 28, 28))", "explain(model, torch.as_tensor(images)), at least one image"
        ),
    )


def is_shape(given: object) -> bool:
    """Whether something is a tuple or list of sizes."""
    if not isinstance(given, Sequence) or isinstance(given, (str, bytes)) or len(given) == 0:
        return False
    return all(isinstance(v, (int, np.integer)) and not isinstance(v, bool) and v > 0 for v in given)


def stopped(model: nn.Module, made: Trace) -> Fault:
    """A forward() that ends in an error of Python, or returns nothing that can be used."""
    name, error = type(model).__name__, made.error
    if isinstance(made.output, nn.Module):
        kind = type(made.output).__name__
        return Fault(
            f"forward() of {name} returns a layer, an nn.{kind}: nn.{kind}(x) makes a layer, "
            "but does not call it.",
            remedies=Remedies().or_else(*call_the_layer(kind)),
        )
    if error is None:
        what = "nothing" if made.output is None else f"a {type(made.output).__name__}"
        return Fault(
            f"forward() of {name} returns {what}: it should return one row of numbers for each image.",
            remedies=Remedies().or_else(
                "end forward() with return x", "indent that return like the lines above it"
            ),
        )
    message = first_line(error)
    if isinstance(error, NotImplementedError) and isinstance(model, (nn.ModuleList, nn.ModuleDict)):
        return Fault(
            f"An nn.{name} has no forward(): it keeps layers and calls none of them.",
            remedies=Remedies().or_else(
                "nn.Sequential(…), which calls its layers one after another",
                "keep it in a class of your own, whose forward() calls the layers",
            ),
        )
    inner = re.search(r"Module \[(ModuleList|ModuleDict)\]", message)
    if isinstance(error, NotImplementedError) and inner:
        return Fault(
            f"forward() of {name} calls an nn.{inner[1]}, which keeps layers and calls none of them.",
            remedies=Remedies().or_else(
                "for layer in self.name: x = layer(x)",
                "nn.Sequential(…) in its place, which calls its layers one after another",
            ),
        )
    if isinstance(error, NotImplementedError) and "forward" in message:
        own = [
            key for key, value in vars(type(model)).items() if inspect.isfunction(value) and key != "__init__"
        ]
        found = f"; it has {', '.join(own)}()" if own else ""
        return Fault(
            f"{name} has no forward(){found}.",
            remedies=Remedies().or_else(
                "write def forward(self, x): in the class", "indent it like __init__"
            ),
        )
    return Fault(
        f"forward() of {name} stops with {type(error).__name__}: {message}.",
        remedies=Remedies().or_else(*_advice(model, error, message)),
    )


def call_the_layer(kind: str) -> tuple[str, str]:
    """What to write where a layer was made in place of being called: nn.ReLU(x)."""
    return (
        f"make it in __init__, self.name = nn.{kind}(…), and call it in forward(): x = self.name(x)",
        f"nn.{kind}(…)(x) in place of nn.{kind}(x, …), for a layer without weights",
    )


def _advice(model: nn.Module, error: Exception, message: str) -> tuple[str, ...]:
    quoted: Any = re.findall(r"'(\w+)'", message)
    uncalled: Any = re.search(r"must be Tensor, not (\w+)|^'(\w+)' object has no attribute", message)
    kind = uncalled and (uncalled[1] or uncalled[2])
    if kind and kind != type(model).__name__ and isinstance(getattr(nn, kind, None), type):
        return call_the_layer(kind)
    if (
        isinstance(error, AttributeError)
        and "object has no attribute" in message
        and type(model).__name__ in message
    ):
        near = did_you_mean(quoted[-1], [key for key, _ in model.named_children()])
        return (
            f"make it in __init__: self.{quoted[-1]} = …",
            f"another name in forward(): {near.rstrip('.')}",
        )
    if isinstance(error, AttributeError) and (near := _nearest(message)):
        return (near, "look in PyTorch's documentation for how it is called")
    if isinstance(error, NameError) and quoted:
        return (
            _IMPORTS.get(quoted[0], f"give {quoted[0]} a value before that line"),
            "look whether it is spelt right",
        )
    missing = re.search(r"(\w+)\(\) missing .*?'(\w+)'", message)
    if missing and hasattr(nn.functional, missing[1].lstrip("_")):
        name = missing[1].lstrip("_")
        return (
            f"give F.{name} its {missing[2]}" + (f", as in F.{name}(x, 2)" if "pool" in name else ""),
            f"help(F.{name}) tells what it takes",
        )
    if isinstance(error, TypeError) and re.search(r"\bfloat\b", message) and re.search(r"\bint", message):
        return (
            "// in place of / in that line: a result of / is always a float, 14.0 as well, and 28 // 2 is 14",
            "int(…) round the number that must be whole",
        )
    if isinstance(error, TypeError) and "forward()" in message:
        return ("write def forward(self, x):", "count what forward() is given: self and the images")
    return ("look at that line of forward()", "put print(x.shape) in front of it and run one batch")


def _nearest(message: str) -> str:
    """The name that a misspelt function of PyTorch is nearest to; "" if none is near."""
    found = re.search(r"(?:module '(torch[\w.]*)'|'(Tensor)' object) has no attribute '(\w+)'", message)
    if not found:
        return ""
    module, _, wrong = found.groups()
    names = {name.lower(): name for name in dir(sys.modules.get(module, Tensor)) if name[0] != "_"}
    near = difflib.get_close_matches(wrong.lower(), names, n=1)
    return f"{names[near[0]]} in place of {wrong}" if near else ""
