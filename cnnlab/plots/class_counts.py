"""How many images there are of each class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cnnlab.plots.style import GREY, PALETTE, SMALL, axes_or_new, class_ticks, styled

if TYPE_CHECKING:
    from cnnlab.data import Split


@styled
def class_counts(splits: Split | Mapping[str, Split], ax: Axes | None = None) -> Axes:
    """The number of images of each class; for several splits, the share of each class in its split.

    Args:
        splits: one split, or several by name, such as {"training": train, "test": test}.
        ax: where to draw; None makes a new figure.
    Returns:
        The Axes.
    Raises:
        TypeError: what was given is no split, such as a whole data set.
        ValueError: there are no splits, or more than there are colours to tell apart.
    """
    for split in splits.values() if isinstance(splits, Mapping) else [splits]:
        if not hasattr(split, "class_counts"):
            raise TypeError(f"splits are of type {type(split).__name__}: give a Split, such as data.train.")
    if isinstance(splits, Mapping) and not 1 <= len(splits) <= len(PALETTE):
        raise ValueError(f"{len(splits)} splits: give 1 to {len(PALETTE)}, more bars cannot be told apart.")
    ax = axes_or_new(ax, 10, 4.5)
    if not isinstance(splits, Mapping):
        counts = splits.class_counts().numpy()
        bars = ax.bar(range(len(counts)), counts, color=PALETTE[0])
        # In the middle of the bars, where the dashed line does not cross them.
        numbers = [f"{count:,}" for count in counts]
        ax.bar_label(bars, numbers, label_type="center", fontsize=SMALL, color="white")
        even = counts.sum() / len(counts)
        ax.axhline(even, color=GREY, linestyle="--", linewidth=1.5, zorder=3)
        images = "1 image" if counts.sum() == 1 else f"{counts.sum():,} images"
        ax.set_title(f"{images}; dashed: the same number of each, {even:,.{int(even < 10)}f}")
        ax.set_ylabel("images")
        ax.yaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 2.5, 5, 10]))
        ax.yaxis.set_major_formatter("{x:,.0f}")
        classes = splits.classes
    else:
        width = 0.8 / len(splits)
        for number, (name, split) in enumerate(splits.items()):
            counts = split.class_counts().numpy()
            places = np.arange(len(counts)) + (number - (len(splits) - 1) / 2) * width
            label = f"{name}, {counts.sum():,} images"
            ax.bar(places, 100 * counts / counts.sum(), width, color=PALETTE[number], label=label)
            classes = split.classes
        ax.set_ylabel("share of the split (%)")
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(splits))
    class_ticks(ax, classes)
    ax.set_xlabel("class")
    return ax
