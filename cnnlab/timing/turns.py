"""Compare the speed of several things on a machine whose own speed drifts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from cnnlab.arithmetic import whole
from cnnlab.device import pick_device
from cnnlab.timing.clock import Timing, synchronise


def take_turns(
    functions: Mapping[str, Callable[[], object]],
    rounds: int = 15,
    device: str | torch.device = "cpu",
) -> dict[str, Timing]:
    """Time functions in turn, A B C A B C …, so that a disturbance hits all of them alike.

    Measured one after the other, the function that ran while another program was busy looks
    slow. In turns, the ratio of two medians holds even while the machine gets slower.

    Args:
        functions: name -> function without arguments.
        rounds: how often each is called, after one call to warm up.
        device: where their work happens.
    Returns:
        Name -> median and spread of a call, in seconds.
    Raises:
        ValueError: there are no functions, or fewer than 3 rounds.

    >>> took = take_turns({"short": lambda: sum(range(10)), "long": lambda: sum(range(100_000))})
    >>> took["long"].median > took["short"].median
    True
    """
    if not functions:
        raise ValueError("no functions to time: give a name and a function for each, {'plain': step}.")
    whole("rounds", rounds, 3)
    device = pick_device(device)
    for fn in functions.values():
        fn()
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, fn in functions.items():
            synchronise(device)
            start = time.perf_counter()
            fn()
            synchronise(device)
            seconds[name].append(time.perf_counter() - start)
    return {name: timing_of(taken) for name, taken in seconds.items()}


def timing_of(seconds: Sequence[float]) -> Timing:
    """Median and spread of calls that were timed elsewhere, such as in other processes.

    Raises:
        ValueError: there are no times.

    >>> timing_of([1.0, 2.0, 4.0]).median
    2.0
    """
    if len(seconds) == 0:
        raise ValueError("no seconds to take a median of: give at least one time.")
    low, median, high = np.quantile(seconds, [0.25, 0.5, 0.75])
    return Timing(float(median), float(high - low), len(seconds))
