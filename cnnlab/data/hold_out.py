"""Set part of a training set aside for validation."""

from __future__ import annotations

import numbers
import operator

import torch

from cnnlab.data.batches import check_seed, check_split, hashed
from cnnlab.data.splits import Split
from cnnlab.words import counted


def hold_out(split: Split, size: int | float, seed: int = 0) -> tuple[Split, Split]:
    """Divide a split in two, each with the same share of every class.

    Args:
        split: the images to divide.
        size: how much to hold out: a number of images, or a fraction between 0 and 1.
        seed: which images.
    Returns:
        (train, validation), both with the classes, mean and std of `split`, in its order.
    Raises:
        TypeError: split is not a Split, or a number is none.
        ValueError: one of the two parts would be empty.

    >>> split = Split(torch.zeros(10, 1, 28, 28, dtype=torch.uint8), torch.tensor([0, 1] * 5))
    >>> train, validation = hold_out(split, 0.4)
    >>> validation.class_counts()[:2]
    tensor([2, 2])
    """
    check_split(split, "hold_out divides")
    count = _count(len(split), size)
    held = stratified_mask(split.labels, count, check_seed(seed))
    return split.take(~held), split.take(held)


def stratified_mask(labels: torch.Tensor, count: int, seed: int) -> torch.Tensor:
    """Choose `count` labels at random, from every class its share (largest remainder).

    Args:
        labels: int64 (N,).
        count: how many to choose, at most N.
        seed: which ones.
    Returns:
        bool (N,), True for the chosen ones.
    """
    per_class = torch.bincount(labels)
    shares = per_class * count  # in units of 1/N image, so that the arithmetic stays exact
    chosen = shares // len(labels)
    missing = count - int(chosen.sum())
    chosen[torch.argsort(shares % len(labels), descending=True, stable=True)[:missing]] += 1
    known = 0 <= seed < 2**32  # a longer one is hashed, so that no two are alike
    generator = torch.Generator().manual_seed(seed if known else hashed(str(seed)))
    mask = torch.zeros(len(labels), dtype=torch.bool)
    for label, wanted in enumerate(chosen.tolist()):
        members = (labels == label).nonzero().flatten()
        mask[members[torch.randperm(len(members), generator=generator)[:wanted]]] = True
    return mask


def _count(n: int, size: int | float) -> int:
    if isinstance(size, bool) or not isinstance(size, numbers.Real):
        raise TypeError(f"size={size!r} is not a number of images or a fraction of them.")
    if n < 2:
        raise ValueError(f"cannot divide {counted(n, 'image')} in two: both parts need at least one.")
    if hasattr(size, "__index__"):
        count = operator.index(size)
        if not 1 <= count < n:
            raise ValueError(
                f"cannot hold out {count:,} of {n:,} images: use a number from 1 to {n - 1:,}, or a fraction."
            )
        return count
    if not 0 < size < 1:
        raise ValueError(f"cannot hold out the fraction {size}: use a number between 0 and 1, such as 0.1.")
    count = round(size * n)
    if not 1 <= count < n:
        raise ValueError(f"the fraction {size} of {n:,} images is {count:,}: both parts need at least one.")
    return count
