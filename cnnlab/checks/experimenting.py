"""The exercise on experiments: what a change made of an accuracy, seed by seed, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import mean, pstdev, stdev

from torch import Tensor

from cnnlab.checks.functions import Misconception, judge_function
from cnnlab.checks.reading import call, function, number, shown
from cnnlab.checks.runner import BLANK, exercise
from cnnlab.checks.verdict import Blank, Wrong

Accuracies = list[float]
Answer = tuple[float, float]

_USAGE = "paired_difference(base_runs, changed_runs, t)"
_CASES: list[tuple[object, ...]] = [  # accuracies in percent, one for each seed, and t for their number
    ([90.0, 88.0, 91.0, 89.0], [91.5, 88.9, 92.2, 90.4], 3.182),
    ([96.2, 95.4, 97.1, 94.9, 96.0], [95.1, 95.6, 95.2, 94.3, 95.5], 2.776),
    ([80.0, 86.0, 83.0], [80.3, 86.9, 83.0], 4.303),
]


def _gaps(base: Accuracies, changed: Accuracies) -> Accuracies:
    return [after - before for before, after in zip(base, changed)]


def _half(gaps: Accuracies, t: float) -> float:
    return t * stdev(gaps) / math.sqrt(len(gaps))


def _right(base: Accuracies, changed: Accuracies, t: float) -> Answer:
    gaps = _gaps(base, changed)
    return mean(gaps), _half(gaps, t)


def _with(half: Callable[[Accuracies, Accuracies, float], float]) -> Callable[..., object]:
    """The right difference with another margin."""
    return lambda base, changed, t: (mean(_gaps(base, changed)), half(base, changed, t))


def _unpaired(a: Accuracies, b: Accuracies, t: float) -> float:
    return t * math.sqrt((stdev(a) ** 2 + stdev(b) ** 2) / len(a))


_DIFFERENCES = [
    Misconception(lambda a, b, t: _right(b, a, t), "the sign: changed minus base."),
    Misconception(
        _with(_unpaired),
        "that is the margin of two separate groups: it does not use that the runs come in pairs.",
    ),
    Misconception(
        _with(lambda a, b, t: t * stdev(_gaps(a, b))),
        "your margin is that of a single run: it has to shrink as the seeds become more.",
    ),
    Misconception(
        _with(lambda a, b, t: t * stdev(_gaps(a, b)) / len(a)), "your margin shrinks too fast with the seeds."
    ),
    Misconception(
        _with(lambda a, b, t: t * pstdev(_gaps(a, b)) / math.sqrt(len(a))),
        "your spread divides by the number of seeds: their mean comes from the same seeds, so it is small.",
    ),
    Misconception(
        _with(lambda a, b, t: t * stdev(_gaps(a, b)) / 2),
        "the first is right; your margin takes four seeds for granted: how many there are, the lists say.",
    ),
    Misconception(
        _with(lambda a, b, t: _half(_gaps(a, b), 3.182)),
        "the first is right; 3.182 is for four seeds: use the t that is given.",
    ),
    Misconception(
        _with(lambda a, b, t: _half(_gaps(a, b), 1.96)), "1.96 is for many seeds: these are few, use t."
    ),
    Misconception(_with(lambda a, b, t: _half(_gaps(a, b), 1)), "t is missing: that margin is no 95 % one."),
    Misconception(
        _with(lambda a, b, t: 2 * _half(_gaps(a, b), t)),
        "that is the whole width: the margin is what stands behind ±.",
    ),
    Misconception(
        lambda a, b, t: (
            mean(_gaps(a, b)) - _half(_gaps(a, b), t),
            mean(_gaps(a, b)) + _half(_gaps(a, b), t),
        ),
        "those are the two ends: the difference and its margin are asked for.",
    ),
    Misconception(
        lambda a, b, t: (max(b) - max(a), _half(_gaps(a, b), t)),
        "you took the best seed of each: that one was lucky.",
    ),
]


@exercise(
    f"What did the change do? {_USAGE}",
    10,
    "Runs with the same seed are compared with each other; t pays for how few they are.",
)
def paired_difference(answer: object = ...) -> None:
    """Check paired_difference(base_runs, changed_runs, t): points, and the half-width of the 95 % interval.

    `base_runs` and `changed_runs` are lists of accuracies in percent, the same seeds in the same order;
    `t` is Student's t for their number. It returns (points, plus_minus).
    """
    student = function(answer, _USAGE, 3)
    first = call(student, *_CASES[0])
    if isinstance(first, (tuple, list)) and any(part is ... or part is None for part in first):
        raise Blank(BLANK)
    if not isinstance(first, (tuple, list, Tensor)) and getattr(first, "shape", ()) != (2,):
        value = shown(number(first, "What your function returns"))
        raise Wrong(f"{value} alone: two numbers are asked for, the difference and its uncertainty.")
    otherwise = "that is not the mean of the differences seed by seed, and its margin of 95 %."
    judge_function(student, _USAGE, _right, _CASES, _DIFFERENCES, otherwise, rtol=1e-3)
