"""Padding by a mirror, by wrapping round or below zero: more than the map has pixels for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn
from torch.nn import functional as F

from cnnlab.inspection import remedies as mend
from cnnlab.inspection.blueprint import PADS, code
from cnnlab.inspection.faults import Fault
from cnnlab.inspection.tracing import Step
from cnnlab.inspection.windows import argument, is_conv
from cnnlab.inspection.workbench import Change, Workbench, assigned, named

_MODES = {"Reflection": "reflect", "Circular": "circular", "Replication": "replicate"}


def padding(bench: Workbench) -> Fault | None:
    """A padding that reflects or wraps more than there is, or cuts everything off."""
    mode, pads = _pads(bench.step)
    sizes = bench.shape[::-1]  # the last side first, as PyTorch counts paddings
    for size, before, after in zip(sizes, pads[::2], pads[1::2]):
        if mode == "reflect" and max(before, after) >= size:
            return _too_much(bench, mode, max(before, after), size, size - 1)
        if mode == "circular" and max(before, after) > size:
            return _too_much(bench, mode, max(before, after), size, size)
        if size + before + after < 1:
            return _nothing_left(bench, size, before, after)
    return None


def _pads(step: Step) -> tuple[str, tuple[int, ...]]:
    """How a step pads, and by how much: before and after the last side, then the one before it."""
    layer = step.module
    if isinstance(layer, PADS):
        kind = type(layer).__name__
        sides = next(int(letter) for letter in kind if letter.isdigit())
        given = layer.padding if isinstance(layer.padding, tuple) else (layer.padding,) * 2 * sides
        by = tuple(map(int, given))
        return next((_MODES[key] for key in _MODES if kind.startswith(key)), "constant"), by
    if is_conv(layer) and getattr(layer, "padding_mode", "zeros") != "zeros":
        return str(layer.padding_mode), tuple(layer._reversed_padding_repeated_twice)  # type: ignore[union-attr, arg-type]
    if layer is None and step.what == "pad":
        given = argument(step, ("pad", "mode"), "pad", ())
        if isinstance(given, (tuple, list)) and all(isinstance(p, int) for p in given):
            return argument(step, ("pad", "mode"), "mode", "constant"), tuple(given)
    return "", ()


def _too_much(bench: Workbench, mode: str, pad: int, size: int, most: int) -> Fault:
    name = _name(bench.step)
    rule = f"A mirror at the edge shows all pixels but the one at the edge: {size} − 1 = {most}."
    if mode == "circular":
        rule = f"Wrapped round once, a map of {size} px can fill {most} px at most."
    does = "reflects" if mode == "reflect" else "wraps"
    return Fault(
        f"{name} does not fit: it {does} {pad} px of padding, but the map is only {size} px wide.",
        has=pad,
        needs=most,
        details=(rule,),
        remedies=bench.choose(
            mend.resized(bench, padding=most),
            _smaller(bench, mode, most),
            _with_zeros(bench),
            mend.without(bench, [bench.number] if isinstance(bench.step.module, PADS) else []),
            mend.more_room(bench),
        ).or_else(f"a padding of at most {most}", "a padding with zeros"),
    )


def _nothing_left(bench: Workbench, size: int, before: int, after: int) -> Fault:
    name, most = _name(bench.step), (size - 1) // 2
    left = str(size + before + after).replace("-", "−")
    return Fault(
        f"{name} does not fit: a padding below 0 cuts pixels off, and of {size} px none is left: "
        f"{size} − {-before} − {-after} = {left}.",
        has=size + before + after,
        needs=1,
        remedies=bench.choose(
            mend.resized(bench, padding=-most),
            mend.resized(bench, padding=-before),
            mend.without(bench, [bench.number]),
        ).or_else(f"cut off at most {most} px at each side", "leave it out"),
    )


def _name(step: Step) -> str:
    return "F.pad" if step.module is None else named(step.path)


def _smaller(bench: Workbench, mode: str, most: int) -> Iterator[Change]:
    """F.pad(…) with less padding."""
    if bench.step.module is None:
        by = tuple(min(pad, most) for pad in argument(bench.step, ("pad", "mode"), "pad"))

        def padded(x: Any, *_: object, **__: object) -> Any:
            return F.pad(x, by, mode=mode)

        yield Change(f'F.pad(x, {by}, mode="{mode}")', instead={bench.number: padded}, follows=True)


def _with_zeros(bench: Workbench) -> Iterator[Change]:
    """The same padding with zeros, which has no limit."""
    layer, path = bench.layer(bench.step), bench.step.path
    if is_conv(layer):
        yield from mend.resized(bench, padding_mode="zeros")
    elif isinstance(layer, (nn.ReflectionPad2d, nn.CircularPad2d)):
        zeros = nn.ZeroPad2d(layer.padding)
        yield Change(assigned(path, code(zeros)), {path: zeros})
    elif bench.step.module is None:
        by = argument(bench.step, ("pad", "mode"), "pad")

        def padded(x: Any, *_: object, **__: object) -> Any:
            return F.pad(x, by)

        yield Change(f"F.pad(x, {by}), which pads with zeros", instead={bench.number: padded})
