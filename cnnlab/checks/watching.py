"""Watch a network at work: which operations run, on which sizes, however it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.utils._python_dispatch import TorchDispatchMode

from cnnlab.checks.broken_code import words_for
from cnnlab.checks.reading import kind
from cnnlab.checks.verdict import Blank, Wrong
from cnnlab.words import counted

IMAGES = 16  # a multiple of 16: the batch sizes with which a wrong view() stays silent

_INPUT = {"convolution": 0, "addmm": 1, "mm": 0, "linear": 0, "bmm": 0}  # which argument holds the images
_LINEAR = {"addmm", "mm", "linear", "bmm"}


@dataclass(eq=False)
class Step:
    """One operation of PyTorch."""

    name: str  # such as "convolution"
    takes: tuple[int, ...]  # shape of the images or numbers that go in
    gives: tuple[int, ...]
    weight: tuple[int, ...] = ()  # shape of a convolution's kernels
    bias: bool = False  # whether a layer adds one, itself or by hand
    whose: int = 0  # where the weights of a layer lie in the memory
    plain: bool = True  # whether a convolution has stride 1, no dilation and no groups
    into: Tensor | None = None  # what goes into a layer
    weights: Tensor | None = None  # what a layer multiplies that with
    out: Tensor | None = None  # what a layer gives, with a bias that is added by hand

    @property
    def lowest(self) -> float:
        """The lowest number that goes in."""
        return self.into.min().item() if self.into is not None and self.into.numel() else 0.0

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
    begun: int = 0  # how many numbers the layer was given that was begun last
    model: nn.Module | None = None

    @property
    def convolutions(self) -> list[Step]:
        """The convolutions, in the order in which they ran."""
        return [step for step in self.steps if step.name == "convolution"]

    @property
    def linears(self) -> list[Step]:
        """The linear layers, in the order in which they ran."""
        return [step for step in self.steps if step.name in _LINEAR]

    @property
    def layers(self) -> list[Step]:
        """The convolutions and the linear layers, in the order in which they ran."""
        return [step for step in self.steps if step.name in _INPUT]

    def bends_between(self, first: Step, second: Step) -> bool:
        """Whether something that is not linear, such as ReLU, stands between two layers.

        The first is made to give other numbers: a map without a bend keeps their mean. Where the second
        does not depend on the first, the two are not one map, and the answer is yes too.
        """
        if self.model is None or first.out is None:
            return True
        own = torch.Generator().manual_seed(5)
        wide = 3 * max(1.0, first.out.std().item())
        one, other = (wide * torch.randn(first.gives, generator=own).to(first.out.dtype) for _ in "ab")
        place, after = self.layers.index(first), self.layers.index(second)
        reached = []
        for instead in (one, other, (one + other) / 2):
            layers = watch(self.model, (place, instead)).layers
            into = layers[after].into if len(layers) > after else None
            if into is None or into.shape != second.takes:
                return True
            reached.append(into.double())
        mean = (reached[0] + reached[1]) / 2
        allowed = 1e-4 * mean.abs().max().item()
        return torch.equal(reached[0], reached[1]) or bool((reached[2] - mean).abs().max() > allowed)

    def only_adds(self, but_for_rows: bool = False) -> bool | None:
        """Whether what follows the last layer only adds to its numbers, as in a residual network.

        The layer is made to give large numbers of two kinds: what is added must be the same both times,
        but for what all rows have in common.

        Args:
            but_for_rows: whether one number for each row may be added too, as log-softmax does.
        Returns:
            None, if that cannot be seen.
        """
        if self.model is None or not self.layers or self.layers[-1].into is None:
            return None
        own = torch.Generator().manual_seed(8)
        place, added = len(self.layers) - 1, []
        for _ in "ab":
            other = 10 * torch.randn(self.layers[-1].gives, generator=own)
            again = watch(self.model, (place, other.to(self.layers[-1].into.dtype)))
            z = again.layers[-1].out if again.layers else None
            if z is None or not isinstance(again.output, Tensor) or z.numel() != again.output.numel():
                return None
            apart = again.output.double() - z.double().reshape(again.output.shape)
            added.append(apart - apart.mean(dim=-1, keepdim=True) if but_for_rows else apart)
        allowed = 1e-4 if self.layers[-1].into.dtype in (torch.float32, torch.float64) else 0.3
        changes = added[0] - added[1]
        changes -= changes.mean(dim=0)  # ten numbers, the same for all rows: a bias, or what mixes the batch
        return bool((changes.abs() <= allowed * (1 + added[1].abs())).all())

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
            if not shape:
                raise Wrong(
                    f"{IMAGES} images go in and one number comes out: ten for each image are asked for."
                )
            come = "row comes" if shape[0] == 1 else "rows come"
            does = "cuts images into pieces" if shape[0] > IMAGES else "joins images"
            raise Wrong(f"{IMAGES} images go in and {shape[0]} {come} out: the flatten step {does}.")
        if shape != (IMAGES, 10):
            count = self.output[0].numel()
            come = f"{'comes' if count == 1 else 'come'} {counted(count, 'number')}"
            raise Wrong(f"For each image {come}: one for each of the ten digits is asked for.")
        if "dropout" in [step.name for step in self.steps[self.steps.index(self.layers[-1]) :]]:
            raise Wrong("Dropout follows the last layer: some of the ten logits become 0 at random.")
        return self.output.detach().double()


class Unfinished(Exception):
    """The network stopped at a layer that is still blank."""


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # or the first check would spend two seconds on importing PyTorch's compiler

    def __init__(self, seen: Watched, instead: tuple[int, Tensor] | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen, self.instead = seen, instead
        self.made: object = None  # what the last layer gave, before anything is done to it

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        self.seen.last = name = str(func.overloadpacket.__name__)
        if name in _INPUT and isinstance(args[_INPUT[name]], Tensor):
            self.seen.begun = args[_INPUT[name]].numel()
        if func is torch.ops.aten.bernoulli_.float:  # dropout: it passes its mean, the numbers themselves
            self.seen.steps.append(Step("dropout", (), ()))
            return args[0].fill_(args[1] if len(args) > 1 else 0.5)
        out = func(*args, **(kwargs or {}))
        if name in _INPUT and isinstance(out, Tensor):
            return self._layer(name, args, out)
        if name in {"add", "add_"} and isinstance(out, Tensor) and self._adds_a_bias(args):
            layer = self.seen.layers[-1]
            layer.out = (out.mT if layer.gives != tuple(out.shape) else out).detach().clone()
            layer.bias = True
            self.made = out
        self.seen.steps.append(Step(name, (), ()))
        return out

    def _layer(self, name: str, args: tuple[Any, ...], out: Tensor) -> Tensor:
        turned = name in {"mm", "bmm"} and self._learned(args[0]) and not self._learned(args[1])
        given = args[1].mT if turned else args[_INPUT[name]]  # turned: the weights stand before the images
        if self.instead is not None and self.instead[0] == len(self.seen.layers):
            out = self.instead[1].mT.contiguous() if turned else self.instead[1].clone()
        made = out.mT if turned else out
        step = Step(name, tuple(given.shape), tuple(made.shape))
        step.into, step.out = given.detach().clone(), made.detach().clone()
        weights = args[0 if turned else _INPUT[name] + 1]
        step.weights, step.whose = weights.detach().clone(), weights.untyped_storage().data_ptr()
        if name == "convolution":
            step.weight, step.bias = tuple(args[1].shape), args[2] is not None
            step.plain = {*args[3], *args[5], args[8]} == {1}
        else:
            step.bias = name == "addmm" or (name == "linear" and len(args) > 2 and args[2] is not None)
        self.seen.steps.append(step)
        self.made = out
        return out

    def _learned(self, weight: Tensor) -> bool:
        known = [p for p in self.seen.model.parameters() if not is_lazy(p)] if self.seen.model else []
        return weight.untyped_storage().data_ptr() in {p.untyped_storage().data_ptr() for p in known}

    def _adds_a_bias(self, args: tuple[Any, ...]) -> bool:
        """Whether the same numbers are added to what the last layer gives for each image."""
        made = self.made
        other = next((a for a in args[:2] if a is not made), None)
        if not any(a is made for a in args[:2]) or not isinstance(other, Tensor):
            return False
        assert isinstance(made, Tensor)
        each = other.ndim == made.ndim and other.shape[0] == IMAGES and other.shape[-1] > 1
        return other.numel() < made.numel() and not each


def random_images() -> Tensor:
    """The images that a network is watched with, (IMAGES, 1, 28, 28)."""
    return torch.randn(IMAGES, 1, 28, 28, generator=torch.Generator().manual_seed(4))


def dtype_of(model: nn.Module) -> torch.dtype:
    """The kind of numbers that a network calculates with."""
    kinds = [p.dtype for p in model.parameters() if p.dtype.is_floating_point]
    return torch.float64 if torch.float64 in kinds else (kinds or [torch.float32])[0]


def watch(model: nn.Module, instead: tuple[int, Tensor] | None = None, scale: float = 1.0) -> Watched:
    """Send random images through a network and note every operation, up to the one that fails.

    Args:
        model: a network for images of (1, 28, 28).
        instead: the place of a layer, from 0, and what it is made to give.
        scale: what the images are multiplied by.
    """
    images = scale * random_images()
    seen = watch_batch(model, images, None)
    used = [step.whose for step in seen.layers]
    if seen.error is None and len(set(used)) < len(used):  # perhaps a loop over the images
        return _one_by_one(model, images, instead, seen)
    return seen if instead is None else watch_batch(model, images, instead)


def _one_by_one(
    model: nn.Module, images: Tensor, instead: tuple[int, Tensor] | None, seen: Watched
) -> Watched:
    """What a network does that takes its images one by one, as if it took them at once.

    Args:
        model: the network.
        images: (IMAGES, 1, 28, 28).
        instead: see `watch`.
        seen: what all images at once have shown: it stays, if the layers run as often for a single image.
    """
    parts = [
        watch_batch(
            model, images[i : i + 1], None if instead is None else (instead[0], instead[1][i : i + 1])
        )
        for i in range(IMAGES)
    ]
    layers = [part.layers for part in parts]
    whose = {tuple(step.whose for step in each) for each in layers}
    apart = any(part.error is not None or not isinstance(part.output, Tensor) for part in parts)
    if apart or len(whose) > 1 or len(layers[0]) >= len(seen.layers):
        return seen if instead is None else watch_batch(model, images, instead)
    merged = Watched(parts[0].steps, seen.output, None, seen.last, seen.begun, model)
    for steps in zip(*layers):
        into, out = (torch.cat([getattr(step, part) for step in steps]) for part in ("into", "out"))
        steps[0].into, steps[0].out = into, out
        steps[0].takes, steps[0].gives = tuple(into.shape), tuple(out.shape)
    if instead is not None:
        merged.output = torch.cat([part.output for part in parts])  # type: ignore[misc]
    return merged


def watch_batch(
    model: nn.Module, images: Tensor, instead: tuple[int, Tensor] | None = None, seed: int = 6
) -> Watched:
    """What a network does with these images; `seed` is where it draws random numbers from, if any."""
    seen = Watched(model=model)
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad(), _Watch(seen, instead):
            torch.default_generator.manual_seed(seed)  # the same dropout each time
            seen.output = model(images.to(dtype_of(model)))
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
