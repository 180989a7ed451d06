"""Images with their labels: `Split` is one set of them, `ImageData` a training and a test set."""

from __future__ import annotations

import html
import math
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from cnnlab.data.batches import Batches

DIGITS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
PIXELS = 28  # height and width of every image


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Images and their labels, with the two numbers that normalise the pixels.

    Args:
        images: uint8 (N, 1, 28, 28), 0 = background, 255 = full ink.
        labels: int64 (N,), each the position of its class in `classes`.
        classes: the names of the classes.
        mean: mean of the training set's pixels, in units of [0, 1]; None computes it from these images.
        std: standard deviation of the training set's pixels, in units of [0, 1]; None computes it too.
    Raises:
        TypeError: images or labels are not tensors or have another type, or another argument has.
        ValueError: a shape, a length, a label, the mean or the std does not fit; the split is empty.

    >>> images = torch.zeros(3, 1, 28, 28, dtype=torch.uint8)
    >>> Split(images, torch.tensor([0, 7, 9]), mean=0.13, std=0.31)
    Split(3 images of 28×28, 10 classes, mean 0.1300, std 0.3100)
    """

    images: torch.Tensor
    labels: torch.Tensor
    classes: tuple[str, ...] = DIGITS
    mean: float = None  # type: ignore[assignment]  # None: computed below
    std: float = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        _check_images(self.images)
        if not isinstance(self.classes, Iterable):
            raise TypeError(f"classes={self.classes!r} are no names: give them as text, such as ('0', '1').")
        object.__setattr__(self, "classes", tuple(self.classes))
        _check_labels(self.labels, len(self.images), self.classes)
        if self.mean is None or self.std is None:
            mean, std = pixel_statistics(self.images)
            # images that are all one grey have no spread: a std of 1 leaves them finite
            object.__setattr__(self, "mean", mean if self.mean is None else self.mean)
            object.__setattr__(self, "std", (std or 1.0) if self.std is None else self.std)
        if not _is_finite("mean", self.mean):
            raise ValueError(f"mean={self.mean} is not a number to subtract: give the training set's mean.")
        if not (_is_finite("std", self.std) and self.std > 0):
            raise ValueError(f"std={self.std}, but pixels are divided by it: give a number above 0.")

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        return (
            f"Split({len(self):,} images of {PIXELS}×{PIXELS}, {len(self.classes)} classes, "
            f"mean {self.mean:.4f}, std {self.std:.4f})"
        )

    def take(self, chosen: int | Sequence[int] | torch.Tensor) -> Split:
        """Some of the images, normalised as before.

        Args:
            chosen: a number n for the first n images, their indices, or a bool mask of shape (N,).
        Returns:
            A split with the same classes, mean and std.
        Raises:
            ValueError: nothing is chosen, or an index lies outside the split.

        >>> split = Split(torch.zeros(3, 1, 28, 28, dtype=torch.uint8), torch.tensor([0, 7, 9]))
        >>> split.take([2, 0]).labels
        tensor([9, 0])
        >>> split.take(split.labels == 7).labels
        tensor([7])
        """
        index = self._index(chosen)
        return Split(self.images[index], self.labels[index], self.classes, self.mean, self.std)

    def _index(self, chosen: int | Sequence[int] | torch.Tensor) -> torch.Tensor | slice:
        n = len(self)
        if isinstance(chosen, bool):
            raise TypeError("take(True) chooses nothing in particular: give a number of images or indices.")
        try:
            # a tensor of one index would pass for a number as well
            count = None if getattr(chosen, "ndim", 0) else operator.index(chosen)  # type: ignore[arg-type]
        except TypeError:
            count = None
        if count is not None:
            if not 1 <= count <= n:
                raise ValueError(f"take({count}) of {n:,} images: give a number from 1 to {n:,}.")
            return slice(count)
        try:
            index = torch.as_tensor(chosen)
        except (TypeError, ValueError, RuntimeError) as error:
            raise TypeError(f"take({chosen!r}): give a number of images, indices or a mask.") from error
        if index.dtype == torch.bool:
            if index.shape != (n,):
                raise ValueError(
                    f"the mask has shape {tuple(index.shape)}, the split {n:,} images: give a mask of ({n},)."
                )
            index = index.nonzero().flatten()
        if index.numel() == 0:
            raise ValueError(f"take() chose none of {n:,} images, and a split cannot be empty.")
        if index.is_floating_point() or index.ndim != 1:
            raise TypeError(f"indices are one row of integers, not {index.dtype} {tuple(index.shape)}.")
        index = index.long()
        low, high = int(index.min()), int(index.max())
        if low < 0 or high >= n:
            raise ValueError(
                f"index {low if low < 0 else high} is outside the split: its {n:,} images are 0 to {n - 1:,}."
            )
        return index

    def class_counts(self) -> torch.Tensor:
        """How many images each class has, int64 (number of classes,)."""
        return torch.bincount(self.labels, minlength=len(self.classes))

    def normalised(self) -> torch.Tensor:
        """All images as the network sees them, float32 (N, 1, 28, 28): (pixel / 255 - mean) / std."""
        return next(iter(self.batches(len(self))))[0]

    def batches(
        self, batch_size: int, shuffle: bool = False, seed: int = 0, device: str | torch.device = "cpu"
    ) -> Batches:
        """The images in batches, normalised and on the device: see `Batches`."""
        return Batches(self, batch_size, shuffle=shuffle, seed=seed, device=device)


@dataclass(frozen=True, eq=False, repr=False)
class ImageData:
    """A data set: training and test images, normalised alike.

    Args:
        name: "mnist", "fashion_mnist", "kmnist" or "digits".
        train: the images to learn from.
        test: the images to judge by.
        classes: the names of the classes.
        mean: mean of the training pixels, in units of [0, 1].
        std: standard deviation of the training pixels, in units of [0, 1].
        source: where the images came from, in words.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    mean: float
    std: float
    source: str

    def __repr__(self) -> str:
        return "\n".join([*self._banner(), *self._facts()])

    def _facts(self) -> list[str]:
        return [
            f"{self.name}: {len(self.train):,} training and {len(self.test):,} test images "
            f"of {PIXELS}×{PIXELS} pixels, {len(self.classes)} classes",
            f"pixels of the training set in [0, 1]: mean {self.mean:.4f}, std {self.std:.4f}",
            f"source: {self.source}",
        ]

    def _banner(self) -> list[str]:
        if self.name != "digits":
            return []
        return [f"*** THIS IS NOT MNIST: {len(self.train) + len(self.test):,} small bundled digits ***"]

    def _repr_html_(self) -> str:
        style = "border:3px solid #d55e00;padding:.5em;font-weight:bold;display:inline-block"
        banner = "".join(f'<p style="{style}">{html.escape(line.strip("* "))}</p>' for line in self._banner())
        return banner + "<br>".join(html.escape(line) for line in self._facts())


def pixel_statistics(images: torch.Tensor) -> tuple[float, float]:
    """Mean and standard deviation of all pixels, in units of [0, 1].

    Args:
        images: uint8 (N, 1, 28, 28).

    >>> pixel_statistics(torch.full((1, 1, 28, 28), 51, dtype=torch.uint8))
    (0.2, 0.0)
    """
    # the sum of 196 squares stays below 2**24, where float32 still counts in ones: exact, and four times as
    # fast as counting how often each of the 256 values occurs
    rows = images.cpu().numpy().reshape(-1, PIXELS * PIXELS // 4)
    total = squares = 0
    for start in range(0, len(rows), 1000):  # 1,000 rows at a time stay in the processor's cache
        part = rows[start : start + 1000].astype(np.float32)
        total += int(np.einsum("ij->i", part).sum(dtype=np.float64))
        squares += int(np.einsum("ij,ij->i", part, part).sum(dtype=np.float64))
    n = images.numel()
    variance = (squares * n - total * total) / n**2  # in integers up to here
    return total / n / 255, math.sqrt(variance) / 255


def _is_finite(name: str, value: float) -> bool:
    try:
        return math.isfinite(value)
    except (TypeError, RuntimeError):  # the latter: a tensor of several numbers
        raise TypeError(
            f"{name}={value!r} is a {type(value).__name__}, not a number: give the training set's {name}."
        ) from None


def _check_numbers(name: str, tensor: torch.Tensor) -> None:
    if tensor.is_meta:
        raise ValueError(
            f"{name} are on the device meta, which holds shapes but no numbers: load them again."
        )


def _check_images(images: torch.Tensor) -> None:
    if not isinstance(images, torch.Tensor):
        raise TypeError(f"images are a {type(images).__name__}, not a tensor: use torch.as_tensor(images).")
    _check_numbers("images", images)
    found = f"images are {str(images.dtype).removeprefix('torch.')} of shape {tuple(images.shape)}"
    wanted = f"uint8 of shape (N, 1, {PIXELS}, {PIXELS})"
    if images.ndim == 3:
        raise ValueError(f"{found}, not {wanted}: add the channel with images.unsqueeze(1).")
    if images.ndim != 4:
        raise ValueError(f"{found}, not {wanted}.")
    if images.shape[1] != 1 and images.shape[3] == 1:
        raise ValueError(f"{found}, not {wanted}: put the channel second with images.permute(0, 3, 1, 2).")
    if images.shape[1] != 1:
        raise ValueError(
            f"{found}, not {wanted}: make them grey, e.g. with "
            "images.float().mean(1, keepdim=True).round().to(torch.uint8)."
        )
    if tuple(images.shape[2:]) != (PIXELS, PIXELS):
        raise ValueError(
            f"{found}, not {wanted}: {images.shape[2]}×{images.shape[3]} pixels do not fit; resize them with "
            f"torch.nn.functional.interpolate(images.float(), size={PIXELS}).round().to(torch.uint8)."
        )
    if images.dtype != torch.uint8:
        hint = (
            "(images * 255).round().to(torch.uint8) if they lie in [0, 1]"
            if images.is_floating_point()
            else ""
        )
        raise TypeError(
            f"{found}, not {wanted}: use {hint or 'images.to(torch.uint8) if they lie in 0 to 255'}."
        )
    if len(images) == 0:
        raise ValueError("the split is empty: it needs at least one image.")


def _check_labels(labels: torch.Tensor, n: int, classes: tuple[str, ...]) -> None:
    if not isinstance(labels, torch.Tensor):
        raise TypeError(f"labels are a {type(labels).__name__}, not a tensor: use torch.as_tensor(labels).")
    _check_numbers("labels", labels)
    if labels.ndim != 1:
        raise ValueError(f"labels have shape {tuple(labels.shape)}, not (N,): one number for each image.")
    if labels.dtype != torch.int64:
        said = f"labels are {str(labels.dtype).removeprefix('torch.')}, not int64"
        broken = (
            (labels % 1 != 0).nonzero() if labels.is_floating_point() else labels[:0]
        )  # NaN, too, is not 0
        if len(broken):
            at = int(broken[0])
            raise TypeError(
                f"{said}, and {len(broken):,} of {len(labels):,} are no whole numbers (the first is "
                f"{float(labels[at]):g} at index {at:,}): look where they come from; keep = labels % 1 == 0 "
                "tells which are good."
            )
        raise TypeError(f"{said}: use labels.long().")
    if len(labels) != n:
        raise ValueError(f"there are {n:,} images but {len(labels):,} labels: each image needs one label.")
    wrong = ((labels < 0) | (labels >= len(classes))).nonzero()
    if len(wrong):
        at = int(wrong[0])
        raise ValueError(
            f"label {int(labels[at])} at index {at:,} is not one of the {len(classes)} classes: "
            f"labels run from 0 to {len(classes) - 1} ({len(wrong):,} of {n:,} labels are out of range)."
        )
