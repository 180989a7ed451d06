"""How the network divides its belief among the classes for one image."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from matplotlib.axes import Axes

from cnnlab.plots.style import BLUE, GREY, VERMILLION, axes_or_new, styled


@styled
def probability_bars(
    probabilities: torch.Tensor,
    classes: Sequence[str] | None = None,
    label: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """One bar for each class; the true class is blue, a wrong favourite vermillion.

    Args:
        probabilities: (C,), each 0 to 1, together 1: a softmax's output.
        classes: the names of the classes; None numbers them.
        label: the true class, marked in its name; None where it is not known.
        ax: where to draw; None makes a new figure.
    Returns:
        The Axes.
    Raises:
        ValueError: there are no values, or they are no probabilities, for example logits, or the label is
            none of the classes.
    """
    values = probabilities.detach().cpu().flatten().double()
    if len(values) == 0:
        raise ValueError("no probability to draw: give one for each class, such as logits.softmax(dim=-1).")
    total = float(values.sum())
    if not (values.min() >= 0 and abs(total - 1) <= 1e-3):  # this way round, NaN is refused, too
        raise ValueError(
            f"the values add up to {total:.3g} and the least is {float(values.min()):.3g}: "
            "give probabilities, such as logits.softmax(dim=-1)."
        )
    names = [str(number) for number in range(len(values))] if classes is None else list(classes)
    if len(names) != len(values):
        raise ValueError(f"{len(names)} class names for {len(values)} probabilities: give one for each.")
    if label is not None and not 0 <= label < len(values):
        raise ValueError(f"label={label}, but there are {len(values)} classes, counted from 0.")
    favourite = int(values.argmax())
    colours = [GREY] * len(values)
    colours[favourite] = BLUE if label is None else VERMILLION
    if label is not None:
        colours[label] = BLUE
        names[label] += " (true)"
    ax = axes_or_new(ax, 6.5, 0.7 + 0.4 * len(values))
    percent = [100 * float(value) for value in values]
    bars = ax.barh(range(len(values)), percent, color=colours)
    ax.bar_label(bars, [_percent(value) for value in percent], padding=4, fontsize=13)
    ax.set_yticks(range(len(values)), names)
    ax.invert_yaxis()
    ax.set_xlim(0, 130)  # room for "> 99.9 %" behind the longest bar
    ax.set_xticks(range(0, 101, 25))
    ax.set_xlabel("probability (%)")
    return ax


def _percent(value: float) -> str:
    """0 and 100 only for what is exactly that: a network is never quite sure."""
    if 0 < value < 0.1:
        return "< 0.1 %"
    return f"{value:.1f} %" if value < 99.95 or value == 100 else "> 99.9 %"
