"""How fast a run goes, and how many seconds are left; pauses and validations are no part of its speed."""

from __future__ import annotations

import math

MEMORY = 5.0  # seconds: what lies farther back counts little, so that the estimate is steady but follows


class Pace:
    """Measures stretches of training and the validations between them.

    >>> pace = Pace()
    >>> pace.trained(steps=100, examples=12800, seconds=2.0)
    >>> pace.validated(0.5)
    >>> pace.seconds_left(steps=300, validations=2)
    7.0
    """

    def __init__(self) -> None:
        self._steps = self._examples = self._seconds = 0.0  # the last few seconds, the older the lighter
        self._validation = 0.0  # seconds the last one took

    def trained(self, steps: int, examples: int, seconds: float) -> None:
        """Note a stretch of training."""
        kept = math.exp(-seconds / MEMORY)
        self._steps = kept * self._steps + steps
        self._examples = kept * self._examples + examples
        self._seconds = kept * self._seconds + seconds

    def validated(self, seconds: float) -> None:
        """Note how long the validation after an epoch took."""
        self._validation = seconds

    @property
    def images_per_second(self) -> float:
        """Of the last few seconds; 0 before the first stretch."""
        return self._examples / self._seconds if self._seconds else 0.0

    def seconds_left(self, steps: int, validations: int) -> float | None:
        """What so many steps and validations will take, or None before the first stretch.

        Args:
            steps: that are still to be made.
            validations: that are still to come; before the first has been measured they count nothing.
        """
        if not self._steps:
            return None
        return self._seconds / self._steps * steps + self._validation * validations
