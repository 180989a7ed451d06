"""What a guess may be, one of some choices or a range, and whether an outcome makes it right."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from cnnlab.errors import did_you_mean

MOST = 1e300  # a number to guess


def choice(given: object, choices: Sequence[str], what: str = "guess") -> str:
    """The choice that is meant, in any capitals, or as a number without quotes.

    Args:
        given: by the reader.
        choices: one of which it names.
        what: is given, for the message.
    Raises:
        ValueError: it is none of them; the nearest is suggested.

    >>> choice("RELU", ["ReLU", "tanh"]), choice(2, ["1", "2"])
    ('ReLU', '2')
    """
    written = str(given).strip().casefold()  # "Yes" is "yes", and 2 is "2"
    for one in choices:
        if one.casefold() == written:
            return one
    raise ValueError(f"{what}={given!r} is none of the choices: {did_you_mean(given, choices)}")  # type: ignore[arg-type]


def value_range(guess: object) -> list[float]:
    """The two ends of a range, the smaller first.

    Raises:
        ValueError: it is no pair of numbers, or runs backwards.

    >>> value_range((90, 95))
    [90.0, 95.0]
    """
    pair = list(guess) if isinstance(guess, (tuple, list)) else []
    pair = [part.item() if isinstance(part, np.generic) else part for part in pair]
    numbers = [float(p) for p in pair if isinstance(p, (int, float)) and abs(p) <= MOST]  # no nan either
    if len(pair) != 2 or len(numbers) != 2:
        raise ValueError(f"guess={guess!r:.80} is no range: give its two ends, such as guess=(90, 95).")
    if numbers[0] > numbers[1]:
        raise ValueError(f"guess={guess!r} runs backwards: the smaller number comes first.")
    return numbers


def is_right(guess: str | list[float], outcome: str | float) -> bool:
    """Whether the outcome is the choice, or lies in the range; of one number, whether it rounds to it.

    >>> is_right([90.0, 95.0], 95.0), is_right([7.0, 7.0], 7.04), is_right("fc1", "conv1")
    (True, True, False)
    """
    if isinstance(guess, str) or isinstance(outcome, str):
        return guess == outcome
    low, high = guess
    if low == high:  # one number: right if the outcome rounds to it, and is at most 1 % away
        places = min(0, int(Decimal(f"{low:.10g}").as_tuple().exponent))
        return abs(outcome - low) <= min(0.5 * 10.0**places, 0.01 * abs(low))
    return low <= outcome <= high


def in_words(value: object) -> str:
    """A guess or an outcome as sentences write it.

    >>> print(in_words([7840.0, 8000.0]), in_words([7.0, 7.0]), in_words(2.30259), in_words("fc1"))
    7,840 to 8,000 7 2.303 “fc1”
    """
    if isinstance(value, list):
        return " to ".join(dict.fromkeys(_number(end, ".6g") for end in value))  # (7, 7) is 7
    return _number(value, ".4g") if isinstance(value, (int, float)) else f"“{value}”"


def _number(value: float, spec: str) -> str:
    """A whole number with all its digits, another one in `spec`."""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:{spec}}"
