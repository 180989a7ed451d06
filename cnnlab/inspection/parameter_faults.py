"""Sums and products of what arrives with a parameter of another size."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from cnnlab.inspection import remedies as mend
from cnnlab.inspection.faults import Fault
from cnnlab.inspection.pair_faults import operation, sign_of
from cnnlab.inspection.shapes import product
from cnnlab.inspection.tracing import Shape, Step
from cnnlab.inspection.workbench import Change, Workbench, named


def with_parameter(bench: Workbench) -> Fault | None:
    """A sum such as x + self.pos, with a parameter of another size."""
    step, work = bench.step, operation(bench.step.what)
    places = [i for i, value in enumerate(step.args) if isinstance(value, torch.Size)]
    if work is None or len(step.in_shapes) != 1 or len(places) != 2:
        return None
    place = places[0] if tuple(step.args[places[0]]) != step.in_shape else places[1]
    x, w = step.in_shape, tuple(step.args[place])
    unequal = [i for i in range(-min(len(x), len(w)), 0) if x[i] != w[i] and 1 not in (x[i], w[i])]
    if not unequal:
        return None
    side, name = unequal[0], _name(bench, w)
    has, needs = x[side], w[side]
    batched = side == -len(x)  # the parameter has a batch written into it
    new = tuple((1 if i == -len(x) else x[i]) if i in unequal else w[i] for i in range(-len(w), 0))
    sign = sign_of(step.what).replace("y", name)
    details = [_origin(bench, has)] if not batched and len(bench.shape) > 1 else []
    if needs == has + 1 and len(bench.shape) == 2 and side == -2:
        details.append(f"{needs} = {has} + 1: one more than there are, as for a class token.")
    if batched:
        details = [f"The first side of {name} must be 1: it is the same for every image."]
    return Fault(
        f"{sign} does not fit: x is {product(bench.shape)} for each image, but {name} is {product(w)}"
        + ("." if batched else f": {has} is not {needs}."),
        has=needs if batched else has,
        needs=1 if batched else needs,
        details=tuple(filter(None, details)),
        remedies=bench.choose(*_ways(bench, work, place, side, new)).or_else(
            f"give {name} the shape {new}", f"leave out {name} in that line"
        ),
    )


def _ways(
    bench: Workbench, work: Callable[[Any, Any], Any], place: int, side: int, new: Shape
) -> Iterator[Sequence[Change] | Iterator[Change]]:
    """Another size, a part of the parameter, another layer before the sum."""
    x, w, name = bench.step.in_shape, tuple(bench.step.args[place]), _name(bench, bench.step.args[place])
    has, needs, number = x[side], w[side], bench.number
    sign = sign_of(bench.step.what)

    def working(change: Callable[[Tensor], Tensor]) -> dict[int, Callable[..., Any]]:
        def worked(*pair: Any, **_: object) -> Any:
            values = list(pair)
            values[place] = change(values[place])
            return work(values[0], values[1])

        return {number: worked}

    fill = "ones" if sign in ("x * y", "x / y") else "zeros"
    made = f"{name} = nn.Parameter(torch.{fill}({', '.join(map(str, new))}))"
    yield [Change(made, instead=working(lambda p: p.new_ones(new)))]
    if needs > has and side != -len(x):
        cut = ", ".join([":"] * (len(w) + side) + [f":{has}"])
        text = f"{sign.replace('y', f'{name}[{cut}]')}, the first {has} of {needs}"
        yield [Change(text, instead=working(lambda p: p.narrow(side, 0, has)))]
    if needs == has + 1 and len(x) == 3 and side == -2:
        first = f"self.first = nn.Parameter(torch.zeros(1, 1, {x[2]}))"
        text = f"{first}, and x = torch.cat([self.first.expand(x.size(0), -1, -1), x], 1) before that line"

        def longer(*pair: Any, **_: object) -> Any:
            values = [t if i == place else torch.cat([t[:, :1], t], 1) for i, t in enumerate(pair)]
            return work(values[0], values[1])

        yield [Change(text, instead={number: longer})]
    if side != -len(x):
        yield mend.channels_before(bench, needs)
        yield mend.outputs_before(bench, needs)
    other = 1 - place
    yield [Change(f"leave out {name} in that line", instead={number: lambda *pair, **_: pair[other]})]


def einsum(bench: Workbench) -> Fault | None:
    """A torch.einsum in which one letter stands for two sizes."""
    terms, sizes = _terms(bench.step)
    if not terms or bench.step.in_shape not in sizes:
        return None
    mine = sizes.index(bench.step.in_shape)
    known = dict(zip(terms[mine], sizes[mine]))
    for place, (term, size) in enumerate(zip(terms, sizes)):
        wrong = next((i for i, letter in enumerate(term) if known.get(letter, size[i]) != size[i]), None)
        if wrong is not None and place != mine:
            return _two_sizes(bench, place, wrong, known)
    return None


def _two_sizes(bench: Workbench, place: int, wrong: int, known: dict[str, int]) -> Fault:
    terms, sizes = _terms(bench.step)
    letter, size, name = terms[place][wrong], sizes[place], _name(bench, sizes[place])
    has, needs = known[letter], size[wrong]
    new = tuple(known.get(one, length) for one, length in zip(terms[place], size))

    def resized(equation: str, *given: Any) -> Any:
        operands = list(given[0] if isinstance(given[0], (tuple, list)) else given)
        operands[place] = operands[place].new_zeros(new)
        return torch.einsum(equation, *operands)

    made = f"{name} = nn.Parameter(torch.randn({', '.join(map(str, new))}) / {has}**0.5)"
    ideas: list[Any] = [[Change(made, instead={bench.number: resized})]]
    x = terms[1 - place] if len(terms) == 2 else ""
    if len(size) == 2 and wrong == 0 and x[-1:] == letter:
        text = f"nn.Linear({has}, {size[1]}) in place of the einsum, which adds a bias"
        ideas.append([Change(text, instead={bench.number: resized})])
    ideas += [mend.channels_before(bench, needs), mend.outputs_before(bench, needs)]
    return Fault(
        f"einsum does not fit: {letter} is {has} in x, {product(bench.shape)} for each image, "
        f"but {needs} in {name}, {product(size)}.",
        has=has,
        needs=needs,
        details=("A letter must have one size wherever it stands.",),
        remedies=bench.choose(*ideas).or_else(f"give {name} the shape {new}", f"give x {needs} for {letter}"),
    )


def _terms(step: Step) -> tuple[list[str], list[Shape]]:
    """The letters and sizes of each operand; nothing, if they cannot be told."""
    if not step.args or not isinstance(step.args[0], str) or "." in step.args[0]:
        return [], []
    given = step.args[1:]
    if len(given) == 1 and type(given[0]) in (tuple, list):
        given = tuple(given[0])
    sizes = [tuple(size) for size in given if isinstance(size, torch.Size)]
    terms = step.args[0].replace(" ", "").split("->")[0].split(",")
    fits = [len(term) for term in terms] == [len(size) for size in sizes]
    return (terms, sizes) if fits else ([], [])


def _origin(bench: Workbench, has: int) -> str:
    """Where the number comes from: 7 × 7 = 49."""
    for number in bench.before(bench.number):
        step = bench.broken.steps[number]
        before = bench.broken.image_shape(step.in_shape)
        if len(before) == 3 and math.prod(before[1:]) == has:
            return f"{product(before[1:])} = {has}, made by {named(step.path)} of {product(before)}."
    return ""


def _name(bench: Workbench, size: Sequence[int]) -> str:
    """The name of the only parameter or buffer of this size, else "w"."""
    known = [*bench.model.named_parameters(), *bench.model.named_buffers()]
    names = [name for name, value in known if tuple(value.shape) == tuple(size)]
    return f"self.{names[0]}" if len(names) == 1 else "w"
