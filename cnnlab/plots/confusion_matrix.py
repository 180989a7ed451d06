"""Which digit was taken for which."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cnnlab.plots.evaluated import check_evaluation
from cnnlab.plots.style import axes_or_new, class_ticks, styled

if TYPE_CHECKING:
    from cnnlab.training import Evaluation


@styled
def confusion_matrix(evaluation: Evaluation, ax: Axes | None = None) -> Axes:
    """How many images of each true class (row) were taken for each class (column).

    Only the mistakes are coloured: on a good network the right answers are so many that
    they would leave every mistake the same pale colour.

    Args:
        evaluation: what `evaluate` returned.
        ax: where to draw; None makes a new figure.
    Returns:
        The Axes.
    """
    check_evaluation(evaluation)
    counts = evaluation.confusion.numpy()
    classes = [row.name for row in evaluation.per_class]
    size = len(counts)
    ax = axes_or_new(ax, 1.8 + 0.72 * size, 1.5 + 0.66 * size)
    mistakes = np.where(np.eye(size, dtype=bool), 0, counts)
    most = max(int(mistakes.max()), 1)
    ax.imshow(mistakes, cmap="Oranges", vmin=0, vmax=1.5 * most)  # 1.5: the darkest still bears black text
    for row in range(size):
        ax.add_patch(Rectangle((row - 0.5, row - 0.5), 1, 1, facecolor="#e4e4e4"))
        for column in range(size):
            right = row == column
            if counts[row, column]:
                number = f"{counts[row, column]}"
                ax.text(
                    column,
                    row,
                    number,
                    ha="center",
                    va="center",
                    fontsize=min(13 if right else 15, 60 / len(number)),  # 60: so that it stays in its cell
                    fontweight="normal" if right else "bold",
                    color="#444444" if right else "black",
                )
    class_ticks(ax, classes)
    ax.set_yticks(range(size), classes)
    ax.set_xticks(np.arange(-0.5, size), minor=True)
    ax.set_yticks(np.arange(-0.5, size), minor=True)
    ax.grid(which="minor", color="#cccccc", linewidth=0.8)
    ax.tick_params(which="minor", length=0)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    ax.set_title(f"number of images: {mistakes.sum():,} of {counts.sum():,} are mistakes")
    return ax
