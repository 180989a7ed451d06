"""Ideas for mending a model: each gives changes to try, the simplest first."""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlab.inspection.blueprint import code, lazy, lazy_code, rebuilt, with_sides
from cnnlab.inspection.shapes import product
from cnnlab.inspection.windows import spatial_sides
from cnnlab.inspection.workbench import Change, Workbench, assigned, call, named


def resized(bench: Workbench, **changes: Any) -> Iterator[Change]:
    """The step's own layer with other sizes, such as in_features=980."""
    layer = bench.layer(bench.step)
    if layer is not None:
        with contextlib.suppress(ValueError):  # such as channels that the groups do not divide
            new = rebuilt(layer, **changes)
            yield Change(assigned(bench.step.path, code(new)), {bench.step.path: new})


def counts_itself(bench: Workbench) -> Iterator[Change]:
    """The lazy twin of the step's layer."""
    layer = bench.layer(bench.step)
    new = lazy(layer) if layer is not None else None
    if layer is not None and new is not None:
        line = assigned(bench.step.path, lazy_code(layer))
        written = f"self.{bench.step.path}"
        if bench.step.line is not None and f"{written}.forward(" in bench.step.line.text:
            text = (
                f"{line}, and {written}(x) in place of {written}.forward(x), which lets it count its inputs"
            )
            yield Change(text, instead={bench.number: lambda x, *_, **__: copy.deepcopy(new)(x)})
        yield Change(f"{line}, which counts its inputs itself", {bench.step.path: new})


def earlier_sizes(bench: Workbench, wanted: int | None = None) -> Iterator[Change]:
    """Other paddings, kernels, channels and poolings in the layers before the step.

    Args:
        bench: where they are tried.
        wanted: numbers for each image that the flatten should have.
    """
    convs, pools = bench.convolutions(), bench.poolings()
    then = f"{{product}} = {wanted}" if wanted else ""
    groups = [convs, *([one] for one in convs)] if len(convs) > 1 else [convs]
    for value in (0, "half", 1, 2):
        for group in groups:
            yield from _setting(group, "padding", value, then)
    channels = _channels(bench, wanted) if wanted else None
    if channels and convs:
        name, conv = convs[-1]
        yield _replacing(name, rebuilt(conv, out_channels=channels), then)
    for value in (5, 3, 7):
        for group in groups:
            yield from _setting(group, "kernel_size", value, then)
    for name, pool in pools:
        for k in (2, 3, 4):
            yield _replacing(name, rebuilt(pool, kernel_size=k, stride=k), then)


def more_room(bench: Workbench, here_too: bool = False) -> Iterator[Change]:
    """Padding in earlier convolutions, so that more of the map is left at the step.

    Args:
        bench: where it is tried.
        here_too: try padding in all of them and in the step's own layer, if nothing else helps.
    """
    convs = bench.convolutions()
    for group in [convs, *([one] for one in reversed(convs))]:
        yield from _setting(group, "padding", "half", "")
    layer = bench.layer(bench.step)
    if here_too and layer is not None:
        yield from _setting([*convs, (bench.step.path, layer)], "padding", "half", "")


def of_other_sides(bench: Workbench) -> Iterator[Change]:
    """The step's own convolution for maps with as many sides as this one has, such as nn.Conv2d."""
    layer, sides = bench.layer(bench.step), len(bench.shape) - 1
    new = with_sides(layer, sides) if layer is not None else None
    if new is not None:
        yield Change(assigned(bench.step.path, code(new)), {bench.step.path: new})


def without(bench: Workbench, numbers: Sequence[int]) -> Iterator[Change]:
    """The model without one of these steps, the first that helps."""
    for number in numbers:
        step = bench.broken.steps[number]
        if step.module is None:
            where = f" in line {step.line.number}" if step.line else ""
            yield Change(f"leave out {call(step)}{where}", instead={number: lambda x, *_, **__: x})
        elif bench.layer(step) is not None:
            kind = "" if named(step.path) == step.path else f" ({step.kind})"
            several = sum(other.path == step.path for other in bench.broken.steps) > 1
            what = f"every call of {named(step.path)}" if several else named(step.path)
            yield Change(f"leave out {what}{kind}", {step.path: nn.Identity()})


def flattened(bench: Workbench, lazily: bool = False) -> Iterator[Change]:
    """A flatten in front of the step."""
    how = "nn.Flatten()" if bench.step.line is None else "x = torch.flatten(x, 1)"
    text = f"{how} before {named(bench.step.path)}"
    yield Change(text, before={bench.number: lambda x: torch.flatten(x, 1)}, lazily=lazily)


def flattened_earlier(bench: Workbench) -> Iterator[Change]:
    """A flatten in place of an earlier view that does not make one row for each image."""
    for number in bench.before(bench.number):
        step = bench.broken.steps[number]
        if step.what not in ("flatten", "view", "reshape"):
            continue
        if step.module is None:
            text = f"x = torch.flatten(x, 1) in place of {call(step)}"
            yield Change(text, instead={number: lambda x, *_, **__: torch.flatten(x, 1)})
        elif bench.layer(step) is not None:
            yield Change(assigned(step.path, "nn.Flatten()"), {step.path: nn.Flatten()})


def averaged(bench: Workbench) -> Iterator[Change]:
    """Global average pooling in front of a linear layer: one number for each channel."""
    if len(bench.shape) == 3:
        how = "nn.AdaptiveAvgPool2d(1) and nn.Flatten()" if bench.step.line is None else "x = x.mean((2, 3))"
        yield Change(
            f"{how} before {named(bench.step.path)}", before={bench.number: lambda x: x.mean((2, 3))}
        )


def folded(bench: Workbench, channels: int, sides: int) -> Iterator[Change]:
    """A row of numbers folded into a square map again, in front of the step."""
    side = round((math.prod(bench.shape) / channels) ** (1 / sides))
    if channels * side**sides == math.prod(bench.shape):
        sizes = (channels, *[side] * sides)
        yield Change(
            f"x = x.view(x.size(0), {', '.join(map(str, sizes))}) before {named(bench.step.path)}",
            before={bench.number: lambda x: x.reshape(len(x), *sizes)},
        )


def channel_back(bench: Workbench, number: int, squeezes: Sequence[int]) -> Iterator[Change]:
    """One channel again, before a step that needs a map or in place of the squeeze that took it away."""
    step = bench.broken.steps[number]
    where = f"before {named(step.path)}"
    in_place = step.module is None and squeezes  # in front of a function nothing can be tried
    if in_place:
        step = bench.broken.steps[squeezes[0]]
        where = f"in place of {call(step)}"
    sides = step.in_shape[-(spatial_sides(step) or 2) :]

    def viewed(x: Tensor, *_: object, **__: object) -> Any:
        return x.reshape(-1, 1, *sides)  # -1, because squeeze() takes a batch of one away as well

    text = f"x = x.view(-1, 1, {', '.join(map(str, sides))}) {where}"
    yield Change(text, instead={squeezes[0]: viewed}) if in_place else Change(text, before={number: viewed})


def unsqueezed(bench: Workbench) -> Iterator[Change]:
    """A channel of its own for each image, in front of the step."""
    layer = f"nn.Unflatten(1, (1, {bench.shape[0]}))"  # what an nn.Sequential has for it
    how = layer if bench.step.line is None and len(bench.shape) == 1 else "x = x.unsqueeze(1)"
    text = f"{how} before {named(bench.step.path)}"
    yield Change(text, before={bench.number: lambda x: x.unsqueeze(1)})


def one_row_for_each_image(bench: Workbench, text: str, lazily: bool = False) -> Iterator[Change]:
    """A flatten that keeps the batch, in place of a step that mixes it up."""
    if bench.step.module is None:
        instead = {bench.number: lambda x, *_, **__: torch.flatten(x, 1)}
        yield Change(text, instead=instead, lazily=lazily)
    elif bench.layer(bench.step) is not None:
        yield Change(text, {bench.step.path: nn.Flatten()}, lazily=lazily)


def channels_before(bench: Workbench, wanted: int) -> Iterator[Change]:
    """The convolution before the step with as many output channels as the step takes."""
    for name, conv in reversed(bench.convolutions()):
        new = rebuilt(conv, out_channels=wanted)
        yield Change(assigned(name, code(new)), {name: new})


def outputs_before(bench: Workbench, wanted: int) -> Iterator[Change]:
    """The linear layer before the step with as many outputs as the step takes."""
    for number in bench.before(bench.number):
        step = bench.broken.steps[number]
        layer = bench.layer(step)
        if isinstance(layer, nn.Linear):
            new = rebuilt(layer, out_features=wanted)
            yield Change(assigned(step.path, code(new)), {step.path: new})


def same_shape(bench: Workbench) -> Iterator[Change]:
    """A convolution on one side of a sum that makes the shape of the other side."""
    for channels in dict.fromkeys(s[1] for s in bench.step.in_shapes if len(s) == 4):
        for name, conv in reversed(bench.convolutions()):
            new = rebuilt(conv, out_channels=channels, stride=1, padding=_half(conv) or 0)
            yield Change(assigned(name, code(new)), {name: new})
            layers = {name: new} | _norms_behind(bench, name, channels)
            if len(layers) > 1:
                yield Change(", ".join(assigned(key, code(layer)) for key, layer in layers.items()), layers)


def _norms_behind(bench: Workbench, name: str, channels: int) -> dict[str, nn.Module]:
    """The batch norms that get what a convolution makes, for another number of channels."""
    steps, found = bench.broken.steps, {}
    for step in steps:
        norm = bench.layer(step)
        from_it = [steps[n].path == name for n in step.parents if n >= 0]
        if isinstance(norm, nn.modules.batchnorm._BatchNorm) and any(from_it):
            found[step.path] = rebuilt(norm, num_features=channels)
    return found


def matching_shortcut(bench: Workbench) -> Iterator[Change]:
    """A 1×1 convolution on one side of a sum, with padding in front of the other, so that both match."""
    shapes = [bench.broken.image_shape(s) for s in bench.step.in_shapes]
    if len(shapes) != 2 or any(len(s) != 3 for s in shapes):
        return
    convs = bench.convolutions()
    paddings = [change for some in (convs[-1:], convs) for change in _setting(some, "padding", "half", "")]
    for swapped in (False, True):
        first, second = reversed(shapes) if swapped else shapes
        stride = max(first[1] // second[1], 1)
        conv = nn.Conv2d(first[0], second[0], 1, stride=stride).to(bench.images.device, bench.images.dtype)

        def summed(a: Tensor, b: Tensor, conv: nn.Module = conv, swapped: bool = swapped) -> Any:
            return a + conv(b) if swapped else conv(a) + b

        side = f"with {first[0]} channels" if first[0] != second[0] else f"of {product(first)}"
        text = f"{code(conv)} on the side {side}"
        yield Change(text, instead={bench.number: summed})
        for padding in paddings:
            yield Change(f"{padding.text}, and {text}", padding.layers, {bench.number: summed})


def stretched(bench: Workbench) -> Iterator[Change]:
    """One map stretched to the size of the other."""
    yield from _of_one_size(bench, 0, "F.interpolate(y, size={})", F.interpolate)


def averaged_down(bench: Workbench) -> Iterator[Change]:
    """The larger map averaged down to the size of the smaller."""
    areas = [math.prod(shape[2:]) for shape in bench.step.in_shapes]
    yield from _of_one_size(
        bench, areas.index(min(areas)), "F.adaptive_avg_pool2d(y, {})", F.adaptive_avg_pool2d
    )


def _of_one_size(
    bench: Workbench, model: int, text: str, change: Callable[[Tensor, Any], Tensor]
) -> Iterator[Change]:
    """Both maps in the size of one of them."""
    shapes = bench.step.in_shapes
    if any(len(s) != 4 for s in shapes):
        return
    size = tuple(shapes[model][2:])
    others = dict.fromkeys(product(s[2:]) for s in shapes if s[2:] != size)

    def meet(*args: Any, **kwargs: Any) -> Any:
        if isinstance(args[0], (tuple, list)):
            join = torch.stack if bench.step.what == "stack" else torch.cat
            return join([change(t, size) for t in args[0]], *args[1:], **kwargs)
        return change(args[0], size) + change(args[1], size)

    which = "the map" if len(others) == 1 else "each map"
    text = f"{text.format(size)}, where y is {which} of {' and '.join(others)}"
    yield Change(text, instead={bench.number: meet})


def _channels(bench: Workbench, wanted: int) -> int | None:
    """Channels with which the map that is flattened would have as many numbers as are wanted."""
    for number in (bench.number, *bench.before(bench.number)):
        shape = bench.broken.image_shape(bench.broken.steps[number].in_shape)
        if len(shape) > 1:
            size = math.prod(shape[1:])
            return wanted // size if size and wanted % size == 0 else None
    return None


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
    if len(written) == 1:
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
    text = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 2 else names)
    if all(name.rpartition(".")[2].isdigit() for name in names):
        return f"layers {text}" if len(names) > 1 else f"layer {text}"
    return text
