"""Answers to accuracy, the difference of two accuracies, and the clock."""

from __future__ import annotations

import itertools
import math
import statistics
import time
import timeit
from collections.abc import Callable
from time import perf_counter

import numpy as np
import pytest
import torch

from cnnlab import checks
from tests.checks.cases import Cases


def counted(model, batches):
    right = images = 0
    for x, y in batches:
        right += (model(x).argmax(dim=1) == y).sum().item()
        images += len(y)
    return 100 * right / images


def on_the_models_device(model, batches):
    device = next(model.parameters()).device
    return counted(model, [(x.to(device), y.to(device)) for x, y in batches])


def joined(model, batches):
    x, y = (torch.cat(parts) for parts in zip(*batches))
    return 100 * (model(x).argmax(1) == y).float().mean()


def averaged(model, batches):
    return np.mean([100 * (model(x).argmax(1) == y).double().mean().item() for x, y in batches])


def anew(model, batches):
    for x, y in batches:
        right = (model(x).argmax(1) == y).sum()
    return 100 * right / len(y)


def difference(a, b, n, z=1.96):
    p, q = a / n, b / n
    return 100 * (p - q), 100 * z * math.sqrt(p * (1 - p) / n + q * (1 - q) / n)


def by_standard_errors(a, b, n):
    shares = np.array([a, b]) / n
    errors = np.sqrt(shares * (1 - shares) / n)
    return np.array([shares[0] - shares[1], 2 * np.hypot(*errors)]) * 100


def added(a, b, n):
    margins = [1.96 * math.sqrt(x / n * (1 - x / n) / n) for x in (a, b)]
    return 100 * (a - b) / n, 100 * sum(margins)


def honest(work, synchronise):
    work()
    synchronise()
    start = perf_counter()
    for _ in range(20):
        work()
    synchronise()
    return (perf_counter() - start) / 20


def median_of_many(work, synchronise):
    times = []
    for _ in range(12):
        start = time.time()
        work()
        synchronise()
        times.append(time.time() - start)
    return torch.tensor(statistics.median(times[2:]))


def clock(warm=True, wait_before=True, wait_after=True, late=False, times=10, factor=1.0):
    def seconds(work, synchronise):
        if warm:
            work()
        if wait_before:
            synchronise()
        start = perf_counter()
        for _ in range(times):
            work()
        if wait_after and not late:
            synchronise()
        end = perf_counter()
        if late:
            synchronise()
        return factor * (end - start) / times

    return seconds


def warm_without_a_wait(work, synchronise):
    for _ in range(3):
        work()
    return clock(warm=False, wait_before=False, times=200)(work, synchronise)


def warm_three_times(work, synchronise):
    for _ in range(3):
        work()
    return clock(warm=False, times=2)(work, synchronise)


def warm_in_a_loop_and_one(work, synchronise):
    for _ in range(3):
        work()
    return clock(warm=False, times=1)(work, synchronise)


def warm_and_wait_and_one(work, synchronise):
    for _ in range(5):
        work()
        synchronise()
    return clock(warm=False, times=1)(work, synchronise)


def last_of_many(work, synchronise):
    for _ in range(5):
        took = clock(warm=False, times=1)(work, synchronise)
    return took


def mean_of_two(work, synchronise):
    clock()(work, synchronise)
    return statistics.fmean(clock(times=1)(work, synchronise) for _ in range(2))


def by_timeit(work, synchronise):
    def both():
        work()
        synchronise()

    both()
    return timeit.timeit(both, number=8) / 8


def until_it_is_enough(work, synchronise):
    clock(times=1)(work, synchronise)
    times, start = 0, perf_counter()
    while perf_counter() - start < 0.05:
        work()
        synchronise()
        times += 1
    return (perf_counter() - start) / times


def mean_of_each(work, synchronise):
    times = [clock(warm=False, times=1)(work, synchronise) for _ in range(150)]
    return statistics.fmean(times)


def by_monotonic(work, synchronise):
    honest(work, synchronise)
    start = time.monotonic()
    for _ in range(30):
        work()
        synchronise()
    return (time.monotonic() - start) / 30


def fastest_of_nine(work, synchronise):
    return min(clock(warm=i == 0, times=1)(work, synchronise) for i in range(9))


CASES = {
    "accuracy": Cases(
        right=[counted, joined, on_the_models_device, lambda m, b: torch.tensor([counted(m, b)])],
        wrong=[
            (lambda m, b: counted(m, b) / 100, "that is a share"),
            (averaged, "an image of the last, smaller batch counts too much"),
            (lambda m, b: counted(m, b[:-1]), "the last, smaller batch is missing"),
            (lambda m, b: int(counted(m, b)), "the decimals are cut off"),
            (lambda m, b: counted(m, [(x[:10], y[:10]) for x, y in b]), "the first ten images of each batch"),
            (lambda m, b: 100 - counted(m, b), "those are the wrong ones"),
            (anew, "the last batch alone"),
            (lambda m, b: 100 * counted(m, b), "not the share of right answers"),
            (lambda m, b: (counted(m, b), len(b)), "accuracy gives 2 numbers: 1 is asked for"),
            (lambda m, b: round(counted(m, b), 1), "Decimals are lost"),
            (lambda m, b: f"{counted(m, b):.2f} %", "is a text: numbers are asked for"),
        ],
        secret=["argmax"],
    ),
    "accuracy_difference": Cases(
        right=[difference, by_standard_errors, lambda a, b, n: torch.tensor(difference(a, b, n, z=2))],
        wrong=[
            (
                lambda a, b, n: np.float64(1).item,
                "What your function returns is a function: are its brackets",
            ),
            (
                lambda a, b, n: (np.float64(1).item, 1),
                "the first of its 2 parts is a function: are its brackets",
            ),
            (lambda a, b, n: (1, "0.3"), "the second of its 2 parts is a text: a number is asked for"),
            (lambda a, b, n: a / b, "1.004 alone: that is a ratio"),
            (lambda a, b, n: tuple(v / 100 for v in difference(a, b, n)), "those are shares"),
            (lambda a, b, n: difference(b, a, n), "The sign"),
            (lambda a, b, n: difference(a, b, n, z=1), "covers 68 %"),
            (added, "You added the two margins"),
            (lambda a, b, n: (100 * (a - b) / n, 0.1), "not the difference in points and its margin"),
        ],
        secret=["0.2942", "sqrt", "√"],
    ),
    "clock": Cases(
        right=[
            honest,
            median_of_many,
            by_monotonic,
            fastest_of_nine,
            warm_three_times,
            clock(),
            clock(times=2),
            clock(times=200),
            mean_of_two,
            by_timeit,
            until_it_is_enough,
        ],
        wrong=[
            (clock(wait_before=False, wait_after=False), "never calls synchronise()"),
            (clock(warm=False), "the first call is in it"),
            (clock(warm=False, times=1), "Your clock measures the very first call"),
            (clock(wait_before=False), "the first call is in it"),
            (clock(warm=False, times=150), "the first call is in it"),
            (clock(wait_before=False, times=200), "the first call is in it"),
            (warm_without_a_wait, "the first call is in it"),
            (mean_of_each, "the first call is in it"),
            (clock(late=True), "it stops before synchronise()"),
            (clock(factor=0.5), "divides by too many calls"),
            (
                lambda work, synchronise: 0.7 * fastest_of_nine(work, synchronise),
                "Your clock measures too little",
            ),
            (clock(factor=10), "the time of all calls together"),
            (clock(factor=1000), "are these milliseconds?"),
            (clock(factor=-1), "less than no time"),
            (lambda work, synchronise: 0.1, "never calls work()"),
            (clock(times=1), "times one single call: the mean of several is asked for"),
            (warm_in_a_loop_and_one, "times one single call"),
            (warm_and_wait_and_one, "times one single call"),
            (last_of_many, "times one single call"),
        ],
        secret=["0.004", "4 ms"],
    ),
}


def test_an_honest_clock_may_take_the_mean_or_the_median() -> None:
    assert checks.clock(honest)
    assert checks.clock(median_of_many)


@pytest.mark.parametrize("student", [honest, median_of_many, fastest_of_nine, clock(times=3)])
def test_an_honest_clock_is_right_on_a_busy_machine_too(
    student: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most waits take three times as long as the work, and one of them far longer."""
    usual, stalls = time.sleep, itertools.cycle([2, 1, 3, 3, 20, 3, 3, 3])
    monkeypatch.setattr(time, "sleep", lambda seconds: usual(seconds + 0.004 * (next(stalls) - 1)))
    assert checks.clock(student)
    assert not checks.clock(clock(late=True))


def test_an_accuracy_and_a_difference_may_be_numbers_of_any_kind() -> None:
    assert checks.accuracy(joined)
    assert checks.accuracy_difference(by_standard_errors)
