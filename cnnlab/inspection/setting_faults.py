"""PReLU, PixelShuffle and Unflatten: a number in their settings must divide, or be, what arrives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from cnnlab.inspection import remedies as mend
from cnnlab.inspection.faults import Fault
from cnnlab.inspection.windows import argument
from cnnlab.inspection.workbench import Change, Workbench, assigned, named
from cnnlab.words import counted


def prelu(bench: Workbench) -> Fault | None:
    """A PReLU with slopes for another number of channels."""
    layer, shape, name = bench.step.module, bench.shape, named(bench.step.path)
    if not isinstance(layer, nn.PReLU) or not shape or layer.num_parameters in (1, shape[0]):
        return None
    has, needs = shape[0], layer.num_parameters
    what = "number" if len(shape) == 1 else "channel"
    return Fault(
        f"{name} does not fit: it gets {counted(has, what)}, but nn.PReLU({needs}) takes {needs}.",
        has=has,
        needs=needs,
        details=(f"It has {needs} slopes, one for each {what}: {has} {what}s need {has}, or one for all.",),
        remedies=bench.choose(
            mend.resized(bench, num_parameters=has),
            _one_slope(bench),
            mend.channels_before(bench, needs) if len(shape) > 1 else mend.outputs_before(bench, needs),
        ).or_else(f"nn.PReLU({has})", "nn.PReLU(), with one slope for all"),
    )


def _one_slope(bench: Workbench) -> Iterator[Change]:
    if bench.layer(bench.step) is not None:
        text = assigned(bench.step.path, "nn.PReLU(), with one slope for all")
        yield Change(text, {bench.step.path: nn.PReLU()})


def pixel_shuffle(bench: Workbench) -> Fault | None:
    """Channels that cannot be divided among the pixels that each pixel becomes."""
    layer, shape, name = bench.step.module, bench.shape, named(bench.step.path)
    r = layer.upscale_factor if isinstance(layer, nn.PixelShuffle) else None
    if layer is None:
        r = argument(bench.step, ("upscale_factor",), "upscale_factor")
    if not isinstance(r, int) or len(shape) != 3 or shape[0] % r**2 == 0:
        return None
    has, each = shape[0], r**2
    more, fewer = -(-has // each) * each, has // each * each
    what = f"nn.PixelShuffle({r})" if layer is not None else f"F.pixel_shuffle(x, {r})"
    return Fault(
        f"{name} does not fit: it gets {counted(has, 'channel')}, but {what} takes a multiple of {each}.",
        has=has,
        needs=more,
        details=(
            f"One pixel becomes {r} × {r}, out of {r}·{r} = {each} channels; {has}/{each} = {has / each:.4g} "
            f"is no whole number, {more}/{each} = {more // each} is.",
        ),
        remedies=bench.choose(
            mend.channels_before(bench, more),
            mend.channels_before(bench, fewer) if fewer else [],
            _stretching(bench, r),
        ).or_else(f"give it {more} channels", f"F.interpolate(x, scale_factor={r}) in its place"),
    )


def _stretching(bench: Workbench, r: int) -> Iterator[Change]:
    """A layer that makes a map as large without taking channels."""
    if bench.step.module is None:
        text = f"F.interpolate(x, scale_factor={r}) in place of F.pixel_shuffle(x, {r})"
        yield Change(text, instead={bench.number: lambda x, *_, **__: F.interpolate(x, scale_factor=r)})
    elif bench.layer(bench.step) is not None:
        text = f"{assigned(bench.step.path, f'nn.Upsample(scale_factor={r})')}, which keeps the channels"
        yield Change(text, {bench.step.path: nn.Upsample(scale_factor=r)})


def unflatten(bench: Workbench) -> Fault | None:
    """A row of numbers folded into sides whose product is another number."""
    step, name = bench.step, named(bench.step.path)
    dim, sizes = _folding(bench)
    if not isinstance(dim, int) or not sizes or not -len(step.in_shape) <= dim < len(step.in_shape):
        return None
    has, needs = step.in_shape[dim], math.prod(size for size in sizes if size != -1)
    if needs <= 0 or (has % needs == 0 if -1 in sizes else has == needs):
        return None
    written = "·".join(str(size) for size in sizes if size != -1)
    what = f"nn.Unflatten({dim}, {sizes})" if step.module is not None else f"x.unflatten({dim}, {sizes})"
    multiple = "a multiple of " if -1 in sizes else ""
    fitting = -(-has // needs) * needs if multiple else needs
    takes = written if written == str(needs) else f"{written} = {needs}"
    return Fault(
        f"{name} does not fit: it gets {has} numbers, but {what} takes {multiple}{takes}.",
        has=has,
        needs=fitting,
        details=(
            f"Folding makes no numbers and drops none: {written} must "
            f"{'divide' if multiple else 'be'} {has}.",
        ),
        remedies=bench.choose(
            _other_sides(bench, has), mend.outputs_before(bench, fitting), _open_side(bench)
        ).or_else(f"sides whose product is {has}", f"a layer before it with {fitting} outputs"),
    )


def _folding(bench: Workbench) -> tuple[Any, tuple[int, ...]]:
    """The side that is folded, and the sides it is folded into."""
    step = bench.step
    if isinstance(step.module, nn.Unflatten):
        dim, sizes = step.module.dim, step.module.unflattened_size
    elif step.module is None and step.what == "unflatten":
        dim, sizes = (argument(step, ("dim", "sizes"), key) for key in ("dim", "sizes"))
    else:
        return None, ()
    whole = isinstance(sizes, (tuple, list)) and all(isinstance(size, int) for size in sizes)
    return dim, tuple(sizes) if whole else ()


def _other_sides(bench: Workbench, has: int) -> Iterator[Change]:
    """One of the sides changed so that the product is what is there, the last one first."""
    _, sizes = _folding(bench)
    for place in reversed(range(len(sizes))):
        rest = math.prod(size for i, size in enumerate(sizes) if i != place and size != -1)
        if sizes[place] == -1 or has % rest:
            continue
        size = has // rest
        if -1 in sizes:  # what is left over goes to the open side
            size = max(d for d in range(1, sizes[place] + 1) if size % d == 0)
        yield from _folded(bench, (*sizes[:place], size, *sizes[place + 1 :]))


def _open_side(bench: Workbench) -> Iterator[Change]:
    """One of the sides as −1, which PyTorch counts itself."""
    _, sizes = _folding(bench)
    if -1 in sizes:
        return
    for place in reversed(range(len(sizes))):
        for change in _folded(bench, (*sizes[:place], -1, *sizes[place + 1 :])):
            yield replace(change, text=f"{change.text}, where -1 is counted by PyTorch itself")


def _folded(bench: Workbench, sizes: tuple[int, ...]) -> Iterator[Change]:
    """The same fold into other sides."""
    dim, _ = _folding(bench)
    if bench.step.module is None:
        instead = {bench.number: lambda x, *_, **__: torch.unflatten(x, dim, sizes)}
        yield Change(f"x.unflatten({dim}, {sizes})", instead=instead)
    else:
        yield from mend.resized(bench, unflattened_size=sizes)
