"""What a change made of an accuracy, with the uncertainty that the seeds leave."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from cnnlab.plots.style import BLUE, GREY, SMALL, VERMILLION, axes_or_new, styled

if TYPE_CHECKING:
    from cnnlab.experiments import Difference

_COLOUR = {"better": BLUE, "worse": VERMILLION}  # everything else is grey


@styled
def difference_intervals(rows: Iterable[Difference], ax: Axes | None = None) -> Axes:
    """A dot for each change with its 95 % interval; where the interval reaches over 0, the seeds cannot tell.

    Args:
        rows: as `experiments.differences` returns them; the base is the line at 0.
        ax: where to draw; None makes a new figure.
    Returns:
        The Axes, the first change on top.
    Raises:
        ValueError: no row has a difference to draw.
    """
    drawn = [(row, row.difference) for row in rows if row.difference is not None]
    if not drawn:
        raise ValueError("no change has a difference to draw: give rows of at least one change that was run.")
    ax = axes_or_new(ax, 10, 1.6 + 0.5 * len(drawn))
    ax.axvline(0, color="black", linewidth=1)
    for place, (row, difference) in enumerate(drawn):
        colour = _COLOUR.get(row.verdict, GREY)
        if row.low is not None and row.high is not None:
            ax.plot([row.low, row.high], [place, place], color=colour, linewidth=3)
        ax.plot(difference, place, "o", color=colour)
        ax.annotate(
            row.verdict,
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(10, 0),
            textcoords="offset points",
            va="center",
            color=colour,
        )
    ax.set_yticks(range(len(drawn)), [f"{row.setting} = {row.value}" for row, _ in drawn])
    ax.set_ylim(len(drawn) - 0.5, -0.5)
    ax.grid(axis="x", color="#dddddd")
    ax.set_xlabel("accuracy − accuracy of the base (points)")
    ax.set_title("dot: mean over the seeds; line: 95 % interval", fontsize=SMALL)
    return ax
