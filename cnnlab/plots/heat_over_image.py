"""A heat map with the image it belongs to."""

from __future__ import annotations

from matplotlib.axes import Axes

from cnnlab.plots.pixels import Drawable, map_scale, one_image
from cnnlab.plots.style import axes_or_new, colour_bar, styled


@styled
def heat_over_image(
    image: Drawable, heat: Drawable, label: str = "drop of the probability", ax: Axes | None = None
) -> Axes:
    """A heat map in the colours of its scale, with the outline of what the image shows drawn on it.

    Args:
        image: (H, W) or (1, H, W).
        heat: (H, W), such as what `inspection.occlusion_map` returns.
        label: what the colours mean, with the unit.
        ax: where to draw; None makes a new figure.
    Returns:
        The Axes.
    Raises:
        ValueError: image and heat differ in size.
    """
    pixels, values = one_image(image), one_image(heat)
    if pixels.shape != values.shape:
        raise ValueError(f"the image is {pixels.shape}, the heat {values.shape}: both must have one size.")
    ax = axes_or_new(ax, 6.5, 5)
    picture = ax.imshow(values, **map_scale(values))
    low, high = float(pixels.min()), float(pixels.max())
    if high > low:
        ax.contour(pixels, levels=[(low + high) / 2], colors="black", linewidths=2)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set(visible=True, color="#bbbbbb")
    colour_bar(picture, ax, label)
    return ax
