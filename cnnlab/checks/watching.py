"""Watch a network at work: which operations run, on which sizes, however it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from cnnlab.checks.broken_code import words_for
from cnnlab.checks.reading import kind
from cnnlab.checks.verdict import Blank, Wrong

IMAGES = 16  # a multiple of 16: the batch sizes with which a wrong view() stays silent

_INPUT = {"convolution": 0, "addmm": 1, "mm": 0, "linear": 0, "bmm": 0}  # which argument holds the images
_LINEAR = {"addmm", "mm", "linear", "bmm"}
_STRAIGHT = {  # operations that bend nothing: a chain of them is one linear layer
    *_LINEAR,
    "convolution", "t", "view", "_unsafe_view", "reshape", "_reshape_alias", "flatten", "transpose",
    "permute", "clone", "detach", "alias", "expand", "unsqueeze", "squeeze", "slice", "select",
    "contiguous", "as_strided", "lift_fresh", "_to_copy", "copy_", "empty", "zeros", "add", "add_",
    "sub", "mul", "div", "mean", "avg_pool2d", "native_dropout", "dropout", "native_batch_norm",
    "_native_batch_norm_legit_no_training",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Step:
    """One operation of PyTorch."""

    name: str  # such as "convolution"
    takes: tuple[int, ...]  # shape of the images or numbers that go in
    gives: tuple[int, ...]
    weight: tuple[int, ...] = ()  # shape of a convolution's kernels
    lowest: float = 0.0  # the lowest number that goes in
    out: Tensor | None = None

    @property
    def map_size(self) -> str:
        """Such as "8 × 8"."""
        return " × ".join(map(str, self.gives[-2:]))


@dataclass
class Watched:
    """What ran, what came out, and what stopped it."""

    steps: list[Step] = field(default_factory=list)
    output: object = None
    error: Exception | None = None
    last: str = ""  # the operation that was begun last

    @property
    def convolutions(self) -> list[Step]:
        """The convolutions, in the order in which they ran."""
        return [step for step in self.steps if step.name == "convolution"]

    @property
    def linears(self) -> list[Step]:
        """The linear layers, in the order in which they ran."""
        return [step for step in self.steps if step.name in _LINEAR]

    def bends_between(self, first: Step, second: Step) -> bool:
        """Whether an operation that is not linear, such as ReLU, runs between two steps."""
        between = self.steps[self.steps.index(first) + 1 : self.steps.index(second)]
        return any(step.name not in _STRAIGHT for step in between)

    def finished(self) -> Tensor:
        """The output, (IMAGES, 10).

        Raises:
            Wrong: the network stopped, or gives something else.
        """
        if isinstance(self.error, Unfinished):
            raise Blank(str(self.error))
        if self.error is not None:
            raise Wrong(words_for(self.error))
        if self.output is None or self.output is ...:
            raise Blank(
                "forward() gives no answer yet: do the dots still stand in it, or is the return missing?"
            )
        if not isinstance(self.output, Tensor):
            raise Wrong(f"forward() returns {kind(self.output)}: a tensor is asked for.")
        shape = tuple(self.output.shape)
        if shape[:1] != (IMAGES,):
            rows = shape[0] if shape else "no"
            raise Wrong(
                f"{IMAGES} images go in and {rows} rows come out: the flatten step cuts images into pieces."
            )
        if shape != (IMAGES, 10):
            count = self.output[0].numel()
            come = "comes 1 number" if count == 1 else f"come {count:,} numbers"
            raise Wrong(f"For each image {come}: one for each of the ten digits is asked for.")
        return self.output.detach().double()


def must_be_logits(seen: Watched) -> None:
    """Raise `Wrong` where the network ends in softmax, sigmoid or ReLU."""
    out = seen.finished()
    if bool((out >= 0).all()):
        if torch.allclose(out.sum(dim=1), torch.ones(len(out), dtype=out.dtype), atol=1e-4):
            raise Wrong(
                "The rows are probabilities: it ends in softmax. Cross-entropy does that itself, on logits."
            )
        if bool((out == 0).any()):
            raise Wrong("No output is negative: it ends in ReLU, which takes away all negative logits.")
        if bool((out <= 1).all()):
            raise Wrong("All outputs lie between 0 and 1: it ends in sigmoid. Cross-entropy takes logits.")


class Unfinished(Exception):
    """The network stopped at a layer that is still blank."""


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # or the first check would spend two seconds on importing PyTorch's compiler

    def __init__(self, seen: Watched) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen = seen

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        self.seen.last = name = str(func.overloadpacket.__name__)
        out = func(*args, **(kwargs or {}))
        place = _INPUT.get(name)
        given, made = (args[place] if place is not None else None), out
        if isinstance(given, Tensor) and isinstance(made, Tensor):
            weight = tuple(args[1].shape) if name == "convolution" else ()
            lowest = given.min().item() if given.numel() else 0.0
            self.seen.steps.append(
                Step(name, tuple(given.shape), tuple(made.shape), weight, lowest, made.detach().clone())
            )
        else:
            self.seen.steps.append(Step(name, (), ()))
        return out


def watch(model: nn.Module) -> Watched:
    """Send random images through a network and note every operation, up to the one that fails.

    Args:
        model: a network for images of (1, 28, 28).
    """
    seen = Watched()
    images = torch.randn(IMAGES, 1, 28, 28, generator=torch.Generator().manual_seed(4))
    try:
        with torch.no_grad(), _Watch(seen):
            seen.output = model(images)
    except NotImplementedError as error:
        if "forward" not in str(error):
            raise
        raise Blank("forward() is not written yet.") from None
    except Exception as error:
        blank = [name for name, value in vars(model).items() if value is None or value is ...]
        blank = [name for name in blank if not name.startswith("_")]
        if blank and "object is not callable" in str(error):
            seen.error = Unfinished(f"self.{blank[0]} is still blank.")
        else:
            seen.error = error
    return seen
