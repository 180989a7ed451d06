"""One image as what it is to a computer: a table of numbers."""

from __future__ import annotations

import functools

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from cnnlab.plots.pixels import Drawable, grey_scale, one_image
from cnnlab.plots.style import GREY, axes_or_new, styled

POINTS = 72  # in an inch
HALF_A_DIGIT = 0.36  # its height, for a size of 1


@styled
def image_numbers(
    image: Drawable,
    rows: tuple[int, int] | None = None,
    columns: tuple[int, int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """One image with the value of every pixel written into its cell.

    Args:
        image: (H, W) or (1, H, W), bytes or floats.
        rows: (first, last + 1) of the rows to show, as in image[first:end]; None shows all.
        columns: the same for the columns.
        ax: where to draw; None makes a new figure.
    Returns:
        The Axes; its ticks are the rows and columns of the whole image.
    Raises:
        ValueError: the shape is no image's, or the crop holds no pixel.
    """
    pixels = one_image(image)
    (top, bottom), (left, right) = rows or (0, pixels.shape[0]), columns or (0, pixels.shape[1])
    crop = pixels[max(top, 0) : bottom, max(left, 0) : right]
    if crop.size == 0:
        raise ValueError(
            f"rows {top} to {bottom} and columns {left} to {right} hold no pixel of the "
            f"{pixels.shape[0]}×{pixels.shape[1]} image: choose first < end, inside the image."
        )
    top, left = max(top, 0), max(left, 0)
    height, width = crop.shape
    cell = min(0.7, max(0.36, 7.0 / max(height, width)))  # inches
    ax = axes_or_new(ax, 1 + cell * width, 0.8 + cell * height)
    scale = grey_scale(pixels)
    edges = (left - 0.5, left + width - 0.5, top + height - 0.5, top - 0.5)
    ax.imshow(crop, extent=edges, **scale)
    middle = (scale["vmin"] + scale["vmax"]) / 2
    size = 10 if max(height, width) > 20 else 13
    as_text = "{:.0f}" if (crop == crop.round()).all() else "{:.1f}"
    rows_of, columns_of = np.indices(crop.shape)
    # One artist for all numbers: 784 texts take five times as long to draw.
    numbers = PathCollection(
        [_outline(as_text.format(value), size) for value in crop.flat],
        facecolors=["black" if value > middle else "white" for value in crop.flat],
        linewidths=0,
        offsets=np.column_stack([left + columns_of.ravel(), top + rows_of.ravel()]),
        offset_transform=ax.transData,
    )
    numbers.set_transform(Affine2D().scale(1 / POINTS) + ax.figure.dpi_scale_trans)
    numbers.set_in_layout(False)  # every number is inside its cell
    ax.add_collection(numbers, autolim=False)
    step = 1 if max(height, width) <= 14 else 3
    ax.set_xticks(range(left, left + width, step))
    ax.set_yticks(range(top, top + height, step))
    for row in range(1, height):
        ax.axhline(top + row - 0.5, color=GREY, linewidth=0.5)
    for column in range(1, width):
        ax.axvline(left + column - 0.5, color=GREY, linewidth=0.5)
    ax.set_xlabel("column")
    ax.set_ylabel("row")
    return ax


@functools.lru_cache(maxsize=1024)
def _outline(text: str, size: int) -> Path:
    """The outline of a text of `size` points, its middle at (0, 0)."""
    path = TextPath((0, 0), text, size=size)
    box = path.get_extents()
    return Path(path.vertices - [(box.x0 + box.x1) / 2, HALF_A_DIGIT * size], path.codes)
