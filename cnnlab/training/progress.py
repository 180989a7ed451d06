"""The progress bar of a training run; TQDM_DISABLE=1 in the environment hides it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from tqdm.auto import tqdm

from cnnlab.training.history import StepRecord, mean_of

SECONDS_BETWEEN = 0.2  # often enough for the eye, rare enough to cost nothing
SMOOTHED = 100  # steps: one alone jumps too much to be read


class Progress:
    """One bar for the whole run: epoch, loss, accuracy and images per second, live.

    Args:
        shown: False draws nothing.
        epochs: passes over the data.
        steps_per_epoch: batches in one pass, or None where that is not known.
        done: steps that an earlier part of the run has made.
    """

    def __init__(self, shown: bool, epochs: int, steps_per_epoch: int | None, done: int = 0) -> None:
        total = None if steps_per_epoch is None else epochs * steps_per_epoch
        hidden = not shown or bool(os.environ.get("TQDM_DISABLE"))  # tqdm's notebook bar does not look there
        self._bar = tqdm(total=total, initial=done, unit="step", disable=hidden)
        self._epochs = epochs
        self._steps = done
        self._time = time.perf_counter()

    @property
    def due(self) -> bool:
        """Whether it is time to redraw."""
        return not self._bar.disable and time.perf_counter() - self._time >= SECONDS_BETWEEN

    def show(self, steps: Sequence[StepRecord], epoch: int) -> None:
        """Redraw, with the means over the last `SMOOTHED` steps and the speed since the last time.

        Args:
            steps: all that were recorded so far.
            epoch: the present one, counted from 1.
        """
        new = steps[self._steps :]
        if self._bar.disable or not new:
            return
        now, mean = time.perf_counter(), mean_of(steps[-SMOOTHED:])
        speed = sum(step.examples for step in new) / (now - self._time)
        self._bar.set_description(f"epoch {epoch}/{self._epochs}", refresh=False)
        text = f"loss {mean.loss:.3f}, accuracy {mean.accuracy:.1f} %, {speed:,.0f} img/s"
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(len(new))
        self._steps, self._time = len(steps), now

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._bar.refresh()
        self._bar.close()
