"""Answers to the difference over seeds."""

from __future__ import annotations

import math
import statistics

import numpy as np
import torch

from cnnlab import checks
from cnnlab.experiments.differences import _interval
from tests.checks.cases import Cases


def by_hand(base, changed, t):
    gaps = [b - a for a, b in zip(base, changed)]
    middle = sum(gaps) / len(gaps)
    variance = sum((gap - middle) ** 2 for gap in gaps) / (len(gaps) - 1)
    return middle, t * math.sqrt(variance / len(gaps))


def with_numpy(base, changed, t):
    gaps = np.array(changed) - np.array(base)
    return np.array([gaps.mean(), t * gaps.std(ddof=1) / len(gaps) ** 0.5])


def with_torch(base, changed, t):
    gaps = torch.tensor(changed) - torch.tensor(base)
    return gaps.mean(), t * gaps.std() / math.sqrt(len(gaps))


def population(base, changed, t):
    gaps = np.array(changed) - np.array(base)
    return gaps.mean(), t * gaps.std() / len(gaps) ** 0.5


def separate(base, changed, t):
    spread = statistics.variance(base) / len(base) + statistics.variance(changed) / len(changed)
    return statistics.mean(changed) - statistics.mean(base), t * spread**0.5


def ends(base, changed, t):
    middle, half = by_hand(base, changed, t)
    return middle - half, middle + half


def scaled(factor):
    def answer(base, changed, t):
        middle, half = by_hand(base, changed, t)
        return middle, half * factor(len(base))

    return answer


CASES = {
    "paired_difference": Cases(
        right=[by_hand, with_numpy, with_torch, lambda a, b, t: list(by_hand(a, b, t))],
        wrong=[
            (lambda a, b, t: by_hand(b, a, t), "The sign"),
            (separate, "it does not use that the runs come in pairs"),
            (scaled(lambda n: n**0.5), "that of a single run"),
            (scaled(lambda n: n**-0.5), "shrinks too fast"),
            (population, "divides by the number of seeds"),
            (lambda a, b, t: by_hand(a, b, 1.96), "1.96 is for many seeds"),
            (lambda a, b, t: by_hand(a, b, 3.182), "3.182 is for four seeds"),
            (scaled(lambda n: n**0.5 / 2), "takes four seeds for granted"),
            (lambda a, b, t: by_hand(a, b, 1), "T is missing"),
            (scaled(lambda n: 2), "the whole width"),
            (ends, "Those are the two ends"),
            (lambda a, b, t: (max(b) - max(a), by_hand(a, b, t)[1]), "that one was lucky"),
            (lambda a, b, t: by_hand(a, b, t)[0], "1.25 alone: two numbers"),
            (lambda a, b, t: (0.5, 0.5), "not the mean of the differences"),
        ],
        secret=["0.421", "sqrt", "√", "n − 1"],
    ),
}


def test_it_is_the_interval_that_the_experiments_give() -> None:
    assert checks.paired_difference(lambda a, b, t: _interval([y - x for x, y in zip(a, b)]))


def test_two_blanks_are_not_yet() -> None:
    assert checks.paired_difference(lambda base, changed, t: (..., ...)).state == "not yet"
    assert checks.paired_difference(lambda base, changed, t: (1.25, None)).state == "not yet"
