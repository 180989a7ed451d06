"""Ways to mend a model that does not fit together, each of them tried on a copy before it is told."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlab.inspection.blueprint import code, lazy, lazy_code, rebuilt
from cnnlab.inspection.shapes import product
from cnnlab.inspection.tracing import Detours, Step, Trace, copy_of, trace
from cnnlab.inspection.windows import is_conv


@dataclass(frozen=True)
class Change:
    """One way to mend a model."""

    text: str  # what the student writes
    layers: dict[str, nn.Module] = field(default_factory=dict)  # layers to put in place of others, by name
    instead: Detours = field(default_factory=dict)  # as in `trace`
    before: Detours = field(default_factory=dict)
    then: str = ""  # such as "then {product} = 320 again": told with the product that the trial gave


class Workbench:
    """Tries changes of one model on a small batch.

    Args:
        model: the network that does not fit together.
        images: (N, ...) a small batch.
        broken: the trace that shows how it fails.
        number: the step that fails, or that goes wrong without failing.
    """

    def __init__(self, model: nn.Module, images: Tensor, broken: Trace, number: int) -> None:
        self.model, self.images, self.broken, self.number = model, images, broken, number
        self.step = broken.steps[number]
        self._modules = dict(model.named_modules())

    def choose(self, *ideas: Iterable[Change]) -> tuple[str, ...]:
        """The first change of each idea after which the whole model works.

        If none does, because there is more than one mistake, the first of each idea that
        mends at least this one.
        """
        best: list[str] = []
        second: list[str] = []
        for idea in ideas:
            partly = None
            for change in itertools.islice(idea, 40):
                made = self.trial(change)
                if made is None:
                    continue
                text = change.text + change.then.format(product=self._product(made))
                if fits(made):
                    best.append(text)
                    break
                if partly is None and self._mended(made):
                    partly = text
            else:
                if partly:
                    second.append(partly)
        chosen = list(dict.fromkeys(best if len(best) > 1 else [*best, *second]))
        return tuple(chosen[:3])

    def trial(self, change: Change) -> Trace | None:
        """What the model does with a change; None if it cannot be made."""
        twin = copy_of(self.model)
        if twin is self.model and change.layers:
            return None
        try:
            for name, layer in change.layers.items():
                twin.set_submodule(name, copy.deepcopy(layer))
        except (AttributeError, ValueError, TypeError):
            return None
        return trace(twin, self.images, change.instead, change.before)

    def layer(self, step: Step) -> nn.Module | None:
        """The layer of a step, if the model knows it by name, so that it can be changed."""
        found = self._modules.get(step.path) if step.path else None
        return found if found is not None and found is not self.model and step.registered else None

    def before(self, number: int) -> list[int]:
        """The numbers of all steps that a step depends on, nearest first."""
        found: set[int] = set()
        waiting = list(self.broken.steps[number].parents)
        while waiting:
            parent = waiting.pop()
            if parent >= 0 and parent not in found:
                found.add(parent)
                waiting += self.broken.steps[parent].parents
        return sorted(found, reverse=True)

    def convolutions(self) -> list[tuple[str, nn.Module]]:
        """The convolutions before the step, from the first to the last."""
        return self._upstream(is_conv)

    def poolings(self) -> list[tuple[str, nn.Module]]:
        """The pooling layers before the step, from the first to the last."""
        return self._upstream(lambda layer: isinstance(layer, (nn.MaxPool2d, nn.AvgPool2d)))

    def _upstream(self, wanted: Callable[[nn.Module], bool]) -> list[tuple[str, nn.Module]]:
        steps = [self.broken.steps[n] for n in reversed(self.before(self.number))]
        found = {step.path: self.layer(step) for step in steps}
        return [(name, layer) for name, layer in found.items() if layer is not None and wanted(layer)]

    def _mended(self, made: Trace) -> bool:
        step = made.steps[self.number] if self.number < len(made.steps) else None
        return step is not None and step.out_shape is not None and step.out_shape[0] == made.batch

    def _product(self, made: Trace) -> str:
        """The map that is flattened, as "20 × 4 × 4"."""
        for step in made.steps:
            shape = made.image_shape(step.in_shape)
            if len(shape) > 1 and len(made.image_shape(step.out_shape or ())) == 1:
                return product(shape)
        return ""


def fits(made: Trace) -> bool:
    """Whether the model went through and gave one row for each image."""
    output = made.output[0] if isinstance(made.output, (tuple, list)) and made.output else made.output
    return made.error is None and isinstance(output, Tensor) and output.ndim > 0 and len(output) == made.batch


def named(name: str) -> str:
    """A layer's name in a sentence: "conv1", but "layer 3" in an nn.Sequential."""
    return f"layer {name}" if name.rpartition(".")[2].isdigit() else name


def assigned(name: str, layer_code: str) -> str:
    """The line that makes a layer: "self.fc1 = nn.Linear(980, 50)"."""
    if name.rpartition(".")[2].isdigit():
        return f"layer {name}: {layer_code}"
    return f"self.{name} = {layer_code}"


def resized(bench: Workbench, **changes: Any) -> Iterator[Change]:
    """The step's own layer with other sizes, such as in_features=980."""
    layer = bench.layer(bench.step)
    if layer is not None:
        new = rebuilt(layer, **changes)
        yield Change(assigned(bench.step.path, code(new)), {bench.step.path: new})


def counts_itself(bench: Workbench) -> Iterator[Change]:
    """The lazy twin of the step's layer."""
    layer = bench.layer(bench.step)
    new = lazy(layer) if layer is not None else None
    if layer is not None and new is not None:
        yield Change(
            f"{assigned(bench.step.path, lazy_code(layer))}, which counts its inputs itself",
            {bench.step.path: new},
        )


def earlier_sizes(bench: Workbench, then: str = "", channels: int | None = None) -> Iterator[Change]:
    """Other paddings, kernels, strides and poolings in the layers before the step."""
    convs, pools = bench.convolutions(), bench.poolings()
    for name, value in (
        ("padding", 0),
        ("padding", "half"),
        ("padding", 1),
        ("padding", 2),
        ("kernel_size", 5),
    ):
        for some in [convs, *([one] for one in convs)]:
            yield from _setting(some, name, value, then)
    if channels and convs:
        name, conv = convs[-1]
        yield _replacing(name, rebuilt(conv, out_channels=channels), then)
    for value in (3, 7, 2):
        for some in [convs, *([one] for one in convs)]:
            yield from _setting(some, "kernel_size", value, then)
    for name, pool in pools:
        for k in (2, 3, 4):
            yield _replacing(name, rebuilt(pool, kernel_size=k, stride=k), then)


def more_room(bench: Workbench) -> Iterator[Change]:
    """Padding in earlier convolutions, so that more of the map is left at the step."""
    convs = bench.convolutions()
    for some in [convs, *([one] for one in reversed(convs))]:
        yield from _setting(some, "padding", "half", "")


def fewer_poolings(bench: Workbench) -> Iterator[Change]:
    """One pooling layer less, the last one first."""
    for name, _ in reversed(bench.poolings()):
        yield Change(f"leave out {named(name)}", {name: nn.Identity()})
    pools = [n for n in bench.before(bench.number) if "pool" in bench.broken.steps[n].what]
    for number in pools:
        step = bench.broken.steps[number]
        if step.module is None:
            yield Change(f"leave out F.{step.what} in {step.line}", instead={number: lambda x, *_, **__: x})


def flattened(bench: Workbench) -> Iterator[Change]:
    """A flatten in front of the step, with a wider layer where that is needed."""
    width = math.prod(bench.broken.image_shape(bench.step.in_shape))
    layer, path = bench.layer(bench.step), bench.step.path
    place = {bench.number: lambda x: torch.flatten(x, 1)}
    sequential = bench.step.line is None
    text = (
        f"nn.Flatten() before {named(path)}"
        if sequential
        else f"x = torch.flatten(x, 1) before {named(path)}"
    )
    yield Change(text, before=place)
    if isinstance(layer, nn.Linear):
        new = rebuilt(layer, in_features=width)
        yield Change(f"{text}, and {assigned(path, code(new))}", {path: new}, before=place)


def averaged(bench: Workbench) -> Iterator[Change]:
    """Global average pooling in front of a linear layer: one number for each channel."""
    shape, layer = bench.broken.image_shape(bench.step.in_shape), bench.layer(bench.step)
    if len(shape) != 3 or not isinstance(layer, nn.Linear):
        return
    new = rebuilt(layer, in_features=shape[0])
    place = {bench.number: lambda x: x.mean((2, 3))}
    sequential = bench.step.line is None
    text = "nn.AdaptiveAvgPool2d(1) and nn.Flatten()" if sequential else "x = x.mean((2, 3))"
    yield Change(f"{text} before {named(bench.step.path)}", before=place)
    yield Change(
        f"{text} before {named(bench.step.path)}, and {assigned(bench.step.path, code(new))}",
        {bench.step.path: new},
        before=place,
    )


def lazily_flattened(bench: Workbench) -> Iterator[Change]:
    """A flatten in front of a lazy linear layer."""
    layer = bench.layer(bench.step)
    if isinstance(layer, nn.Linear) and (new := lazy(layer)) is not None:
        how = "nn.Flatten()" if bench.step.line is None else "x = torch.flatten(x, 1)"
        text = f"{how} before {named(bench.step.path)}, and {assigned(bench.step.path, lazy_code(layer))}"
        yield Change(text, {bench.step.path: new}, before={bench.number: lambda x: torch.flatten(x, 1)})


def one_row_for_each_image(bench: Workbench, text: str, lazily: bool = False) -> Iterator[Change]:
    """A flatten that keeps the batch in place of the step, with a linear layer as wide as that."""
    flatten: dict[str, nn.Module] = {}
    instead: Detours = {}
    if bench.step.module is None:
        instead = {bench.number: lambda x, *_, **__: torch.flatten(x, 1)}
    elif bench.layer(bench.step) is not None:
        flatten = {bench.step.path: nn.Flatten()}
    if not lazily:
        yield Change(text, flatten, instead)
    width = math.prod(bench.broken.image_shape(bench.step.in_shape))
    for name, layer in bench.model.named_modules():
        if isinstance(layer, nn.Linear) and name:
            new = lazy(layer) if lazily else rebuilt(layer, in_features=width)
            if new is not None:
                line = assigned(name, lazy_code(layer) if lazily else code(new))
                yield Change(f"{text}, and {line}", {**flatten, name: new}, instead)


def channels_before(bench: Workbench, wanted: int) -> Iterator[Change]:
    """The convolution before the step with as many output channels as the step takes."""
    for name, conv in reversed(bench.convolutions()):
        new = rebuilt(conv, out_channels=wanted)
        yield Change(assigned(name, code(new)), {name: new})


def matching_shortcut(bench: Workbench) -> Iterator[Change]:
    """A 1×1 convolution on one side of a sum, so that both have the same shape."""
    shapes = [bench.broken.image_shape(s) for s in bench.step.in_shapes]
    if len(shapes) != 2 or any(len(s) != 3 for s in shapes):
        return
    for first, second in (shapes, shapes[::-1]):
        stride = first[1] // second[1] if second[1] else 1
        if stride < 1:
            continue
        conv = nn.Conv2d(first[0], second[0], 1, stride=stride).to(bench.images.device, bench.images.dtype)
        swapped = first is not shapes[0]

        def summed(a: Tensor, b: Tensor, conv: nn.Module = conv, swapped: bool = swapped) -> Any:
            return a + conv(b) if swapped else conv(a) + b

        side = product(first)
        yield Change(f"{code(conv)} on the side of the sum that is {side}", instead={bench.number: summed})


def stretched(bench: Workbench) -> Iterator[Change]:
    """One map stretched to the size of the other."""
    shapes = bench.step.in_shapes
    if len(shapes) < 2 or any(len(s) != 4 for s in shapes):
        return
    size = tuple(shapes[0][2:])

    def meet(*args: Any, **kwargs: Any) -> Any:
        if isinstance(args[0], (tuple, list)):
            return torch.cat([F.interpolate(t, size) for t in args[0]], *args[1:], **kwargs)
        return args[0] + F.interpolate(args[1], size)

    yield Change(
        f"F.interpolate(y, size={size}), where y is the map of {product(shapes[1][2:])}",
        instead={bench.number: meet},
    )


def _setting(layers: Sequence[tuple[str, nn.Module]], name: str, value: Any, then: str) -> Iterator[Change]:
    """One setting changed in one or several layers."""
    new: dict[str, nn.Module] = {}
    written = set()
    for key, layer in layers:
        to = _half(layer) if value == "half" else value
        if to is None or _numbers(getattr(layer, name)) == {to}:
            continue
        new[key] = rebuilt(layer, **{name: to})
        written.add(to)
    if new and len(new) == len(layers) and len(written) == 1:
        yield Change(f"{name}={written.pop()} in {_listed(list(new))}", new, then=then)


def _replacing(name: str, layer: nn.Module, then: str) -> Change:
    return Change(assigned(name, code(layer)), {name: layer}, then=then)


def _half(conv: nn.Module) -> int | None:
    """The padding that keeps the size: half of an odd kernel."""
    sizes = _numbers(conv.kernel_size)
    k = sizes.pop() if len(sizes) == 1 else 0
    return k // 2 if k % 2 else None


def _numbers(value: Any) -> set[Any]:
    return set(value) if isinstance(value, tuple) else {value}


def _listed(names: Sequence[str]) -> str:
    """Names in a sentence: "conv1 and conv2", "layers 0 and 3"."""
    if all(name.rpartition(".")[2].isdigit() for name in names):
        return ("layers " if len(names) > 1 else "layer ") + " and ".join(names)
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 2 else names)
