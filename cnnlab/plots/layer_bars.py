"""Where a network keeps its parameters, and where it spends its arithmetic."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np

from cnnlab.plots.pixels import Pixels
from cnnlab.plots.style import BLUE, ORANGE, SMALL, styled


@styled
def layer_bars(parameters: Mapping[str, int], multiply_adds: Mapping[str, int]) -> Pixels:
    """Parameters and multiply–adds of each layer, side by side, with their share of the whole.

    Args:
        parameters: layer name -> number of parameters, from the first layer to the last.
        multiply_adds: layer name -> multiply–adds for one image, for the same layers.
    Returns:
        Two Axes: parameters and multiply–adds, the first layer on top.
    Raises:
        ValueError: the two name different layers, or none.
    """
    names = list(parameters)
    if not names or set(names) != set(multiply_adds):
        raise ValueError(
            f"parameters are of {', '.join(names) or 'no layer'}, multiply–adds of "
            f"{', '.join(multiply_adds) or 'no layer'}: give both for the same layers."
        )
    _, axes = plt.subplots(1, 2, sharey=True, figsize=(13, 1.6 + 0.6 * len(names)))
    for ax, counts, what, colour in (
        (axes[0], parameters, "parameters", BLUE),
        (axes[1], multiply_adds, "multiply–adds for one image", ORANGE),
    ):
        values = [counts[name] for name in names]
        total = sum(values)
        bars = ax.barh(range(len(names)), values, color=colour)
        shares = [f"{value:,} ({_percent(value, total)})" for value in values]
        ax.bar_label(bars, shares, padding=5, fontsize=13)
        ax.set_xlim(0, 1.45 * (max(values) or 1))  # room for the text behind the longest bar
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
        ax.set_title(f"{total:,} {what}")
        ax.tick_params(labelsize=SMALL)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    return np.asarray(axes)


def _percent(value: int, total: int) -> str:
    share = 100 * value / max(total, 1)
    return "< 1 %" if 0 < share < 1 else f"{share:.0f} %"
