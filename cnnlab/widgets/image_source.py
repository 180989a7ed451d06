"""Images to look at: as bytes to show them, and normalised as the network takes them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from cnnlab.data import Split


class ImageSource:
    """The images of a split, or of a tensor.

    Args:
        images: a Split; or (N, 1, H, W), floats that are normalised already, or bytes or floats
            in [0, 1] together with `mean` and `std`.
        mean: mean of the training pixels, in units of [0, 1]; a Split knows its own.
        std: standard deviation of the training pixels, in units of [0, 1].
    Raises:
        TypeError: images are neither a Split nor a tensor.
        ValueError: the shape is no batch of grey images, or the numbers to normalise by do not fit.

    >>> source = ImageSource(torch.rand(5, 1, 28, 28))
    >>> len(source), source.size
    (5, (28, 28))
    """

    def __init__(self, images: Split | Tensor, mean: float | None = None, std: float | None = None) -> None:
        self._split = images if isinstance(images, Split) else None
        self._images = images.images if isinstance(images, Split) else images
        _check(images, mean, std)
        self._mean, self._std = mean, std
        self.size: tuple[int, int] = (self._images.shape[2], self._images.shape[3])

    def __len__(self) -> int:
        return len(self._images)

    def normalised(self, chosen: Sequence[int]) -> Tensor:
        """Some images as the network takes them, float (len(chosen), 1, H, W)."""
        if self._split is not None:
            return self._split.take(list(chosen)).normalised()
        images = self._images[list(chosen)].detach()
        if self._mean is None or self._std is None:
            return images
        shares = images.float() / 255 if images.dtype == torch.uint8 else images
        return (shares - self._mean) / self._std

    def shown(self, index: int) -> bytes:
        """One image as grey bytes, H · W of them; floats from their least to their greatest."""
        image = self._images[index, 0].detach().cpu()
        if image.dtype != torch.uint8:
            low, high = image.min(), image.max()
            image = (255 * (image - low) / (high - low).clamp(min=1e-12)).round().to(torch.uint8)
        return image.numpy().tobytes()

    def label(self, index: int) -> str:
        """The name of the image's class; "" where it is not known."""
        return "" if self._split is None else self._split.classes[int(self._split.labels[index])]

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; () where they are not known."""
        return () if self._split is None else self._split.classes


def _check(images: object, mean: float | None, std: float | None) -> None:
    if isinstance(images, Split):
        if mean is not None or std is not None:
            raise ValueError("a Split has its own mean and std: leave mean= and std= out.")
        return
    if not isinstance(images, Tensor):
        raise TypeError(f"images are a {type(images).__name__}: give a Split or a tensor (N, 1, H, W).")
    shape = tuple(images.shape)
    if images.ndim != 4 or shape[1] != 1 or 0 in shape:
        hint = {2: "images[None, None]", 3: "images[None] for one, images[:, None] for many"}
        remedy = f"; use {hint[images.ndim]}" if images.ndim in hint else ""
        raise ValueError(f"images have the shape {shape}: give grey images (N, 1, H, W){remedy}.")
    if (mean is None) != (std is None):
        raise ValueError(f"mean={mean} and std={std}: give both, or none for images that are normalised.")
    if std is not None and not (math.isfinite(std) and std > 0):
        raise ValueError(f"std={std}, but pixels are divided by it: give a number above 0.")
    if mean is None and not images.is_floating_point():
        raise ValueError(
            f"images are {str(images.dtype).removeprefix('torch.')}: give mean= and std= of the training "
            "pixels as well, or a Split, which knows them."
        )
