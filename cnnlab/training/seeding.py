"""Seed every generator that training draws from, and keep or restore their states."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

LARGEST_SEED = 2**32 - 1  # NumPy takes no larger one


def set_seed(seed: int) -> None:
    """Make the random numbers of PyTorch (CPU and GPU), NumPy and Python start from one number.

    Call it before building a model, so that its first weights are the same every time.

    Args:
        seed: a whole number from 0 to 2**32 - 1.
    Raises:
        TypeError, ValueError: it is not such a number.

    >>> set_seed(42); first = torch.rand(3)
    >>> set_seed(42); torch.equal(first, torch.rand(3))
    True
    """
    check_seed(seed)
    random.seed(int(seed))
    np.random.seed(seed)  # noqa: NPY002 - the global generator is the one that students' code draws from
    torch.manual_seed(int(seed))  # also seeds every CUDA and MPS device


def check_seed(seed: int) -> None:
    """Refuse what is not a whole number from 0 to 2**32 - 1."""
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TypeError(f"seed={seed!r} is a {type(seed).__name__}: give a whole number such as 0 or 42.")
    if not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"seed={seed} is out of range: give a whole number from 0 to {LARGEST_SEED}.")


def random_states() -> dict[str, Any]:
    """The states of all generators, in types that `torch.load(weights_only=True)` can read."""
    numpy_state: Any = np.random.get_state()  # noqa: NPY002
    name, keys, *rest = numpy_state
    states = {
        "torch": torch.get_rng_state(),
        "numpy": (name, torch.from_numpy(keys.astype(np.int64)), *rest),
        "python": random.getstate(),
    }
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state_all()
    if torch.backends.mps.is_available():
        states["mps"] = torch.mps.get_rng_state()
    return states


def restore_random_states(states: dict[str, Any]) -> None:
    """Put every generator back to where `random_states` found it."""
    torch.set_rng_state(states["torch"])
    name, keys, *rest = states["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    version, inner, gauss_next = states["python"]
    random.setstate((version, tuple(inner), gauss_next))
    if "cuda" in states and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
    if "mps" in states and torch.backends.mps.is_available():
        torch.mps.set_rng_state(states["mps"])


@contextmanager
def own_random_numbers() -> Iterator[None]:
    """Draw and seed as you like inside; the caller's generators are put back afterwards."""
    states = random_states()
    try:
        yield
    finally:
        restore_random_states(states)
