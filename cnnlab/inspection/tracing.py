"""Follow one batch through a model, step by step, whatever way its forward() is written.

Layers are seen through forward hooks; what forward() does between them (`F.relu(x)`,
`x.view(-1, 320)`, `x + y`) through a `TorchFunctionMode`. The model itself is never
touched: a copy of it runs.
"""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedBuffer

from cnnlab.inspection.recording import INPUT, Detours, Line, Recorder, Shape, Step, line_of_error
from cnnlab.training.modes import keep_mode

__all__ = [
    "INPUT",
    "Detours",
    "Line",
    "Shape",
    "Step",
    "Trace",
    "copy_of",
    "trace",
    "without_gradient",
    "zeros_for",
]


@dataclass(frozen=True)
class Trace:
    """Everything that happened to one batch."""

    steps: tuple[Step, ...]
    batch: int  # images in the batch that was sent in
    input_shape: Shape  # batch included
    output: Any  # what forward() returned; None after an error
    error: Exception | None
    line: Line | None  # the line of forward() that raised the error
    model: nn.Module  # the copy that ran; its lazy layers have their sizes now

    @property
    def failed(self) -> Step | None:
        """The step that raised the error, if a step did."""
        if self.error is not None and self.steps and self.steps[-1].out_shape is None:
            return self.steps[-1]
        return None

    def image_shape(self, shape: Shape) -> Shape:
        """A shape without its batch; unchanged, if its first number is not the batch."""
        return shape[1:] if shape and shape[0] == self.batch else shape


def trace(
    model: nn.Module, images: Tensor, instead: Detours | None = None, before: Detours | None = None
) -> Trace:
    """Run a copy of the model on a batch and note every step, up to the end or the first error.

    The copy is in evaluation mode. The model, its training mode, its buffers and the
    random numbers to come are the same afterwards.

    Args:
        model: any network.
        images: (N, ...) what the model is given.
        instead: what to call in place of a function step, by the step's number: how a remedy is tried.
        before: what to do to the first input of a step, by the step's number.
    Returns:
        The steps in the order in which they happened, and the error that ended them, if any.
    """
    twin = copy_of(model)
    recorder = Recorder(twin, images, instead or {}, before or {})
    output, error, line = None, None, None
    with keep_mode(model), _quiet(), _same_random_numbers(images), torch.inference_mode():
        twin.eval()
        try:
            output = recorder.run(twin, images)
        except Exception as raised:
            error, line = raised, line_of_error(raised)
        except SystemExit as raised:  # exit() behind a print(x.shape) must not end the notebook
            error, line = RuntimeError("exit() is called here"), line_of_error(raised)
    batch = images.shape[0] if images.ndim else 0
    return Trace(tuple(recorder.steps), batch, tuple(images.shape), output, error, line, twin)


def zeros_for(model: nn.Module, input_shape: Sequence[int], batch: int = 2) -> Tensor:
    """A batch of black images that the model can take: on its device, in its number format.

    Args:
        model: any network.
        input_shape: of one image, such as (1, 28, 28), or of a batch of them, (64, 1, 28, 28).
        batch: how many images, if the shape does not say it.
    """
    flat = not any(isinstance(layer, nn.Conv3d) for layer in model.modules())
    if len(input_shape) == 4 and flat:
        batch, *input_shape = input_shape
    weights = [p for p in model.parameters() if p.is_floating_point()]
    like = weights[0] if weights else torch.empty(0)
    return torch.zeros(batch, *input_shape, dtype=like.dtype, device=like.device)


def copy_of(model: nn.Module) -> nn.Module:
    """A copy of the model that may be changed; the model itself, if it cannot be copied."""
    as_they_are: dict[int, Any] = {}
    for buffer in model.buffers():
        if isinstance(buffer, UninitializedBuffer):  # of a lazy batch norm: deepcopy refuses it
            as_they_are[id(buffer)] = UninitializedBuffer(  # type: ignore[call-arg]
                device=buffer.device, dtype=buffer.dtype
            )
    with contextlib.suppress(Exception):
        return copy.deepcopy(model, dict(as_they_are))
    # Something in the model is in the way: a lock, an open file, an output that was kept with its graph.
    for module in model.modules():
        for key, value in vars(module).items():
            if key not in ("_parameters", "_buffers", "_modules"):
                try:
                    copy.deepcopy(value)
                except Exception:
                    as_they_are[id(value)] = value
    with contextlib.suppress(Exception):
        return copy.deepcopy(model, dict(as_they_are))
    return model


def without_gradient(model: nn.Module, images: Tensor) -> tuple[str, ...] | Exception:
    """The names of the parameters that should learn and get no gradient; or what stops the gradient.

    Args:
        model: a network that goes through without gradients.
        images: (N, ...) a batch that it takes.
    """
    twin = copy_of(model)
    if twin is model:
        return ()
    with torch.inference_mode(False), torch.enable_grad(), _quiet(), _same_random_numbers(images):
        try:
            output = twin.train()(images.clone())
            named = {name: p for name, p in twin.named_parameters() if p.requires_grad}
            outputs = list(_tensors_in(output))
            sums = [o.sum() for o in outputs if o.requires_grad]
            if not sums:
                return tuple(named) if outputs else ()
            found = torch.autograd.grad(sums, list(named.values()), allow_unused=True) if named else ()
        except Exception as error:  # in training mode some models need more than this batch
            return error
    return tuple(name for name, gradient in zip(named, found) if gradient is None)


def _tensors_in(output: Any) -> Iterator[Tensor]:
    """All tensors of what a model returns: alone, or in tuples, lists and dicts."""
    if isinstance(output, Tensor):
        yield output
    elif isinstance(output, (tuple, list, dict)):
        for part in output.values() if isinstance(output, dict) else output:
            yield from _tensors_in(part)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep a forward() that prints shapes, or warns, from doing so once more."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _same_random_numbers(images: Tensor) -> Iterator[None]:
    devices = [images.device] if images.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        yield
