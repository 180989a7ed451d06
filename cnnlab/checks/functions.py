"""Judge a function by what it returns, and recognise what it got wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cnnlab.checks.reading import call, function, kind, listed, shown, table, told
from cnnlab.checks.verdict import Wrong
from cnnlab.words import counted


@dataclass(frozen=True)
class Misconception:
    """A known wrong way to compute it, and what to say to someone who does."""

    gives: Callable[..., object]
    says: str


def same(a: Tensor, b: Tensor, rtol: float = 1e-4) -> bool:
    """Whether two tables have one shape and, up to rounding, the same numbers."""
    return a.shape == b.shape and torch.allclose(a, b, rtol=rtol, atol=1e-6)


def judge_function(
    answer: object,
    usage: str,
    right: Callable[..., object],
    cases: Sequence[tuple[object, ...]],
    misconceptions: Sequence[Misconception],
    otherwise: str,
    rtol: float = 1e-4,
) -> list[object]:
    """Compare a student's function with the right one, then with every known wrong one.

    Args:
        answer: what the student gave.
        usage: how it is called, such as "output_size(w_in, k, p, s)".
        right: computes what is asked.
        cases: the arguments to try.
        misconceptions: known wrong ways; the first that gives the student's numbers is named.
        otherwise: what to say if none does.
        rtol: how far a right number may be off, as a share of it.
    Returns:
        What the student's function returned for each case, if all of it is right.
    Raises:
        Blank, Wrong: see `cnnlab.checks.verdict`.
    """
    student = function(answer, usage, len(cases[0]))
    given = [listed(call(student, *case)) for case in cases]
    values = [_squeezed(table(value, "What your function returns")) for value in given]
    truth = [_squeezed(table(right(*case))) for case in cases]
    values = [_without_a_last_one(value, wanted) for value, wanted in zip(values, truth)]
    off = [i for i in range(len(cases)) if not same(values[i], truth[i], rtol)]
    if not off:
        return given
    example = _example(usage, cases[off[0]], given[off[0]], truth[off[0]])
    for wrong in misconceptions:
        theirs = [_squeezed(table(wrong.gives(*case))) for case in cases]
        if all(same(v, t, rtol) for v, t in zip(values, theirs)):
            raise Wrong(told(example, wrong.says))
    if all(_lost_decimals(value, wanted, rtol) for value, wanted in zip(values, truth)):
        raise Wrong(told(example, "decimals are lost: give all of them, and round when you print."))
    if truth[off[0]].ndim == 1 and values[off[0]].ndim > 1 and len(values[off[0]]) == truth[off[0]].numel():
        raise Wrong(told(example, "each should be one number."))
    _judge_count(usage, values[off[0]].numel(), truth[off[0]])
    raise Wrong(told(example, otherwise))


def _lost_decimals(value: Tensor, wanted: Tensor, rtol: float) -> bool:
    """Whether these are the right numbers, but for decimals that were rounded or cut off."""
    if value.shape != wanted.shape or bool((value == 0).all()):
        return False
    fits = torch.isclose(value, wanted, rtol=rtol)
    for decimals in range(4):
        scaled = wanted * 10**decimals
        for made in (scaled.round(), scaled.trunc(), (scaled + 0.5).floor()):
            fits |= torch.isclose(value, made / 10**decimals, rtol=1e-6)
    return bool(fits.all())


def _judge_count(usage: str, count: int, wanted: Tensor) -> None:
    """Raise `Wrong` where another number of numbers was given than is asked for; a map is not counted."""
    asked = wanted.numel()
    if count == asked or wanted.ndim > 1:
        return
    missing = {1: ", and the second is missing", 2: ", and the third is missing"}
    rest = missing.get(count, "") if asked == count + 1 else ""
    name = usage.partition("(")[0]
    raise Wrong(
        f"{name} gives {counted(count, 'number')}: {asked} {'is' if asked == 1 else 'are'} asked for{rest}."
    )


def _squeezed(value: Tensor) -> Tensor:
    """A table with a single number as that number."""
    return value.reshape(()) if value.numel() == 1 else value


def _without_a_last_one(value: Tensor, wanted: Tensor) -> Tensor:
    """(2, 1) as (2,), where that is wanted: a pair of tensors that hold one number each."""
    return value.squeeze(-1) if value.shape == (*wanted.shape, 1) else value


def _example(usage: str, case: tuple[object, ...], given: object, wanted: Tensor) -> str:
    """One call and what came of it, such as "output_size(28, 5, 2, 1) gives 26"."""
    value = _squeezed(table(given))
    gives = shown(value.item()) if value.ndim == 0 else kind(given)
    if isinstance(given, (tuple, list)) and value.ndim > 1 and isinstance(given[0], Tensor):
        gives = f"{counted(len(given), 'tensor')} of shape {tuple(given[0].shape)}"
    if value.ndim == 1 and value.numel() <= 4:
        gives = f"({', '.join(shown(v) for v in value.tolist())})"
    elif value.shape == wanted.shape and value.numel() > 4:  # the form is right: the numbers tell more
        gives = f"{', '.join(shown(v) for v in value.flatten()[:3].tolist())}, …"
    short = all(isinstance(a, (int, list)) for a in case)
    if not short:
        return f"Your function gives {gives}"
    return f"{usage.partition('(')[0]}({', '.join(map(str, case))}) gives {gives}"
