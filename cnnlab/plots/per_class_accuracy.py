"""How well each class is recognised, and how sure one can be of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from cnnlab.plots.evaluated import check_evaluation
from cnnlab.plots.style import BLUE, VERMILLION, axes_or_new, class_ticks, styled

if TYPE_CHECKING:
    from cnnlab.training import Evaluation


@styled
def per_class_accuracy(evaluation: Evaluation, ax: Axes | None = None) -> Axes:
    """The accuracy of each class with its 95 % Wilson interval, beside the accuracy of all.

    Args:
        evaluation: what `evaluate` returned.
        ax: where to draw; None makes a new figure.
    Returns:
        The Axes.
    """
    check_evaluation(evaluation)
    rows = [row for row in evaluation.per_class if row.accuracy is not None]  # None: no image of this class
    ax = axes_or_new(ax, max(10, 0.4 * len(rows)), 4.8)  # inches; 0.4 for the name of a class
    places = range(len(rows))
    middle = np.array([row.accuracy for row in rows], dtype=float)
    reach = [middle - [row.low for row in rows], [row.high for row in rows] - middle]
    ax.errorbar(places, middle, yerr=reach, fmt="o", color=BLUE, capsize=6, label="class, 95 % interval")
    low, high = evaluation.interval
    ax.axhspan(low, high, color=VERMILLION, alpha=0.18, linewidth=0)
    whole = f"all {evaluation.n:,} images: {evaluation.accuracy:.2f} %"
    ax.axhline(evaluation.accuracy, color=VERMILLION, linestyle="--", label=whole)
    class_ticks(ax, [row.name for row in rows])
    ax.set_xlabel("class")
    ax.set_ylabel("accuracy (%)")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    return ax
