"""Throughput against batch size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from cnnlab.plots.style import MARKERS, PALETTE, axes_or_new, styled

if TYPE_CHECKING:
    from cnnlab.timing import SweepRow


@styled
def timing_curves(sweeps: Mapping[str, Iterable[SweepRow]], ax: Axes | None = None) -> Axes:
    """Images per second against batch size, one line for each sweep, both axes logarithmic.

    Args:
        sweeps: name -> rows with batch_size and images_per_second, as `timing.sweep` returns them.
        ax: where to draw; None makes a new figure.
    Returns:
        The Axes.
    Raises:
        TypeError: sweeps are no mapping, or a row is no measurement.
        ValueError: there are no sweeps or no times, or more sweeps than there are colours to tell apart.
    """
    if not isinstance(sweeps, Mapping):
        kind = type(sweeps).__name__
        raise TypeError(f"sweeps are a {kind}: give a name for each, such as {{'cpu': rows}}.")
    if not 1 <= len(sweeps) <= len(PALETTE):
        raise ValueError(f"{len(sweeps)} sweeps: give 1 to {len(PALETTE)}, more lines cannot be told apart.")
    ax = axes_or_new(ax, 10, 5)
    sizes: set[int] = set()
    for (name, rows), colour, marker in zip(sweeps.items(), PALETTE, MARKERS):
        rows = list(rows)
        wrong = next((row for row in rows if not hasattr(row, "images_per_second")), None)
        if wrong is not None:
            raise TypeError(
                f"sweeps[{name!r}] holds a {type(wrong).__name__}: give the rows that timing.sweep returned."
            )
        measured = [
            (row.batch_size, row.images_per_second) for row in rows if row.images_per_second is not None
        ]  # None: this batch did not fit into memory
        batch_sizes = [size for size, _ in measured]
        ax.plot(batch_sizes, [speed for _, speed in measured], color=colour, marker=marker, label=name)
        sizes.update(batch_sizes)
    if not sizes:
        raise ValueError("no sweep has a time to draw: measure at least one batch that fits into memory.")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(sorted(sizes), [f"{size:,}" for size in sorted(sizes)])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.grid(axis="y", color="#dddddd")
    ax.set_xlabel("batch size (images)")
    ax.set_ylabel("images per second")
    ax.legend()
    return ax
