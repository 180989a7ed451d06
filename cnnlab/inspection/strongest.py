"""Where in many images the channels of a layer answer most strongly."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnnlab.arithmetic import whole
from cnnlab.inspection.activations import activations
from cnnlab.table import Table, column

_IMAGES = 100  # at a time; the maps of all images would fill a small memory


@dataclass(frozen=True)
class StrongUnit:
    """The unit of a map that holds its largest number."""

    index: int = column("image", "d")
    row: int = column("row", "d")
    col: int = column("column", "d")
    value: float = column("value", ".2f")


@dataclass(frozen=True, eq=False)
class Peaks:
    """The largest number of every map of a layer, for many images."""

    values: Tensor  # (N, C) float
    places: Tensor  # (N, C) int64: row · width + column
    width: int  # columns of a map; the units of a row of units count as one map each

    def strongest(self, channel: int, n: int = 9) -> Table[StrongUnit]:
        """The images whose map has the largest numbers, the largest first; of equal ones the first."""
        values = self.values[:, channel]
        chosen = values.argsort(descending=True, stable=True)[: whole("n", n, 1)]
        return Table(
            StrongUnit(index, *divmod(int(self.places[index, channel]), self.width), float(values[index]))
            for index in chosen.tolist()
        )


def peaks(model: nn.Module, images: Tensor, layer: str) -> Peaks:
    """For every image and channel, the largest number of the map and its place.

    Args:
        model: any network.
        images: (N, C, H, W) float, normalised as in training.
        layer: a layer whose output is maps; for one whose output is a row of numbers, every number
            counts as a map of one unit.
    Raises:
        ValueError: the layer is unknown, or its output is neither maps nor a row.

    >>> model = nn.Sequential(nn.Identity())
    >>> images = torch.zeros(2, 1, 3, 3)
    >>> images[1, 0, 2, 0] = 5
    >>> peaks(model, images, "0").strongest(channel=0, n=1)
    image  row  column  value
        1    2       0   5.00
    """
    found, width = [], 1
    for part in torch.split(images, _IMAGES):
        output = activations(model, part, None if " (call " in layer else layer)[layer]
        if output.ndim not in (2, 4):
            raise ValueError(
                f"layer {layer!r} makes {tuple(output.shape[1:])} for each image, neither maps nor a row: "
                "choose another layer."
            )
        width = output.shape[-1] if output.ndim == 4 else 1
        found.append(output.flatten(2).max(dim=2) if output.ndim == 4 else output[:, :, None].max(dim=2))
    return Peaks(torch.cat([f.values for f in found]), torch.cat([f.indices for f in found]), width)
