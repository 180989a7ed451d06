"""What is worth knowing about a model that works: nothing here stops it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.parameter import UninitializedParameter

from cnnlab.inspection.faults import main_path, written
from cnnlab.inspection.shapes import first_line
from cnnlab.inspection.tracing import Step, Trace, trace, without_gradient
from cnnlab.inspection.windows import is_conv
from cnnlab.inspection.workbench import fits, named
from cnnlab.words import counted

# Steps that leave two linear maps around them one linear map.
_LINEAR_TOO = {"identity", "dropout", "dropout1d", "dropout2d", "flatten", "view", "reshape", "squeeze"}
_SAME_NUMBERS = {"identity", "flatten", "view", "reshape", "squeeze"}
_LINEAR_TOO |= {"avgpool2d", "avg_pool2d", "adaptiveavgpool2d", "adaptive_avg_pool2d"}


def notes_on(model: nn.Module, images: Tensor, made: Trace, classes: int = 10) -> tuple[str, ...]:
    """Sentences about a model that went through, the most important first.

    Args:
        model: the network.
        images: (N, ...) the batch that was traced.
        made: its trace, without an error.
        classes: how many numbers are expected for each image.
    """
    found = [
        *_bad_pixels(images),
        *_other_batches(model, images, made),
        *_alone_in_batch_norm(model, made),
        *_not_finite(model),
        *_output(made, classes),
        *_end(made),
        *_collapsed(made),
        *_dropout(made),
        *unregistered(made),
        *_lazy(model),
        *_without_gradient(model, images),
    ]
    return tuple(dict.fromkeys(found))


def _other_batches(model: nn.Module, images: Tensor, made: Trace) -> Iterator[str]:
    """A batch size that is written into forward(), or a squeeze that swallows a batch of one."""
    for size in (made.batch + 1, 1):
        if size == made.batch:
            continue
        again = trace(model, images.new_zeros(size, *images.shape[1:]))
        if not fits(again):
            where = f" ({again.line.text})" if again.line else ""
            why = "squeeze() removes the batch too" if size == 1 else "a batch size is written into forward()"
            yield (
                f"It works with a batch of {made.batch}, but not with {size}{where}: {why}. "
                "Use x.size(0) or torch.flatten(x, 1)."
            )
            return


def _alone_in_batch_norm(model: nn.Module, made: Trace) -> Iterator[str]:
    """A batch of one image at a batch norm that takes its mean and spread from the batch."""
    layers = dict(model.named_modules())
    for step in made.steps:
        norm = layers.get(step.path)
        if not isinstance(norm, nn.modules.batchnorm._BatchNorm) or not norm.training:
            continue
        if made.batch == 1 and math.prod(step.in_shape[2:]) == 1:
            yield (
                f"In training mode {named(step.path)} stops at this batch of one image: it has one number "
                "for each channel, and needs two or more for a mean and a spread. Give two images, or call "
                "model.eval() first."
            )
            return


def _bad_pixels(images: Tensor) -> Iterator[str]:
    bad = 0 if images.is_meta else int((~images.isfinite()).sum())
    if bad:
        yield (
            f"{bad:,} of the {images.numel():,} numbers in the images are not finite (NaN or infinite) and "
            "spoil what is computed from them: look for a division by zero where they are normalised "
            "(std = 0?)."
        )


def _not_finite(model: nn.Module) -> Iterator[str]:
    for name, weight in model.named_parameters():
        if isinstance(weight, UninitializedParameter) or weight.is_meta:
            continue
        if not bool(weight.isfinite().all()):
            yield (
                f"{name} holds numbers that are not finite (NaN or infinite), so nothing can be learnt from "
                "them: make the model anew, and train it with a smaller learning rate."
            )
            return


def _without_gradient(model: nn.Module, images: Tensor) -> Iterator[str]:
    """Layers that cannot learn, because the gradient is cut off or they are not used."""
    found = without_gradient(model, images)
    if isinstance(found, Exception):
        if "numpy()" in str(found):
            yield (
                f"It cannot be trained: {first_line(found)}. That would cut the gradient: "
                "compute with torch in forward()."
            )
        return
    *most, last = map(named, _whole_layers(model, found)) if found else [""]
    if not last:
        return
    names = f"{', '.join(most)} and {last} get" if most else f"{last} gets"
    learn, it = ("they do not learn", "them") if most else ("it does not learn", "it")
    yield (
        f"{names} no gradient, so {learn}: in training, forward() does not use {it}, or "
        "only before .data, .detach(), .numpy() or torch.no_grad()."
    )


def _whole_layers(model: nn.Module, found: Sequence[str]) -> list[str]:
    """The layers none of whose own parameters learns, by name; of other layers the parameter."""
    names: dict[str, None] = {}
    for name in found:
        layer, _, _ = name.rpartition(".")
        own = model.get_submodule(layer).named_parameters(prefix=layer, recurse=False)
        learning = [one for one, p in own if p.requires_grad and one not in found]
        names[name if learning or not layer else layer] = None
    return list(names)


def _output(made: Trace, classes: int) -> Iterator[str]:
    output: Any = made.output
    if isinstance(output, (tuple, list)):
        yield f"forward() returns {len(output)} things: the loss needs the logits alone."
        output = output[0]
    shape = tuple(output.shape[1:])
    if len(shape) > 1:
        yield f"It gives {written(shape)} for each image, but {classes} classes need one row of {classes}."
    elif shape == () and (chosen := _last(made)) is not None and chosen.what in ("argmax", "max"):
        before = counted(math.prod(made.image_shape(chosen.in_shape)), "number")
        yield (
            f"It ends in {chosen.what}, which gives 1 number for each image, but the loss needs the {before} "
            f"before it, the logits: leave {chosen.what} out, and take it outside of the model."
        )
    elif shape != (classes,):
        count = counted(shape[0] if shape else 1, "number")
        yield f"It gives {count} for each image, but {classes} classes need {classes}."


def _end(made: Trace) -> Iterator[str]:
    """A last step that does not go with the loss."""
    last = _last(made)
    if last is None or len(last.out_shape or ()) != 2:
        return
    name = last.path if last.module is None else f"{named(last.path)} ({last.kind})"
    what = last.what.replace("_", "")
    if "softmax" in what and _dim(last) in (0, -2):
        yield (
            f"It ends in {name} with dim=0, which compares the images of a batch with each other: "
            "the classes are dim=1."
        )
    twice = _softmax_before(made, last)
    if twice is not None:
        first = twice.path if twice.module is None else f"{named(twice.path)} ({twice.kind})"
        alone = f"; or leave out {named(twice.path)} alone, for nn.NLLLoss" if what == "logsoftmax" else ""
        yield (
            f"Softmax twice: {first} and {name} take it one after the other, which makes all classes nearly "
            f"equal. Leave both out and return the logits, for nn.CrossEntropyLoss{alone}."
        )
    elif what in ("softmax", "sigmoid"):
        yield (
            f"It ends in {name}, but nn.CrossEntropyLoss wants the logits: "
            "leave it out, and use softmax only to read probabilities."
        )
    elif what == "logsoftmax":
        yield f"It ends in {name}: the loss for it is nn.NLLLoss; nn.CrossEntropyLoss does both at once."
    elif what in ("relu", "relu6", "leakyrelu", "elu", "gelu", "tanh"):
        yield f"It ends in {name}, which cuts or bends the logits: let the linear layer be the end."
    elif "dropout" in what:
        yield f"It ends in {name}, which drops logits in training: put it before the last linear layer."


def _last(made: Trace) -> Step | None:
    path = main_path(made)
    return made.steps[path[-1]] if path else None


def _softmax_before(made: Trace, last: Step) -> Step | None:
    """The softmax whose probabilities a softmax at the end takes for logits."""
    if "softmax" not in last.what:
        return None
    parent = _parent(made, last)
    while parent is not None and ("dropout" in parent.what or parent.what in _SAME_NUMBERS):
        parent = _parent(made, parent)
    return parent if parent is not None and "softmax" in parent.what else None


def _dim(step: Step) -> Any:
    return step.module.dim if step.module is not None else step.kwargs.get("dim", (*step.args, None)[1])


def _collapsed(made: Trace) -> Iterator[str]:
    """Two linear maps in a row, which are one linear map."""
    for step in made.steps:
        if not _is_linear(step):
            continue
        parent = _parent(made, step)
        while parent is not None and parent.what in _LINEAR_TOO:
            parent = _parent(made, parent)
        if parent is None or not _is_linear(parent):
            continue
        first, second = named(parent.path), named(step.path)
        if "linear" in parent.what and "linear" in step.what:
            n_in, n_out = parent.in_shape[-1], (step.out_shape or (0,))[-1]
            together = f"together they are one linear layer from {n_in} to {n_out}"
        else:
            together = "together they are one linear map"
        yield f"There is no activation between {first} and {second}: {together}. Put a ReLU between them."


def _is_linear(step: Step) -> bool:
    return step.what in ("linear", "lazylinear") or is_conv(step.module) or step.what.startswith("conv")


def _parent(made: Trace, step: Step) -> Step | None:
    return made.steps[step.parents[0]] if len(step.parents) == 1 and step.parents[0] >= 0 else None


def _dropout(made: Trace) -> Iterator[str]:
    for step in made.steps:
        if step.module is None and "dropout" in step.what and step.kwargs.get("training"):
            yield (
                f"F.{step.what} drops numbers in tests too: "
                f"write F.{step.what}(x, training=self.training), or use nn.Dropout."
            )


def unregistered(made: Trace) -> Iterator[str]:
    """Layers with weights that the model does not know as its own."""
    for step in made.steps:
        if not step.registered and step.module is not None and any(True for _ in step.module.parameters()):
            yield (
                f"model.parameters() does not know the nn.{step.kind} in forward(), so it never learns: "
                "make it in __init__ as self.name = …, or keep the layers in an nn.ModuleList."
            )


def _lazy(model: nn.Module) -> Iterator[str]:
    names = [
        named(name)
        for name, module in model.named_modules()
        if isinstance(module, LazyModuleMixin) and module.has_uninitialized_params()  # type: ignore[misc]
    ]
    if names:
        verb = "take their sizes" if len(names) > 1 else "takes its size"
        yield (
            f"{' and '.join(names)} {verb} from the first batch: "
            "run model(images) once before you make the optimiser."
        )
