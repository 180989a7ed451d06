"""The part of an image that one unit of a network sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cnnlab.plots.pixels import Drawable, grey_scale, one_image
from cnnlab.plots.style import ORANGE, PURPLE, SKY, VERMILLION, axes_or_new, styled

_FRAMES = ((SKY, "-"), (ORANGE, "--"), (PURPLE, "-."), (VERMILLION, ":"))  # seen on black and on white


@styled
def unit_patch(
    image: Drawable, patches: Mapping[str, tuple[int, int, int, int]], ax: Axes | None = None
) -> Axes:
    """The image with a frame around each patch.

    Args:
        image: (H, W) or (1, H, W).
        patches: what to call it -> (top, left, height, width) in pixels, as
            `inspection.patch_seen_by` returns them.
        ax: where to draw; None makes a new figure.
    Returns:
        The Axes.
    Raises:
        ValueError: there are more patches than frames that can be told apart, or one outside the image.
    """
    if len(patches) > len(_FRAMES):
        raise ValueError(f"{len(patches)} patches: give {len(_FRAMES)} at most, or draw a second image.")
    pixels = one_image(image)
    for name, patch in patches.items():
        _check(name, patch, *pixels.shape)
    ax = axes_or_new(ax, 8, 5)
    ax.imshow(pixels, **grey_scale(pixels))
    for (name, (top, left, height, width)), (colour, line) in zip(patches.items(), _FRAMES):
        # Pixel 0 reaches from -0.5 to 0.5 in the coordinates of an image.
        corner = (left - 0.5, top - 0.5)
        ax.add_patch(
            Rectangle(
                corner,
                width,
                height,
                fill=False,
                edgecolor=colour,
                linestyle=line,
                linewidth=3.5,
                label=name,
                clip_on=False,
            )
        )
    ax.set_xlabel("column (pixels)")
    ax.set_ylabel("row (pixels)")
    if patches:
        ax.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), handlelength=3)
    return ax


def _check(name: str, patch: Sequence[int], rows: int, columns: int) -> None:
    if len(patch) != 4:
        raise ValueError(f"patches[{name!r}] is {tuple(patch)}: give (top, left, height, width) in pixels.")
    top, left, height, width = patch
    down = 0 <= top < top + height <= rows
    across = 0 <= left < left + width <= columns
    if not (down and across):
        raise ValueError(
            f"patches[{name!r}] is (top, left, height, width) = {tuple(patch)}, which does not lie in the "
            f"image of {rows}×{columns} pixels: give rows 0 to {rows - 1} and columns 0 to {columns - 1}."
        )
