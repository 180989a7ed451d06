"""Which stored images are most like one image, pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cnnlab.arithmetic import whole
from cnnlab.table import Table, column

_ROWS = 256  # images at a time: they stay in the processor's cache
_COLUMNS = 256  # 256 · 255² < 2²⁴: up to there float32 adds whole numbers without an error


@dataclass(frozen=True)
class Neighbour:
    """One of the stored images, and how far away it is."""

    index: int = column("image", "d")  # its place among the stored images
    distance: float = column("distance", ".2f")  # root of the summed squares; bytes count in units of 255


def nearest_images(image: Tensor, images: Tensor, n: int = 5) -> Table[Neighbour]:
    """The stored images with the smallest distance to one image, the nearest first.

    The distance is the root of the sum of all squared differences of pixels. For bytes it is exact:
    the sums are whole numbers. Of images that are equally far away, the one stored first comes first.

    Args:
        image: (H, W) or (1, H, W).
        images: (N, 1, H, W) or (N, H, W), of the same type.
        n: how many; fewer are returned if there are fewer.
    Returns:
        A table with one row for each, the nearest first.
    Raises:
        TypeError: the types differ, or something is no tensor.
        ValueError: the sizes differ, there are no images, or n is below 1.

    >>> stored = torch.tensor([[[0, 0]], [[255, 0]], [[255, 255]]], dtype=torch.uint8)
    >>> nearest_images(torch.tensor([[255, 0]], dtype=torch.uint8), stored, n=2)
    image  distance
        1      0.00
        0      1.00
    """
    _check(image, images)
    n = whole("n", n, 1)
    rows = images.detach().cpu().reshape(len(images), -1).numpy()
    one = image.detach().cpu().reshape(-1).numpy()
    if images.dtype == torch.uint8:
        distances = np.sqrt(_squares_of_bytes(rows, one)) / 255
    else:
        distances = np.sqrt(_squares_of_floats(rows, one))
    chosen = np.argsort(distances, kind="stable")[:n]
    return Table(Neighbour(int(index), float(distances[index])) for index in chosen)


def _squares_of_bytes(rows: NDArray[Any], one: NDArray[Any]) -> NDArray[Any]:
    """The sum of squared differences for each row, exact, int64 (N,)."""
    query, found = one.astype(np.float32), np.zeros(len(rows), np.int64)
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS].astype(np.float32)
        part -= query
        for left in range(0, part.shape[1], _COLUMNS):
            block = part[:, left : left + _COLUMNS]
            found[start : start + _ROWS] += np.einsum("ij,ij->i", block, block).astype(np.int64)
    return found


def _squares_of_floats(rows: NDArray[Any], one: NDArray[Any]) -> NDArray[Any]:
    query, found = one.astype(np.float64), np.zeros(len(rows))
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS].astype(np.float64) - query
        found[start : start + _ROWS] = np.einsum("ij,ij->i", part, part)
    return found


def _check(image: Tensor, images: Tensor) -> None:
    for name, given in (("image", image), ("images", images)):
        if not isinstance(given, Tensor):
            raise TypeError(f"{name} is a {type(given).__name__}: give a tensor, such as split.images.")
    if image.dtype != images.dtype:
        here, there = (str(t.dtype).removeprefix("torch.") for t in (image, images))
        raise TypeError(f"the image is {here}, the images are {there}: compare bytes with bytes.")
    if images.ndim not in (3, 4) or len(images) == 0:
        raise ValueError(f"images have the shape {tuple(images.shape)}: give (N, 1, H, W), N at least 1.")
    if (
        image.ndim not in (2, 3)
        or image.shape[-2:] != images.shape[-2:]
        or image.numel() != images[0].numel()
    ):
        raise ValueError(
            f"the image has the shape {tuple(image.shape)}, the images {tuple(images.shape)}: "
            "give one image (H, W) of the same size."
        )
