"""Loss and accuracy while a network learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np

from cnnlab.plots.pixels import Pixels
from cnnlab.plots.style import BLUE, GREY, ORANGE, SMALL, VERMILLION, styled

if TYPE_CHECKING:
    from cnnlab.training import History


@styled
def curves(history: History, every: int | None = None, reference: Sequence[float] | None = None) -> Pixels:
    """Loss and accuracy over the steps of a training run, side by side.

    Args:
        history: what `fit` returned.
        every: steps that one point averages, such as lab 002's 300; None draws about 40 points.
        reference: losses somebody else reported, one for each `every` steps.
    Returns:
        Two Axes: loss, and accuracy in percent.
    Raises:
        TypeError: it is not a History.
        ValueError: the history is empty, or a reference comes without `every`.
    """
    if not hasattr(history, "steps"):
        raise TypeError(f"history is a {type(history).__name__}: give what fit returned.")
    if len(history.steps) == 0:
        raise ValueError("the history has no step: train for at least one batch before drawing it.")
    if reference is not None and every is None:
        raise ValueError("reference= needs every=: how many steps does one reported loss average?")
    points = history.every(max(1, len(history.steps) // 40) if every is None else every)
    steps = [point.step for point in points]
    _, (left, right) = plt.subplots(1, 2, figsize=(13, 4.8))
    marker = {"marker": "o"} if len(steps) <= 45 else {}
    left.plot(steps, [point.loss for point in points], color=BLUE, label="training", **marker)
    right.plot(steps, [point.accuracy for point in points], color=BLUE, label="training", **marker)
    if reference is not None and every is not None:
        places = [every * number for number in range(1, len(reference) + 1)]
        style = {"color": VERMILLION, "marker": "s", "markersize": 6, "linestyle": "--"}
        left.plot(places, reference, label="reported by the lab", **style)
    ends = _last_steps(history)
    checked = [record for record in history.epochs if record.validation_accuracy is not None]
    if checked:
        places = [ends[record.epoch] for record in checked]
        style = {"color": ORANGE, "marker": "D", "markersize": 10, "linestyle": "none", "zorder": 3}
        left.plot(places, [record.validation_loss for record in checked], label="validation", **style)
        right.plot(places, [record.validation_accuracy for record in checked], label="validation", **style)
    few = len(ends) <= 12  # more lines would hide the curve
    for ax, what in ((left, "loss (cross-entropy)"), (right, "accuracy (%)")):
        for end in ends.values() if few else ():
            ax.axvline(end, color=GREY, linestyle=":", linewidth=1, zorder=0)
        ax.set_xlabel("step (one batch each; dotted: end of an epoch)" if few else "step (one batch each)")
        ax.set_ylabel(what)
        ax.tick_params(labelsize=SMALL)
        ax.legend()
    left.set_ylim(bottom=0)
    return np.array([left, right])


def _last_steps(history: History) -> dict[int, int]:
    """Epoch -> its last step."""
    return {record.epoch: record.step for record in history.steps}
