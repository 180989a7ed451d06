"""What is worth knowing about a model that works: nothing here stops it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.lazy import LazyModuleMixin

from cnnlab.inspection.diagnosis import main_path
from cnnlab.inspection.remedies import fits, named
from cnnlab.inspection.tracing import Step, Trace, trace
from cnnlab.inspection.windows import is_conv

_LINEAR_TOO = ("identity", "dropout", "dropout1d", "dropout2d", "alphadropout", "flatten", "view", "reshape")
_LINEAR_TOO += ("avgpool2d", "avg_pool2d", "squeeze")


def notes_on(model: nn.Module, images: Tensor, made: Trace, classes: int = 10) -> tuple[str, ...]:
    """Sentences about a model that went through, the most important first.

    Args:
        model: the network.
        images: (N, ...) the batch that was traced.
        made: its trace, without an error.
        classes: how many numbers are expected for each image.
    """
    found = [
        *_other_batches(model, images, made),
        *_output(made, classes),
        *_end(made),
        *_collapsed(made),
        *_dropout(made),
        *_unregistered(made),
        *_lazy(model, made),
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


def _output(made: Trace, classes: int) -> Iterator[str]:
    output: Any = made.output
    if isinstance(output, (tuple, list)):
        yield f"forward() returns {len(output)} things: the loss needs the logits alone."
        output = output[0]
    shape = tuple(output.shape[1:])
    if len(shape) > 1:
        yield f"It gives {shape} for each image, not one row of {classes} numbers: a flatten and a linear layer are missing."
    elif shape != (classes,):
        count = shape[0] if shape else 1
        yield f"It gives {count} numbers for each image; the {classes} digits need {classes}."


def _end(made: Trace) -> Iterator[str]:
    path = main_path(made)
    if not path:
        return
    last = made.steps[path[-1]]
    what = last.what.replace("_", "")
    if what in ("softmax", "softmax2d", "sigmoid"):
        yield (
            f"It ends in {named(last.path)}, but nn.CrossEntropyLoss wants the logits: "
            "leave it out, and use softmax only to read probabilities."
        )
    elif what in ("logsoftmax", "logsigmoid"):
        yield f"It ends in {named(last.path)}: use nn.NLLLoss, not nn.CrossEntropyLoss, which adds its own."
    elif what in ("relu", "leakyrelu", "elu", "tanh", "relu6", "gelu"):
        yield f"It ends in {named(last.path)}, which bends the logits: end in the linear layer."
    elif "dropout" in what:
        yield f"It ends in {named(last.path)}, which drops logits in training: put it before the last layer."


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
        yield f"Nothing bends the numbers between {first} and {second}: {together}. Put a ReLU between them."


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


def _unregistered(made: Trace) -> Iterator[str]:
    for step in made.steps:
        if not step.registered and step.module is not None and any(True for _ in step.module.parameters()):
            yield (
                f"forward() uses an nn.{step.kind} that model.parameters() does not know, so it never learns: "
                "make it in __init__ as self.name = …, or keep layers in an nn.ModuleList."
            )


def _lazy(model: nn.Module, made: Trace) -> Iterator[str]:
    now = dict(made.model.named_modules())
    for name, module in model.named_modules():
        if isinstance(module, LazyModuleMixin) and module.has_uninitialized_params() and name in now:  # type: ignore[misc]
            yield (
                f"{named(name)} takes its size from the first batch: "
                "run model(images) once before you make the optimiser."
            )
