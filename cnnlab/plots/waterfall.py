"""From a slow start to a fast end, one change at a time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from cnnlab.plots.style import BLUE, GREY, SMALL, VERMILLION, axes_or_new, styled

_ROOM = 1.6  # the axis begins at the fastest time divided by this, so that the last bar has a length


@styled
def waterfall(steps: Mapping[str, float], notes: Sequence[str] = (), ax: Axes | None = None) -> Axes:
    """What each change did to a time: a bar from the time before it to the time after it.

    The axis is logarithmic, or the last bars would be too small to see: bars of the same length stand
    for the same factor, not for the same number of seconds.

    Args:
        steps: what was changed -> seconds after it; the first one is the start.
        notes: a text behind each bar, such as the accuracy that was reached; none, or one for each.
        ax: where to draw; None makes a new figure.
    Returns:
        The Axes, the start on top: grey for the start and the end, blue for faster, vermillion for slower.
    Raises:
        ValueError: there are fewer than two steps, a time is not above 0, or notes are missing.
    """
    names, seconds = list(steps), list(steps.values())
    if len(names) < 2:
        raise ValueError(f"a waterfall leads from a start to an end: {len(names)} step(s) are too few.")
    for name, value in steps.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name!r} takes {value} seconds: a time is above 0.")
    if notes and len(notes) != len(names):
        raise ValueError(f"{len(notes)} notes for {len(names)} steps: give one for each, or none.")

    ax = axes_or_new(ax, 12, 1.2 + 0.62 * (len(names) + 1))
    left = min(seconds) / _ROOM
    rows = [(names[0], left, seconds[0], GREY, _time(seconds[0]))]
    for name, before, after in zip(names[1:], seconds, seconds[1:]):
        colour = BLUE if after <= before else VERMILLION
        rows.append((name, after, before, colour, f"{_time(after)}, {_factor(before, after)}"))
    rows.append(
        ("in the end", left, seconds[-1], GREY, f"{_time(seconds[-1])}, {_factor(seconds[0], seconds[-1])}")
    )

    for place, (_, start, end, colour, text) in enumerate(rows):
        ax.barh(place, max(start, end) - min(start, end), left=min(start, end), color=colour, height=0.62)
        ax.annotate(
            text,
            (max(start, end), place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
        )
    for place, after in enumerate(seconds):  # from each bar to the one below, which begins there
        ax.plot([after, after], [place, place + 1], color="black", linewidth=0.8)
    for place, note in enumerate([*notes, notes[-1]] if notes else []):
        ax.annotate(
            note,
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
        )
    ax.set_xscale("log")
    ax.set_xlim(left, max(seconds) * (max(seconds) / left) ** 0.28)  # room for the longest bar's text
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_yticks(range(len(rows)), [name for name, *_ in rows])
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_xlabel("time (s), logarithmic")
    return ax


def _time(seconds: float) -> str:
    """Two digits: 170 s, 9.8 s, 0.45 s."""
    digits = max(0, 1 - math.floor(math.log10(seconds)))
    return f"{seconds:.{digits}f} s"


def _factor(before: float, after: float) -> str:
    """How many times as fast: 9.8×, 62×; 1.3× slower; or that it takes about as long."""
    factor = before / after
    if 1 / 1.05 < factor < 1.05:
        return "about as long"
    if factor < 1:
        return f"{1 / factor:.1f}× slower"
    return f"{factor:.0f}×" if factor >= 9.95 else f"{factor:.1f}×"
