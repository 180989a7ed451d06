"""The chart of `benchmarks.growth`; apart from it, as Matplotlib would count in the memory of every run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from cnnlab.plots.style import BLUE, GREY, VERMILLION, styled

if TYPE_CHECKING:
    from benchmarks.growth import Growth


@styled
def draw(rows: Sequence[Growth], most: float) -> Figure:
    """Time above, memory below, a column for each thing that grows; all axes logarithmic.

    Args:
        rows: of everything that grew, each kind in its order.
        most: memory in MiB that a run may take.
    """
    kinds = list(dict.fromkeys(row.grows for row in rows))
    figure, axes = plt.subplots(2, len(kinds), figsize=(17, 8), squeeze=False, sharex="col")
    for (above, below), kind in zip(axes.T, kinds):
        chosen = [row for row in rows if row.grows == kind]
        values, linear = [row.value for row in chosen], [row.linear for row in chosen]
        for ax, measured in ((above, [r.seconds for r in chosen]), (below, [r.peak for r in chosen])):
            ax.plot(values, [measured[0] * times for times in linear], "--", color=GREY, label="slope 1")
            ax.plot(values, measured, "o-", color=BLUE, label="measured")
            ax.set_xscale("log")
            ax.set_yscale("log")
            ax.grid(color="#dddddd")
        above.set(title=f"time of {chosen[0].of} (s)")
        below.axhline(most, color=VERMILLION, linewidth=1.5)
        below.set(title="peak memory (MiB)", xlabel=kind, ylim=(400, 4000))
        below.set_yticks([500, 1000, 2000, 4000], ["500", "1,000", "2,000", "4,000"])
        below.set_xticks(values, [short(value) for value in values])
        if len(values) > 5:
            plt.setp(below.get_xticklabels(), rotation=45, ha="right", rotation_mode="anchor")
        above.xaxis.set_minor_locator(plt.NullLocator())
        below.yaxis.set_minor_locator(plt.NullLocator())
    axes[0, 0].legend(loc="lower right")
    last = axes[1, -1].get_xlim()[1]
    axes[1, -1].text(last, most * 0.93, f"{most / 1024:g} GiB", color=VERMILLION, ha="right", va="top")
    return figure


def short(value: int) -> str:
    """A number for an axis.

    >>> short(600_000), short(4096)
    ('600k', '4,096')
    """
    return f"{value // 1000}k" if value >= 1000 and value % 1000 == 0 else f"{value:,}"
