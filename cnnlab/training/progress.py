"""The progress bar of a training run; set TQDM_DISABLE=1 to have none."""

from __future__ import annotations

import os
import time

from tqdm.auto import tqdm

from cnnlab.training.history import Recorder, mean_of

_SECONDS_BETWEEN = 0.2  # often enough for the eye, rare enough to cost nothing


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

    def show(self, recorder: Recorder, epoch: int, last: bool = False) -> None:
        """Redraw, if it is time."""
        now = time.perf_counter()
        if self._bar.disable or not (last or now - self._time >= _SECONDS_BETWEEN):
            return
        recorder.read()
        new = recorder.steps[self._steps :]
        if not new:
            return
        mean = mean_of(new)
        self._bar.set_description(f"epoch {epoch}/{self._epochs}", refresh=False)
        speed = mean.examples / (now - self._time)
        text = f"loss {mean.loss:.3f}, accuracy {mean.accuracy:.1f} %, {speed:,.0f} img/s"
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(len(new))
        self._steps, self._time = len(recorder.steps), now

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._bar.close()
