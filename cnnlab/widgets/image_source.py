"""Images to look at: as bytes to show them, and normalised as the network takes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real

import torch
from torch import Tensor

from cnnlab.data import Split

FAR_BEYOND_1 = 2  # noise may lead a little beyond 1; this is another scale


class ImageSource:
    """The images of a split, or of a tensor.

    Args:
        images: a Split; or (N, 1, H, W), floats that are normalised already, or whole numbers from 0 to
            255 or floats in [0, 1] together with `mean` and `std`.
        mean: mean of the training pixels, in units of [0, 1]; a Split knows its own.
        std: standard deviation of the training pixels, in units of [0, 1].
    Raises:
        TypeError: images are neither a Split nor a tensor.
        ValueError: the shape is no batch of grey images, a pixel is out of range or no number, or the
            numbers to normalise by do not fit.

    >>> source = ImageSource(torch.rand(5, 1, 28, 28))
    >>> len(source), source.size
    (5, (28, 28))
    """

    def __init__(self, images: Split | Tensor, mean: float | None = None, std: float | None = None) -> None:
        self._split = images if isinstance(images, Split) else None
        self._images = images.images if isinstance(images, Split) else images
        _check(images, mean, std)
        self._mean = None if mean is None else float(mean)
        self._std = None if std is None else float(std)
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
        shares = images.float() if images.is_floating_point() else images.float() / 255
        return (shares - self._mean) / self._std

    def shown(self, index: int) -> bytes:
        """One image as grey bytes, H · W of them; floats from their least to their greatest."""
        image = self._images[index, 0].detach().cpu()
        if image.is_floating_point():
            image = image.double()
            low, high = image.min(), image.max()
            image = (255 * (image - low) / (high - low).clamp(min=1e-12)).round()
        return image.to(torch.uint8).numpy().tobytes()

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
    kind = str(images.dtype).removeprefix("torch.")
    if images.is_complex() or images.dtype == torch.bool:
        raise TypeError(f"images are {kind}: give whole numbers from 0 to 255, or floats.")
    if mean is None or std is None:
        if not images.is_floating_point():
            raise ValueError(
                f"images are {kind}: give mean= and std= of the training pixels as well, or a Split, which "
                "knows them."
            )
    else:
        _check_numbers(mean, std)
    _check_pixels(images.detach(), to_normalise=mean is not None)


def _check_numbers(mean: float, std: float) -> None:
    for name, value in (("mean", mean), ("std", std)):
        if not isinstance(value, Real) and not (isinstance(value, Tensor) and value.numel() == 1):
            raise TypeError(f"{name}={value!r} is a {type(value).__name__}: give a number, such as 0.1307.")
    if not math.isfinite(mean):
        raise ValueError(f"mean={mean}, but it is taken from every pixel: give a finite number.")
    if not (math.isfinite(std) and std > 0):
        raise ValueError(f"std={std}, but pixels are divided by it: give a number above 0.")


def _check_pixels(images: Tensor, to_normalise: bool) -> None:
    if images.is_floating_point():
        spoilt = ~images.isfinite()
        if bool(spoilt.any()):
            first = int(spoilt.flatten(1).any(dim=1).nonzero()[0])
            raise ValueError(
                f"{int(spoilt.sum()):,} pixels are no finite numbers, the first of them in image {first}: "
                "replace them, such as by images.nan_to_num(), or look for a division by zero."
            )
    low, high = images.min().item(), images.max().item()
    if not images.is_floating_point() and not 0 <= low <= high <= 255:
        raise ValueError(f"pixels go from {low} to {high}: whole numbers must lie between 0 and 255.")
    if to_normalise and images.is_floating_point() and high > FAR_BEYOND_1:
        raise ValueError(
            f"pixels go up to {high:g}, but mean and std belong to pixels from 0 to 1: give images / 255."
        )
