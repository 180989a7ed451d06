"""The average image of each class: what all zeros, all ones … have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cnnlab.plots.pixels import Pixels
from cnnlab.plots.style import IMAGES, grid_of_axes, styled

if TYPE_CHECKING:
    from cnnlab.data import Split


@styled
def average_images(split: Split) -> Pixels:
    """The mean of all images of each class, on one grey scale.

    Args:
        split: images and labels; a class without images stays empty.
    Returns:
        One Axes for each class, as an array of two rows.
    Raises:
        TypeError: what was given is no split, such as the images alone.
    """
    if not (hasattr(split, "classes") and hasattr(split, "labels")):
        raise TypeError(f"split is a {type(split).__name__}: give a Split, such as data.train.")
    columns = -(-len(split.classes) // 2)
    _, axes = grid_of_axes(2, columns, 1.9, title=0.3)
    for label, (ax, name) in enumerate(zip(axes, split.classes)):
        mean = split.images[split.labels == label].float().mean(dim=0)[0]
        if not mean.isnan().any():
            ax.imshow(mean.numpy(), cmap=IMAGES, vmin=0, vmax=255)
        ax.set_title(name)
    return np.array(axes).reshape(2, columns)
