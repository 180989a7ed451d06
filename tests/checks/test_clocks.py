"""Answers to the honest clock."""

from __future__ import annotations

import itertools
import statistics
import time
import timeit
from collections.abc import Callable
from time import perf_counter

import pytest
import torch

from cnnlab import checks
from cnnlab.checks.clocks import _FakeDevice
from tests.checks.cases import Cases


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


def divided_by(other, times):
    """Calls in one wait, divided by another number."""
    return lambda work, synchronise: clock(times=times)(work, synchronise) * times / other


def timed(times, late_start=False):
    def each(work, synchronise):
        work()
        synchronise()
        took = []
        for _ in range(times):
            start = perf_counter()
            work()
            start = perf_counter() if late_start else start
            synchronise()
            took.append(perf_counter() - start)
        return took

    return each


def by_process_time(work, synchronise):
    work()
    synchronise()
    start = time.process_time()
    for _ in range(10):
        work()
    synchronise()
    return (time.process_time() - start) / 10


def of(times, choose, **changed):
    return lambda work, synchronise: choose(timed(times, **changed)(work, synchronise))


CASES = {
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
            of(10, statistics.fmean),
            of(3, statistics.median),
            of(2, min),
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
            (clock(late=True), "stops before synchronise(), or"),
            (clock(factor=0.5), "divides by too many calls"),
            (
                lambda work, synchronise: 0.7 * fastest_of_nine(work, synchronise),
                "Your clock measures too little",
            ),
            (clock(factor=10), "the time of all calls together"),
            (clock(factor=1000), "are these milliseconds?"),
            (clock(factor=1e9), "are these nanoseconds?"),
            (clock(factor=2e7), "which unit is that?"),
            (lambda work, synchronise: 1 / honest(work, synchronise), "calls for each second"),
            (by_process_time, "which stands still while it waits for the device"),
            (divided_by(46, times=40), "divides by too many calls"),
            (of(10, statistics.fmean, late_start=True), "it starts after work()"),
            (of(10, lambda took: took[0]), "times one single call"),
            (of(10, lambda took: took[-1]), "times one single call"),
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


def test_a_mean_that_is_divided_by_one_less_is_told_from_every_honest_time() -> None:
    """On a busy machine a clock may pass with it, so that no honest one is refused."""
    device = _FakeDevice()
    device.usual = [(1, 0.003), (10, 0.050), (1, 0.006)]
    assert device.divided_by_one_too_few(0.059 / 11)
    assert not any(device.divided_by_one_too_few(value) for value in (0.003, 0.005, 0.006, 0.059 / 12))
