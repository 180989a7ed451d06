"""The kernels of a convolution layer: what each of its channels looks for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cnnlab.arithmetic import whole
from cnnlab.plots.pixels import Pixels, finite_range
from cnnlab.plots.style import SIGNED, axes_or_new, colour_bar, styled

_LINE = "#cccccc"  # between tiles, because a weight of 0 is as white as the paper


@styled
def kernel_grid(
    kernels: torch.Tensor, columns: int | None = None, largest: float | None = None, ax: Axes | None = None
) -> Axes:
    """All kernels of a layer on one colour scale: negative weights blue, 0 white, positive vermillion.

    A layer with one input channel shows its kernels in rows, each with its number. A layer
    with more shows a table: one column for each output channel, one row for each input channel,
    so that a column is one kernel.

    Args:
        kernels: (c_out, c_in, k_h, k_w), such as `inspection.kernels(model, "conv1")`.
        columns: how many side by side, for a layer with one input channel; None chooses.
        largest: the weight that gets the strongest colour, to give two grids one scale; None takes
            the largest weight here.
        ax: where to draw; None makes a new figure.
    Returns:
        The Axes.
    Raises:
        ValueError: the shape is no convolution's, or `largest` or `columns` is too small.
    """
    if kernels.ndim != 4 or 0 in kernels.shape:
        raise ValueError(f"kernels have the shape {tuple(kernels.shape)}: (c_out, c_in, k_h, k_w) is needed.")
    if largest is not None and not 0 <= largest < math.inf:  # this way round, NaN is refused, too
        raise ValueError(
            f"largest={largest}: give a weight above 0, or None for the largest of these kernels."
        )
    columns = None if columns is None else whole("columns", columns, 1)
    weights = kernels.detach().cpu().numpy()
    reach = largest or max(map(abs, finite_range(weights))) or 1.0
    scale = {"cmap": SIGNED.with_extremes(bad=_LINE), "vmin": -reach, "vmax": reach}
    if kernels.shape[1] == 1:
        ax = _in_rows(weights, scale, columns or (8 if len(weights) > 10 else 5), ax)
    else:
        ax = _as_table(weights, scale, ax)
    colour_bar(ax.images[0], ax, "weight")
    return ax


def _in_rows(weights: Pixels, scale: dict[str, Any], columns: int, ax: Axes | None) -> Axes:
    c_out, _, height, width = weights.shape
    columns = min(c_out, columns)
    rows = -(-c_out // columns)
    down, across = height + 1.6, width + 0.8  # room between the kernels, above them for the number
    ax = axes_or_new(ax, max(4.0, 1.3 * columns + 1.5), 1.3 * rows * down / across + 0.3)
    for number, kernel in enumerate(weights[:, 0]):
        left, top = number % columns * across, number // columns * down
        ax.imshow(kernel, extent=(left, left + width, top + height, top), **scale)
        ax.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=_LINE))
        ax.text(left + width / 2, top - 0.15, str(number), ha="center", va="bottom")
    ax.set_xlim(-0.2, columns * across - 0.6)
    ax.set_ylim(rows * down - 1.4, -1.4)
    ax.set_axis_off()
    return ax


def _as_table(weights: Pixels, scale: dict[str, Any], ax: Axes | None) -> Axes:
    c_out, c_in, height, width = weights.shape
    sheet = np.full((c_in * (height + 1) - 1, c_out * (width + 1) - 1), np.nan)
    for column, kernel in enumerate(weights):
        for row, part in enumerate(kernel):
            top, left = row * (height + 1), column * (width + 1)
            sheet[top : top + height, left : left + width] = part
    inch = min(0.7, 10 / c_out, 10 / c_in)
    ax = axes_or_new(ax, max(4.5, c_out * inch + 2), max(3.0, c_in * inch + 1))
    ax.imshow(sheet, **scale)
    step = math.ceil(0.35 / inch)  # a number is about 0.3 inches wide
    ax.set_xticks(
        [c * (width + 1) + (width - 1) / 2 for c in range(0, c_out, step)],
        [f"{c}" for c in range(0, c_out, step)],
    )
    ax.set_yticks(
        [c * (height + 1) + (height - 1) / 2 for c in range(0, c_in, step)],
        [f"{c}" for c in range(0, c_in, step)],
    )
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("output channel")
    ax.set_ylabel("input channel")
    return ax
