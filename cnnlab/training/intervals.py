"""How sure one can be of an accuracy that was counted on n images."""

from __future__ import annotations

import math

Z95 = 1.959963984540054  # 95 % of a normal distribution lie within this many standard deviations


def wilson_interval(correct: int, n: int) -> tuple[float, float]:
    """The 95 % confidence interval of an accuracy.

    Args:
        correct: how many were right.
        n: out of how many, at least 1.
    Returns:
        Its low and high end, in percent.
    Raises:
        ValueError: `n` is below 1, or `correct` is not between 0 and `n`.
    Source: E. B. Wilson, JASA 22 (1927), 209-212.

    >>> low, high = wilson_interval(9890, 10_000)
    >>> f"{low:.2f} to {high:.2f} %"
    '98.68 to 99.09 %'
    """
    if n < 1 or not 0 <= correct <= n:
        raise ValueError(
            f"{correct} right of {n}: there must be at least one, and no more right than there are."
        )
    p = correct / n
    middle = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n))
    # Rounding must not move an end past the accuracy itself: n right of n reach exactly 100 %.
    return 100 * max(0.0, min(p, middle - half)), 100 * min(1.0, max(p, middle + half))
