"""Turn what `fit` and `evaluate` are given (a Split, Batches, a DataLoader) into batches.

Nothing here knows `cnnlab.data`: whatever has a `batches` method is asked for batches,
everything else is iterated as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sized
from typing import Any, Protocol, TypeAlias, runtime_checkable

import torch
from torch import Tensor

from cnnlab.errors import TrainingError

Batch: TypeAlias = "tuple[Tensor, Tensor]"  # images (N, C, H, W) float32, labels (N,) int64


@runtime_checkable
class MakesBatches(Protocol):
    """A set of labelled images that hands them out in batches, such as `cnnlab.data.Split`."""

    def batches(
        self, batch_size: int, *, shuffle: bool = False, seed: int = 0, device: str | torch.device = "cpu"
    ) -> Iterable[Batch]: ...


Source: TypeAlias = "MakesBatches | Iterable[Batch]"


def open_batches(
    data: Source,
    batch_size: int,
    *,
    device: torch.device,
    shuffle: bool = False,
    seed: int = 0,
    name: str = "train",
) -> Iterable[Batch]:
    """Something that can be iterated once per epoch.

    Args:
        data: a Split, Batches, a DataLoader, or any re-iterable of (images, labels).
        batch_size: images per batch; only a Split needs it, the others have their own.
        device: where a Split puts its batches.
        shuffle: a new order in every pass; only a Split needs it.
        seed: the number that the order comes from; only a Split needs it.
        name: what messages call the data.
    Raises:
        TypeError: it cannot be iterated, or only once.
        TrainingError: it is empty.
    """
    if isinstance(data, Sized) and len(data) == 0:
        raise TrainingError(f"{name} is empty: it needs at least one labelled image.")
    if isinstance(data, MakesBatches):
        return data.batches(batch_size, shuffle=shuffle, seed=seed, device=device)
    if not isinstance(data, Iterable):
        raise TypeError(
            f"{name} is a {type(data).__name__}: give a Split such as load_data().train, Batches, "
            "or a DataLoader that yields (images, labels)."
        )
    if iter(data) is data:
        raise TypeError(
            f"{name} is a {type(data).__name__}, which is used up after one pass: give a list, Batches or "
            "a DataLoader, which start anew every epoch."
        )
    return data


def set_epoch(batches: Iterable[Batch], epoch: int) -> None:
    """Choose the order of the next pass (0 is the first), where the batches can."""
    if hasattr(batches, "epoch"):
        batches.epoch = epoch


def class_names(data: Source) -> tuple[str, ...] | None:
    """The names of the classes, where the data carry them."""
    classes = getattr(getattr(data, "split", data), "classes", None)
    return tuple(map(str, classes)) if isinstance(classes, (tuple, list)) else None


def data_fingerprint(data: Source) -> dict[str, Any]:
    """What tells one training set from another: its length, and a hash where the labels are at hand."""
    split = getattr(data, "split", data)
    found: dict[str, Any] = {"data length": len(data) if isinstance(data, Sized) else None}
    labels, images = getattr(split, "labels", None), getattr(split, "images", None)
    if isinstance(labels, Tensor) and isinstance(images, Tensor):
        few = images[:: max(1, len(images) // 8)]  # a handful, so that this costs nothing
        text = hashlib.sha256(labels.cpu().numpy().tobytes() + few.cpu().contiguous().numpy().tobytes())
        found["data hash"] = text.hexdigest()[:16]
    return found
