"""One image as what it is to a computer: a table of numbers."""

from __future__ import annotations

from matplotlib.axes import Axes

from cnnlab.plots.pixels import Drawable, grey_scale, one_image
from cnnlab.plots.style import GREY, axes_or_new, styled


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
    for row in range(height):
        for column in range(width):
            value = crop[row, column]
            ax.text(
                left + column,
                top + row,
                as_text.format(value),
                ha="center",
                va="center",
                fontsize=size,
                color="black" if value > middle else "white",
                in_layout=False,  # inside its cell: no need to measure 784 numbers to place the Axes
            )
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
