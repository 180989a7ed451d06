"""A clock that can be trusted, and one that cannot, to show the difference.

Three things make a time wrong: the first calls, which set things up; a GPU, which is given
work and has not done it yet when the call returns; and a single run, which another program
may have disturbed. `time_call` warms up, waits for the device and takes a median.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from cnnlab.arithmetic import whole
from cnnlab.device import pick_device

FEWEST_RUNS = 3  # a median of fewer says nothing
MOST_THREADS = 1024  # more than any machine of today has cores


@dataclass(frozen=True)
class Timing:
    """How long one call takes."""

    median: float  # seconds
    iqr: float  # seconds between the first and the third quartile: how much the runs differ
    runs: int  # measurements that the median is of

    @property
    def ms(self) -> float:
        """The median in milliseconds."""
        return self.median * 1e3

    def __str__(self) -> str:
        return f"{self.ms:.3g} ms (IQR {self.iqr * 1e3:.2g} ms, {self.runs} runs)"


def time_call(
    fn: Callable[[], object], device: str | torch.device = "cpu", min_seconds: float = 0.2
) -> Timing:
    """Time a function: warmed up, with the device's work finished, as the median of several runs.

    Args:
        fn: called without arguments, many times.
        device: where its work happens.
        min_seconds: how long to measure, at least; it is measured three times even if that takes longer.
    Returns:
        The median and the spread, in seconds a call.
    Raises:
        ValueError: `min_seconds` is not positive, or endless.

    >>> time_call(lambda: sum(range(1000)), min_seconds=0.01).median < 1
    True
    """
    if not 0 < min_seconds < math.inf:
        raise ValueError(f"min_seconds={min_seconds} is no time to measure: use 0.2, for example.")
    device = pick_device(device)
    # Where a CUDA toolkit is installed and no GPU is, this import warns of it: here that is no news.
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
    from torch.utils.benchmark import Timer

    def clock() -> float:
        synchronise(device)
        return time.perf_counter()

    fn()  # sets up: allocations, the choice of algorithms
    start = clock()
    fn()
    second = clock() - start

    # Timer uses 1 thread unless told: then it would not time what the caller's program does.
    timer = Timer("fn()", globals={"fn": fn}, timer=clock, num_threads=torch.get_num_threads())
    at_least = max(min_seconds, (FEWEST_RUNS - 0.5) * second)
    times = timer.blocked_autorange(min_run_time=at_least).times
    while len(times) < FEWEST_RUNS:  # a run can be a block of ten calls, to drown the clock's own time
        times = [*times, *timer.blocked_autorange(min_run_time=min_seconds).times]
    low, median, high = np.percentile(times, [25, 50, 75]).tolist()
    return Timing(median, high - low, len(times))


def wrong_clock(fn: Callable[[], object], calls: int = 5) -> list[float]:
    """Time a function in the way that misleads: no warm-up, no waiting for the device, single calls.

    For lessons only: compare with `time_call`. On a GPU it measures how long it takes to
    *ask* for the work.

    Args:
        fn: called without arguments.
        calls: how often.
    Returns:
        The seconds of each call, the first one first.
    """
    seconds = []
    for _ in range(whole("calls", calls, 1)):
        start = time.perf_counter()
        fn()
        seconds.append(time.perf_counter() - start)
    return seconds


def synchronise(device: torch.device) -> None:
    """Wait until a device has done what it was asked; the CPU always has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


@contextmanager
def thread_count(threads: int | None) -> Iterator[None]:
    """Let PyTorch use this many threads inside a `with` block, and as many as before after it.

    Args:
        threads: how many; None changes nothing.
    Raises:
        ValueError: they are fewer than 1, or more than any machine has.

    >>> with thread_count(1):
    ...     torch.get_num_threads()
    1
    """
    before = torch.get_num_threads()
    if threads is not None:
        threads = whole("threads", threads, 1)
        if threads > MOST_THREADS:
            raise ValueError(
                f"threads={threads}: more than {MOST_THREADS:,} help nowhere, and may end Python."
            )
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
