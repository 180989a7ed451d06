"""Sums, products and concatenations of two things that do not match."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlab.inspection import remedies as mend
from cnnlab.inspection.blueprint import code, rebuilt
from cnnlab.inspection.faults import Fault
from cnnlab.inspection.shapes import arithmetic_of, product
from cnnlab.inspection.tracing import Shape
from cnnlab.inspection.windows import is_conv
from cnnlab.inspection.workbench import Change, Workbench, assigned, named
from cnnlab.words import counted

_SIGNS = {"add": "x + y", "sub": "x − y", "mul": "x * y", "truediv": "x / y", "div": "x / y"}
_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "truediv": torch.div,
    "div": torch.div,
}


def pair(bench: Workbench) -> Fault | None:
    """A sum or a concatenation of maps, or of rows of numbers, that do not match."""
    step = bench.step
    shapes = [bench.broken.image_shape(s) for s in step.in_shapes]
    if len(set(shapes)) < 2:
        return None
    joins = step.what.startswith(("cat", "concat"))
    sign = sign_of(step.what)
    rule = "Maps can be joined if all other sides are equal." if joins else "All sides must be equal."
    side = _unequal(shapes[0], shapes[1], last=joins)
    maps = all(len(shape) == 3 for shape in shapes)
    ideas = [for_each_channel(bench, 0), for_each_channel(bench, 1)]
    ideas += [other_width(bench, 1), other_width(bench, 0), *_for_maps(bench, shapes, joins)]
    advice = ("give both branches the same channels and padding", "a 1×1 convolution on one branch")
    if not maps:
        advice = ("give both sides the same shape", "put print(x.shape, y.shape) in front of that line")
    has, needs = (shapes[1][side], shapes[0][side]) if side is not None else (None, None)
    if len(shapes[0]) != len(shapes[1]):
        has, needs = len(shapes[1]), len(shapes[0])
        rule = f"{product(shapes[0])} has {counted(needs, 'side')}, {product(shapes[1])} has {has}."
    return Fault(
        f"{sign} does not fit: it gets {' and '.join(product(s) for s in shapes)}.",
        has=has,
        needs=needs,
        details=(rule, *_sources(bench)),
        remedies=bench.choose(*ideas).or_else(*advice),
    )


def _for_maps(bench: Workbench, shapes: list[Shape], joins: bool) -> list[Iterator[Change]]:
    if not joins and len({shape[:1] for shape in shapes}) > 1:
        return [
            mend.same_shape(bench),
            mend.matching_shortcut(bench),
            mend.stretched(bench),
            averaged_shortcut(bench),
        ]
    poolings = [n for n in bench.before(bench.number) if "pool" in bench.broken.steps[n].what]
    ideas = [mend.more_room(bench), mend.stretched(bench), mend.earlier_sizes(bench)]
    if joins:
        ideas[1:1] = [mend.without(bench, poolings)]
        ideas.append(mend.averaged_down(bench))
    widths = [shape[-1] for shape in shapes]
    if bench.step.what == "stack":
        ideas.append(mend.averaged_down(bench))
    elif not joins and max(widths) > 1.5 * min(widths):  # a stride on one side, as in a residual block
        ideas[1:1] = [mend.same_shape(bench), mend.matching_shortcut(bench)]
    return ideas


def sign_of(what: str) -> str:
    """How a student writes the operation.

    >>> sign_of("add"), sign_of("iadd"), sign_of("stack")
    ('x + y', 'x + y', 'torch.stack')
    """
    return _SIGNS.get(what.strip("_ir"), f"torch.{what}")


def operation(what: str) -> Callable[[Any, Any], Any] | None:
    """The function behind a sign, also behind one that works in place.

    >>> operation("iadd").__name__, operation("relu")
    ('add', None)
    """
    return _OPERATIONS.get(what.strip("_ir"))


def for_each_channel(bench: Workbench, way: int) -> Iterator[Change]:
    """A row of numbers, one for each channel, as a map of one pixel."""
    shapes, work = [bench.broken.image_shape(s) for s in bench.step.in_shapes], operation(bench.step.what)
    if work is None or sorted(map(len, shapes)) != [1, 3] or shapes[0][0] != shapes[1][0]:
        return
    row = 0 if len(shapes[0]) == 1 else 1

    def worked(*pair: Any, **_: object) -> Any:
        values = list(pair)
        values[row] = values[row][:, :, None, None]
        return work(values[0], values[1])

    text = ("y[:, :, None, None]", f"y.view(-1, {shapes[row][0]}, 1, 1)")[way]
    yield Change(
        f"{text} in that line, where y is the row of {shapes[row][0]}", instead={bench.number: worked}
    )


def other_width(bench: Workbench, which: int) -> Iterator[Change]:
    """The linear layer behind one side of a sum with as many outputs as the other side has."""
    shapes = [bench.broken.image_shape(s) for s in bench.step.in_shapes]
    if len(shapes) != 2 or len(bench.step.parents) != 2 or bench.step.what.startswith(("cat", "concat")):
        return
    side = _unequal(shapes[0], shapes[1])
    parent = bench.step.parents[which]
    if side is None or parent < 0:
        return
    has, wanted = shapes[which][side], shapes[1 - which][side]
    for number in (parent, *bench.before(parent)):
        step = bench.broken.steps[number]
        layer = bench.layer(step)
        if isinstance(layer, nn.Linear) and layer.out_features == has:
            new = rebuilt(layer, out_features=wanted)
            yield Change(assigned(step.path, code(new)), {step.path: new})
            return


def averaged_shortcut(bench: Workbench) -> Iterator[Change]:
    """The larger map averaged down to the size of the smaller, and a 1×1 convolution to its channels."""
    shapes = [bench.broken.image_shape(s) for s in bench.step.in_shapes]
    if len(shapes) != 2 or any(len(s) != 3 for s in shapes) or shapes[0][1:] == shapes[1][1:]:
        return
    widths = sorted(s[2] for s in shapes)
    if widths[0] == 1 or widths[1] < 1.5 * widths[0]:  # one number for each channel, or paddings that differ
        return
    large = 0 if shapes[0][1] * shapes[0][2] > shapes[1][1] * shapes[1][2] else 1
    (c_in, *sizes), (c_out, *wanted) = shapes[large], shapes[1 - large]
    size, images = (wanted[0], wanted[1]), bench.images
    conv = nn.Conv2d(c_in, c_out, 1).to(images.device, images.dtype)

    def summed(first: Tensor, second: Tensor) -> Any:
        pair = [first, second]
        pair[large] = conv(F.adaptive_avg_pool2d(pair[large], size))
        return pair[0] + pair[1]

    text = f"F.adaptive_avg_pool2d(y, {size}) and {code(conv)}, where y is the map of {product(sizes)}"
    yield Change(text, instead={bench.number: summed})


def _unequal(first: Shape, second: Shape, last: bool = False) -> int | None:
    """The side, counted from the end, at which two shapes do not match."""
    sides = [-i for i in range(1, min(len(first), len(second)) + 1)]
    unequal = [i for i in sides if first[i] != second[i] and 1 not in (first[i], second[i])]
    return unequal[0 if last else -1] if unequal else None


def _sources(bench: Workbench) -> list[str]:
    """Which layers make the other things, with their arithmetic: the sizes above show the first."""
    shapes = bench.step.in_shapes
    if len(bench.step.parents) != len(shapes):
        return []
    others = [parent for parent, shape in zip(bench.step.parents, shapes) if shape != shapes[0]]
    return list(dict.fromkeys(filter(None, (_source(bench, parent) for parent in others))))


def _source(bench: Workbench, parent: int) -> str:
    for number in (parent, *bench.before(parent)) if parent >= 0 else ():
        step = bench.broken.steps[number]
        layer = bench.layer(step)
        if layer is not None and (step.in_shape != step.out_shape or is_conv(layer)):
            made = product(bench.broken.image_shape(step.out_shape or ()))
            arithmetic = arithmetic_of(step, bench.broken)
            return f"{named(step.path)} makes {made}{f': {arithmetic}' if arithmetic else ''}."
    return ""
