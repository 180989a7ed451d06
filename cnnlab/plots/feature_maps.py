"""The feature maps of one image: what a layer passes on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from cnnlab.plots.pixels import Pixels, map_scale
from cnnlab.plots.style import colour_bar_of_grid, grid_of_axes, styled


@styled
def feature_maps(
    maps: torch.Tensor,
    shared_scale: bool = True,
    titles: Sequence[object] | None = None,
    columns: int | None = None,
) -> Pixels:
    """Every channel of a layer's output for one image.

    Maps with negative values have two colours with white at 0, others one colour that grows.

    Args:
        maps: (C, H, W) or (1, C, H, W), such as activations(model, images)["conv1"][0].
        shared_scale: True gives one colour the same value in every map, so that strong and weak
            channels differ; False stretches each map to its own range, so that its pattern shows.
        titles: a text for each channel; None writes the channel's number.
        columns: how many side by side; None chooses.
    Returns:
        One Axes for each channel.
    Raises:
        ValueError: the shape is no feature map's.
    """
    if maps.ndim == 4 and len(maps) == 1:
        maps = maps[0]
    if maps.ndim != 3 or 0 in maps.shape:
        raise ValueError(
            f"maps have the shape {tuple(maps.shape)}: the maps of one image, (C, H, W), are needed."
        )
    values = maps.detach().cpu().numpy()
    names = list(range(len(values))) if titles is None else list(titles)
    if len(names) != len(values):
        raise ValueError(f"{len(names)} titles for {len(values)} channels: give one for each.")
    columns = columns or min(len(values), 5 if len(values) <= 10 else 8)
    rows = -(-len(values) // columns)
    side = 3.0 if columns <= 2 else 1.8 if columns <= 5 else 1.3
    right = 1.1 if shared_scale else 0.0
    figure, axes = grid_of_axes(rows, columns, side, title=0.3, right=right)
    axes = axes[: len(values)]
    for ax, one, name in zip(axes, values, names):
        picture = ax.imshow(one, **map_scale(values if shared_scale else one))
        ax.set_title(str(name), pad=3)
        ax.set_axis_on()  # a frame, because the 0 of a signed map is as white as the paper
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color="#bbbbbb")
    if shared_scale:
        colour_bar_of_grid(picture, figure, "activation", right)
    return np.array(axes)
