"""Many images beside each other, such as lab 002's 5 × 10."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnlab.arithmetic import whole
from cnnlab.plots.pixels import Drawable, Pixels, grey_scale, many_images
from cnnlab.plots.style import grid_of_axes, styled


@styled
def image_grid(images: Drawable, rows: int, columns: int, titles: Sequence[object] | None = None) -> Pixels:
    """The first rows × columns images, row by row, all on one grey scale.

    Args:
        images: (N, 1, H, W) or (N, H, W); places beyond the last image stay empty.
        rows: how many under each other.
        columns: how many side by side.
        titles: a text or number above each image, such as its label.
    Returns:
        The Axes as an array (rows, columns).
    Raises:
        TypeError: rows or columns is no whole number, or the images are a Split.
        ValueError: the images have another shape, or there are fewer titles than images to draw.
    """
    if rows < 1 or columns < 1:
        raise ValueError(f"rows={rows}, columns={columns}: both must be at least 1.")
    rows, columns = whole("rows", rows, 1), whole("columns", columns, 1)
    pixels = many_images(images)[: rows * columns]
    if titles is not None and len(titles) < len(pixels):
        raise ValueError(f"{len(titles)} titles for {len(pixels)} images: give one title for each image.")
    side = 1.0 if columns > 6 else 1.5
    _, axes = grid_of_axes(rows, columns, side, title=0.3 if titles is not None else 0)
    scale = grey_scale(pixels)
    for number, (ax, image) in enumerate(zip(axes, pixels)):
        ax.imshow(image, **scale)
        if titles is not None:
            ax.set_title(str(_plain(titles[number])), pad=3)
    return np.array(axes).reshape(rows, columns)


def _plain(title: object) -> object:
    """A label taken out of a tensor of labels, as the number it holds."""
    return title.item() if hasattr(title, "item") else title
