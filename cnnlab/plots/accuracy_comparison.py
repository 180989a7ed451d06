"""Accuracies of several networks, with what chance does to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from cnnlab.plots.style import BLUE, GREY, SMALL, VERMILLION, axes_or_new, styled


@styled
def accuracy_comparison(
    accuracies: Mapping[str, Sequence[float]],
    intervals: Mapping[str, tuple[float, float]] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """One line for each network: a point for each seed and the mean as a bar.

    Args:
        accuracies: name -> test accuracies in percent, one for each seed.
        intervals: name -> (low, high) in percent, such as a Wilson interval; drawn in grey.
        ax: where to draw; None makes a new figure.
    Returns:
        The Axes, the first network on top.
    Raises:
        ValueError: there are no networks, one has no accuracy, or one that is not 0 to 100.
    """
    empty = [name for name, values in accuracies.items() if len(values) == 0]
    if not accuracies or empty:
        raise ValueError(f"no accuracies to draw{' for ' + ', '.join(empty) if empty else ''}.")
    for name, values in accuracies.items():
        _check(f"the accuracies of {name} hold", values)
    for name, interval in (intervals or {}).items():
        _check(f"the interval of {name} holds", interval)
    ax = axes_or_new(ax, 10, 1.4 + 0.62 * len(accuracies))
    for place, (name, values) in enumerate(accuracies.items()):
        mean = sum(values) / len(values)
        if intervals is not None and name in intervals:
            low, high = intervals[name]
            ax.plot([low, high], [place, place], color=GREY, alpha=0.35, linewidth=12, solid_capstyle="butt")
        # not clipped, so that 100 % is a whole dot
        ax.plot([mean, mean], [place - 0.3, place + 0.3], color=VERMILLION, linewidth=3, clip_on=False)
        ax.plot(values, [place] * len(values), "o", color=BLUE, alpha=0.75, clip_on=False)
        ax.annotate(
            f"{mean:.2f} %",
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(10, 0),
            textcoords="offset points",
            va="center",
            color=VERMILLION,
        )
    ax.set_yticks(range(len(accuracies)), list(accuracies))
    ax.set_ylim(len(accuracies) - 0.5, -0.5)
    low, high = ax.get_xlim()
    ax.set_xlim(max(low, 0), min(high, 100), auto=None)  # None: a second call may widen it
    ax.grid(axis="x", color="#dddddd")
    ax.set_xlabel("test accuracy (%)")
    ax.set_title(
        f"dot: one seed; bar and number: their mean{'; grey: interval' if intervals else ''}", fontsize=SMALL
    )
    return ax


def _check(whose: str, values: Sequence[float]) -> None:
    # The least bit over 100 is rounding; this way round, NaN is refused, too.
    wrong = next((value for value in values if not -1e-9 <= value <= 100 + 1e-9), None)
    if wrong is not None:
        raise ValueError(f"{whose} {wrong}: give percent, 0 to 100.")
