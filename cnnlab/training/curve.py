"""A learning curve that stays small however long the run: its steps, or the means of neighbouring ones."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnnlab.training.history import StepRecord

COLUMNS = ("step", "loss", "accuracy", "lr")  # of a point
_WIDTH = len(COLUMNS) + 1  # the number of examples weighs them


class Curve:
    """Collects the steps of a run, and gives them back as few points.

    >>> curve = Curve()
    >>> curve.add([StepRecord(1, 1, 2.0, 50.0, 0.1, 0.0, 64), StepRecord(2, 1, 1.0, 70.0, 0.1, 0.0, 64)])
    >>> curve.points(every=2).tolist()[0][:3]
    [2.0, 1.5, 60.0]
    """

    def __init__(self) -> None:
        self._numbers = array("d")

    def __len__(self) -> int:
        """Steps collected."""
        return len(self._numbers) // _WIDTH

    def add(self, steps: Sequence[StepRecord]) -> None:
        """Append steps, in their order."""
        for s in steps:
            self._numbers.extend((s.step, s.loss, s.accuracy, s.lr, s.examples))

    def every(self, most: int) -> int:
        """Steps that one point has to stand for, a power of two, so that there are at most `most` points."""
        every = 1
        while every * most < len(self):
            every *= 2
        return every

    def points(self, first: int = 0, last: int | None = None, every: int = 1) -> NDArray[np.float32]:
        """The steps from `first` up to `last`, counted from 0, in groups of `every`.

        Returns:
            (points, 4) float32: the group's last step, its mean loss and accuracy (%) weighted by
            example, and its last learning rate. The last group may be smaller.
        """
        rows = np.frombuffer(self._numbers).reshape(-1, _WIDTH)[first:last].copy()
        if not len(rows):
            return np.empty((0, len(COLUMNS)), np.float32)
        starts = np.arange(0, len(rows), every)
        ends = np.append(starts[1:], len(rows)) - 1
        examples = rows[:, 4:]
        means = np.add.reduceat(rows[:, 1:3] * examples, starts) / np.add.reduceat(examples, starts)
        return np.column_stack([rows[ends, 0], means, rows[ends, 3]]).astype(np.float32)
