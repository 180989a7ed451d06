"""Insist on whole numbers: a feature map has no half pixels."""

from __future__ import annotations

import operator
from typing import SupportsIndex


def whole(name: str, value: SupportsIndex, at_least: int = 0) -> int:
    """Check that a size is a whole number in range, and return it as a plain int.

    Args:
        name: what the caller calls the number; the message repeats it.
        value: the number; Python's and NumPy's integers will do.
        at_least: the smallest value that makes sense.
    Returns:
        The value as an int.
    Raises:
        TypeError: the value is a float, a bool, a string or anything else that is not an integer.
        ValueError: the value is smaller than `at_least`.

    >>> whole("k", 5, at_least=1)
    5
    >>> whole("w_in", 13.5)
    Traceback (most recent call last):
    TypeError: w_in=13.5 is not a whole number. A result of / is a float; use // or w_out, which floors.
    """
    if isinstance(value, float):
        # 24.0 is refused as well: nn.Linear and torch.zeros would refuse it later, with less to say.
        raise TypeError(
            f"{name}={value} is not a whole number. A result of / is a float; use // or w_out, which floors."
        )
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name}={value!r} is a {type(value).__name__}, not a whole number: "
            f"write it like {name}={at_least}."
        ) from None
    if number < at_least:
        raise ValueError(f"{name}={number} is too small: use {name} >= {at_least}.")
    return number
