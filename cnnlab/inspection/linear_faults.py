"""Linear layers that do not fit what arrives at them: a row, a map or tokens."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlab.inspection import remedies as mend
from cnnlab.inspection import repeated
from cnnlab.inspection.blueprint import rebuilt
from cnnlab.inspection.faults import Fault
from cnnlab.inspection.shapes import product
from cnnlab.inspection.windows import weight_shape, windows_of
from cnnlab.inspection.workbench import Change, Workbench, assigned, fits, named
from cnnlab.words import counted

# Steps after which the sides of an image are no longer (channels, height, width).
_TURNS = ("permute", "transpose", "movedim", "moveaxis", "swapaxes", "swapdims", "t", "mt")
_READS_ROWS = ("linear", "rnn", "gru", "lstm", "multiheadattention")
_ARRANGES = (*_TURNS, *_READS_ROWS, "getitem", "flatten", "unflatten", "view", "reshape")


def linear(bench: Workbench) -> Fault | None:
    """A linear layer of the wrong width, or with a map in front of it."""
    weight, shape, name = weight_shape(bench.step), bench.shape, named(bench.step.path)
    if weight is None or len(weight) != 2 or not shape or shape[-1] == weight[1]:
        return None
    n_out, needs = weight
    if len(shape) > 1:
        if math.prod(shape) == needs or not _last_side_is_meant(bench):
            return _no_flatten(bench, needs, n_out)
        return _last_side(bench, needs, n_out)
    has = shape[0]
    if bench.step.module is None and has == n_out and bench.layer(bench.step) is None:
        return _turned_weight(bench, n_out, needs)
    fitting = f"give it a weight of the shape ({n_out}, {has})"
    if bench.step.module is not None:
        fitting = f"nn.Linear({has}, {n_out})"
    calls = repeated.calls_before(bench)
    again = (f"{name} was called before: it is one layer, with one weight, at every call.",) if calls else ()
    return Fault(
        f"{name} does not fit: it gets {has} numbers for each image, but nn.Linear({needs}, {n_out}) "
        f"takes {needs}.",
        has=has,
        needs=needs,
        details=again,
        remedies=bench.choose(
            repeated.another_layer(bench, in_features=has),
            mend.resized(bench, in_features=has),
            mend.earlier_sizes(bench, needs),
            mend.counts_itself(bench),
            repeated.one_call_less(bench),
        ).or_else(fitting, f"give it {needs} numbers"),
    )


def bilinear(bench: Workbench) -> Fault | None:
    """A bilinear layer of two rows of numbers, of which one has another width."""
    weight, shapes = weight_shape(bench.step), [bench.broken.image_shape(s) for s in bench.step.in_shapes]
    if weight is None or len(weight) != 3 or len(shapes) < 2 or not all(shapes[:2]):
        return None
    n_out, *needed = weight
    given = [shape[-1] for shape in shapes[:2]]
    wrong = next((i for i in (0, 1) if given[i] != needed[i]), None)
    if wrong is None:
        return None
    name, layer = named(bench.step.path), bench.layer(bench.step)
    takes, fitting = (f"nn.Bilinear({a}, {b}, {n_out})" for a, b in (needed, given))
    joined = _Joined(nn.Linear(sum(given), n_out).to(bench.images.device, bench.images.dtype))
    text = f"nn.Linear({sum(given)}, {n_out}) on torch.cat([x, y], dim=-1), where x and y are its inputs"
    a, b = given
    resized = {bench.number: lambda x, y, w, *bias: F.bilinear(x, y, w.new_zeros(n_out, a, b), *bias)}
    ideas = [
        [Change(f"give it a weight of the shape ({n_out}, {a}, {b})", instead=resized)],
        [Change(text, instead={bench.number: joined})],
    ]
    if layer is not None:
        sized = rebuilt(layer, in1_features=given[0], in2_features=given[1])
        ideas = [
            [Change(assigned(bench.step.path, fitting), {bench.step.path: sized})],
            [Change(text, {bench.step.path: joined})],
        ]
    return Fault(
        f"{name} does not fit: its {('first', 'second')[wrong]} input has {counted(given[wrong], 'number')}, "
        f"but {takes} takes {needed[wrong]}.",
        has=given[wrong],
        needs=needed[wrong],
        details=(
            f"It multiplies each number of one input with each of the other, {needed[0]}·{needed[1]} = "
            f"{needed[0] * needed[1]:,} products: both widths must be its own.",
        ),
        remedies=bench.choose(*ideas).or_else(fitting, f"give it {needed[0]} and {needed[1]} numbers"),
    )


class _Joined(nn.Module):
    """One linear layer on two inputs that stand side by side."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, y: Tensor, *_: object) -> Tensor:
        out: Tensor = self.layer(torch.cat([x, y], dim=-1))
        return out


def _no_flatten(bench: Workbench, needs: int, n_out: int) -> Fault:
    """A map where a row of numbers is meant."""
    shape, name, layer = bench.shape, named(bench.step.path), f"nn.Linear({needs}, {n_out})"
    total = math.prod(shape)
    result = f"just what {layer} takes" if total == needs else f"where {layer} takes {needs}"
    return Fault(
        f"{name} gets a map of {product(shape)}, not a row of numbers: the flatten is missing.",
        has=shape[-1],
        needs=needs,
        details=(
            f"A linear layer reads the last side only, and finds {counted(shape[-1], 'number')} there.",
            f"Flattened, an image has {product(shape)} = {total} numbers, {result}.",
        ),
        remedies=bench.choose(
            mend.flattened(bench),
            mend.flattened_earlier(bench),
            [] if _arranged(bench) else mend.averaged(bench),
            mend.flattened(bench, lazily=True),
        ).or_else(f"x = torch.flatten(x, 1) before {name}", f"nn.Flatten() before {name}"),
    )


def _last_side(bench: Workbench, needs: int, n_out: int) -> Fault:
    """Tokens, or a map with its channels last, of another width."""
    shape, name, has = bench.shape, named(bench.step.path), bench.shape[-1]
    turns = [n for n in bench.before(bench.number) if bench.broken.steps[n].what in _TURNS]
    details = [f"A linear layer reads the last side only, and the last side of {product(shape)} is {has}."]
    if needs in shape:
        details.append(f"Another side of {product(shape)} is {needs}: it fits in the last place.")
    else:
        details.append(f"Flattened, an image has {product(shape)} = {math.prod(shape)} numbers, not {needs}.")
    return Fault(
        f"{name} does not fit: it gets rows of {counted(has, 'number')}, but nn.Linear({needs}, {n_out}) "
        f"takes {needs}.",
        has=has,
        needs=needs,
        details=tuple(details),
        remedies=bench.choose(
            mend.resized(bench, in_features=has),
            _other_weight(bench, has, n_out),
            _turned(bench, needs),
            mend.without(bench, turns[:1]),
            mend.channels_before(bench, needs),
            mend.flattened(bench),
            mend.counts_itself(bench),
        ).or_else(f"nn.Linear({has}, {n_out})", f"give it rows of {needs} numbers"),
    )


def _other_weight(bench: Workbench, has: int, n_out: int) -> Iterator[Change]:
    """Another parameter for F.linear."""
    size = weight_shape(bench.step)
    names = [name for name, p in bench.model.named_parameters() if tuple(p.shape) == size]
    if bench.step.module is None and bench.layer(bench.step) is None and len(names) == 1:
        text = f"self.{names[0]} = nn.Parameter(torch.randn({n_out}, {has}) / {has}**0.5)"
        instead = {bench.number: lambda x, w, *b: F.linear(x, w.new_zeros(n_out, has), *b)}
        yield Change(text, instead=instead)


def _last_side_is_meant(bench: Workbench) -> bool:
    """Whether the layer should read the last side: the sides were arranged for it, or no flatten helps."""
    if _arranged(bench):
        return True
    flat = bench.choose(mend.flattened(bench), mend.averaged(bench), mend.flattened(bench, lazily=True))
    if flat.texts and flat.mend == "all":
        return False
    sized, turned = (mend.resized(bench, in_features=bench.shape[-1]), _turned(bench, _width(bench)))
    trials = [bench.trial(change) for idea in (sized, turned) for change in idea]
    return any(made is not None and fits(made) for made in trials)


def _arranged(bench: Workbench) -> bool:
    """Whether anything but convolutions and poolings gave the map its sides."""
    for number in bench.before(bench.number):
        step = bench.broken.steps[number]
        if windows_of(step) is not None:
            return False
        if step.what in _ARRANGES:
            return True
    return False


def _width(bench: Workbench) -> int:
    weight = weight_shape(bench.step)
    return weight[1] if weight is not None else 0


def _turned(bench: Workbench, needs: int) -> Iterator[Change]:
    """The side that is as long as the layer is wide, in the last place."""
    shape, name = bench.shape, named(bench.step.path)
    if bench.step.line is None:
        return  # an nn.Sequential has no layer for it
    for side in reversed(range(len(shape) - 1)):
        if shape[side] != needs:
            continue
        if len(shape) == 3 and side == 0 and not _arranged(bench):
            yield _before(bench, f"x = x.permute(0, 2, 3, 1) before {name}", lambda x: x.permute(0, 2, 3, 1))
            continue
        here, last = side + 1, len(shape)
        text = f"x = x.transpose({here}, {last}) before {name}"
        yield _before(bench, text, lambda x, here=here, last=last: x.transpose(here, last))


def _before(bench: Workbench, text: str, change: Any) -> Change:
    """A change of what the step gets, whether it is a layer or F.linear."""
    if bench.step.module is not None:
        return Change(text, before={bench.number: change})

    def instead(x: Tensor, *rest: Any, **named_rest: Any) -> Any:
        return F.linear(change(x), *rest, **named_rest)

    return Change(text, instead={bench.number: instead})


def _turned_weight(bench: Workbench, has: int, width: int) -> Fault:
    """F.linear with a weight of (in, out)."""
    names = [name for name, p in bench.model.named_parameters() if tuple(p.shape) == (has, width)]
    weight = f"self.{names[0]}" if len(names) == 1 else "weight"
    turned = {bench.number: lambda x, w, *b: F.linear(x, w.t(), *b)}
    return Fault(
        f"{named(bench.step.path)} does not fit: it gets {has} numbers for each image, but the weight "
        f"({has}, {width}) takes {width}: F.linear reads a weight as (out, in).",
        has=has,
        needs=width,
        remedies=bench.choose(
            [Change(f"F.linear(x, {weight}.t(), …)", instead=turned)],
            [Change(f"{weight} = nn.Parameter(torch.randn({width}, {has}) / {has}**0.5)", instead=turned)],
        ).or_else(f"F.linear(x, {weight}.t(), …)", f"a weight of ({width}, {has})"),
    )
