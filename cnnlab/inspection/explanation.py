"""Explain a model: how its sizes follow from each other, or where and why they do not."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from cnnlab.errors import did_you_mean
from cnnlab.inspection.diagnosis import Diagnosis, diagnose, main_path
from cnnlab.inspection.notes import notes_on
from cnnlab.inspection.parameters import count_parameters
from cnnlab.inspection.remedies import fits
from cnnlab.inspection.shapes import arithmetic_of, first_line, product
from cnnlab.inspection.tracing import Shape, Step, Trace, trace, zeros_for
from cnnlab.inspection.windows import windows_of
from cnnlab.inspection.wrong_input import wrong_input

_LONGEST_CHAIN = 6  # steps that are shown before a mistake


@dataclass(frozen=True, repr=False)
class Explanation:
    """Why a model works, or what keeps it from working; prints as text."""

    works: bool
    headline: str
    chain: tuple[str, ...] = ()  # the sizes, step by step, with their arithmetic
    details: tuple[str, ...] = ()  # sentences that belong to the headline
    remedies: tuple[str, ...] = ()  # each of them mends the model
    notes: tuple[str, ...] = ()  # worth knowing, but no mistake
    layer: str | None = None  # the layer or function where it fails
    line: str | None = None  # the line of forward() where it fails
    has: int | None = None  # the number that is there
    needs: int | None = None  # the number that should be there
    error: str | None = None  # PyTorch's own message

    def __str__(self) -> str:
        lines = [self.headline]
        if self.line:
            lines.append(f"  {self.line}")
        if self.chain:
            lines += [*(f"  {text}" for text in self.chain)]
        lines += self.details
        if self.remedies:
            lines.append("Any one of these mends it:" if len(self.remedies) > 1 else "This mends it:")
            lines += [f"  {number}. {text}" for number, text in enumerate(self.remedies, start=1)]
        lines += [f"Note: {note}" for note in self.notes]
        return "\n".join(lines)

    __repr__ = __str__


def explain(model: Any, input_shape_or_tensor: Any = (1, 28, 28)) -> Explanation:
    """Say why a model works, or where it fails: which layer, which number, and ways to mend it.

    A copy of the model runs on a small batch; the model stays as it is. Every remedy was
    tried on another copy. This function does not raise, whatever the model does.

    Args:
        model: any network, also one that does not work.
        input_shape_or_tensor: the shape of one image, (C, H, W); or what the model is given, (N, C, H, W).
    Returns:
        An explanation that prints as text.

    >>> from torch import nn
    >>> explain(nn.Sequential(nn.Conv2d(1, 10, 5), nn.ReLU(), nn.Flatten(), nn.Linear(784, 10)))
    layer 3 does not fit: it gets 5760 numbers for each image, but nn.Linear(784, 10) takes 784.
      0  10 × 24 × 24  floor((28 + 2·0 − 5)/1) + 1 = 24
      2  5760          10 × 24 × 24 = 5760
    Any one of these mends it:
      1. layer 3: nn.Linear(5760, 10)
      2. layer 3: nn.LazyLinear(10), which counts its inputs itself
    """
    if not isinstance(model, nn.Module):
        return _no_model(model)
    try:
        with torch.random.fork_rng(devices=[]):
            images = _images(model, input_shape_or_tensor)
            return images if isinstance(images, Explanation) else _explained(model, images)
    except Exception as error:  # a student who is stuck must get a sentence, not a second traceback
        return Explanation(
            False,
            f"{type(model).__name__} could not be looked into: {first_line(error)}.",
            details=("Does its __init__ begin with super().__init__()?",)
            if not hasattr(model, "_modules")
            else (),
            error=str(error),
        )


def _explained(model: nn.Module, images: Tensor) -> Explanation:
    made = trace(model, images)
    if fits(made):
        return _working(model, images, made)
    small = images if images.ndim < 4 or len(images) <= 2 else images.new_zeros(2, *images.shape[1:])
    wrong = wrong_input(model, images, made)
    if wrong is not None:
        return _failing(made, wrong, chain=False)
    made = trace(model, small) if small is not images else made
    if fits(made):  # the mistake shows at the batch that was given only
        small, made = images, trace(model, images)
    found = diagnose(model, small, made)
    if found.headline:
        return _failing(made, found)
    return _stopped(model, made)


def _working(model: nn.Module, images: Tensor, made: Trace) -> Explanation:
    output = made.output[0] if isinstance(made.output, (tuple, list)) else made.output
    shape = tuple(output.shape[1:])
    out = f"{shape[0]} numbers come" if len(shape) == 1 else f"{_shape(shape)} comes"
    parameters = count_parameters(made.model)
    most = max(parameters, key=lambda row: row.count, default=None)
    details = f"{parameters.total:,} parameters"
    if most is not None and most.count:
        details += f", most of them in {most.name}: {most.formula} = {most.count:,}"
    return Explanation(
        True,
        f"It fits together: {_shape(tuple(images.shape[1:]))} goes in, {out} out for each image.",
        chain=_chain(made, len(made.steps)),
        details=(f"{details}.",),
        notes=notes_on(model, images, made),
    )


def _failing(made: Trace, found: Diagnosis, chain: bool = True) -> Explanation:
    step = made.steps[found.number] if found.number is not None else None
    by_function = step is not None and step.module is None
    return Explanation(
        False,
        found.headline,
        chain=_chain(made, found.number) if chain and found.number is not None else (),
        details=tuple(text for text in found.details if text),
        remedies=found.remedies,
        layer=step.path if step is not None else None,
        line=str(step.line) if step is not None and by_function and step.line else None,
        has=found.has,
        needs=found.needs,
        error=str(made.error) if made.error is not None else None,
    )


def _chain(made: Trace, end: int) -> tuple[str, ...]:
    """The steps before number `end` that change the shape, in columns."""
    steps = [made.steps[n] for n in main_path(made) if n < end and _changes_shape(made.steps[n])]
    shown = steps if end == len(made.steps) else steps[-_LONGEST_CHAIN:]
    rows = [
        (step.path, product(made.image_shape(step.out_shape or ())), arithmetic_of(step, made))
        for step in shown
    ]
    first, second = (max((len(row[i]) for row in rows), default=0) for i in (0, 1))
    lines = [f"{name.ljust(first)}  {size.ljust(second)}  {text}".rstrip() for name, size, text in rows]
    return (*(["…"] if len(shown) < len(steps) else []), *lines)


def _changes_shape(step: Step) -> bool:
    return step.in_shape != step.out_shape or windows_of(step) is not None


def _shape(shape: Shape) -> str:
    return str(shape) if len(shape) != 1 else f"({shape[0]})"


# Models that stop outside PyTorch, and things that are no models


def _stopped(model: nn.Module, made: Trace) -> Explanation:
    """A forward() that ends in an error of Python, or returns nothing that can be used."""
    name, error = type(model).__name__, made.error
    if error is None:
        what = "nothing" if made.output is None else f"a {type(made.output).__name__}"
        return Explanation(
            False,
            f"forward() of {name} returns {what}, not one row of numbers for each image.",
            remedies=("end forward() with return x", "look whether return is indented into an if or a loop"),
        )
    message = first_line(error)
    remedies: tuple[str, ...] = (
        "look at that line of forward()",
        "put print(x.shape) in front of it and run one batch",
    )
    if isinstance(error, NotImplementedError) and "forward" in message:
        own = [key for key in vars(type(model)) if inspect.isfunction(getattr(type(model), key))]
        near = [key for key in own if key not in ("__init__",)]
        has = f" It has {', '.join(near)}." if near else ""
        return Explanation(
            False,
            f"{name} has no forward().{has}",
            remedies=("write def forward(self, x): inside the class", "indent it like __init__"),
            error=str(error),
        )
    missing = re.search(r"object has no attribute '(\w+)'", message)
    if isinstance(error, AttributeError) and missing and name in message:
        known = [key for key, _ in model.named_children()]
        remedies = (
            f"self.{missing.group(1)} = … in __init__",
            f"another name in forward(): {did_you_mean(missing.group(1), known)}",
        )
    elif isinstance(error, NameError) and (unknown := re.search(r"'(\w+)'", message)):
        usual = {
            "F": "import torch.nn.functional as F",
            "torch": "import torch",
            "nn": "from torch import nn",
        }
        key = unknown.group(1)
        remedies = (
            usual.get(key, f"give {key} a value before that line"),
            f"look whether {key} is spelt right",
        )
    elif isinstance(error, TypeError) and "positional argument" in message:
        remedies = ("write def forward(self, x):", "look how many arguments each call in forward() has")
    return Explanation(
        False,
        f"forward() of {name} stops: {type(error).__name__}: {message}.",
        chain=_chain(made, len(made.steps)),
        remedies=remedies,
        line=str(made.line) if made.line else None,
        error=str(error),
    )


def _no_model(model: Any) -> Explanation:
    if isinstance(model, type) and issubclass(model, nn.Module):
        name = model.__name__
        return Explanation(
            False,
            f"{name} is a class: the plan of a network, not yet a network.",
            remedies=(f"explain({name}())", f"model = {name}(), then explain(model)"),
        )
    return Explanation(
        False,
        f"This is a {type(model).__name__}, not a network: explain needs an nn.Module.",
        remedies=("a class Net(nn.Module) and explain(Net())", "nn.Sequential(…) around the layers"),
    )


def _images(model: nn.Module, given: Any) -> Tensor | Explanation:
    """The batch to send through, or what is wrong with what was given."""
    if isinstance(given, Tensor):
        if given.ndim == 0 or 0 in given.shape:
            return Explanation(
                False,
                f"The input is empty: its shape is {tuple(given.shape)}.",
                remedies=("give a batch of at least one image", "give the shape of an image, (1, 28, 28)"),
            )
        return given.detach()
    if isinstance(given, int) and not isinstance(given, bool):
        given = (given,)
    if isinstance(given, Sequence) and given and all(type(v) is int and v > 0 for v in given):
        has_batch = len(given) == 4 and not any(isinstance(m, nn.Conv3d) for m in model.modules())
        return zeros_for(model, given[1:], given[0]) if has_batch else zeros_for(model, given)
    what = (
        f"{given!r}" if isinstance(given, Sequence) and len(str(given)) < 40 else f"a {type(given).__name__}"
    )
    return Explanation(
        False,
        f"The input is {what}: neither a tensor nor the shape of an image.",
        remedies=("explain(model, (1, 28, 28))", "explain(model, torch.as_tensor(images))"),
    )
