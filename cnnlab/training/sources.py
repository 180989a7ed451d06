"""Turn what `fit` and `evaluate` are given (a Split, Batches, a DataLoader) into batches.

Nothing here knows `cnnlab.data`: whatever has a `batches` method is asked for batches,
everything else is iterated as it is.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Iterator, Sized
from typing import Any, Protocol, TypeAlias, runtime_checkable

import torch
from torch import Tensor
from torch.utils.data import Dataset

from cnnlab.errors import TrainingError

DEFAULT_BATCH_SIZE = 64  # images per step

Batch: TypeAlias = "tuple[Tensor, Tensor]"  # images (N, C, H, W) float32, labels (N,) int64


@runtime_checkable
class MakesBatches(Protocol):
    """Labelled images that can be asked for batches, such as `cnnlab.data.Split`."""

    def batches(
        self, batch_size: int, *, shuffle: bool = False, seed: int = 0, device: str | torch.device = "cpu"
    ) -> Iterable[Batch]:
        """Something that gives the images in batches, as often as it is iterated."""


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
        batch_size: images per batch, for a Split; the others have their own.
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
    if isinstance(data, Dataset):
        raise TypeError(
            f"{name} is a {type(data).__name__}, which gives one image at a time: wrap it, "
            f"DataLoader({name}, batch_size={batch_size}, shuffle={shuffle})."
        )
    if isinstance(data, Iterator):
        raise TypeError(
            f"{name} is a {type(data).__name__}, which is used up after one pass: give a list, Batches or "
            "a DataLoader, which start anew every epoch."
        )
    if isinstance(data, (tuple, list)) and all(isinstance(part, Tensor) for part in data):
        raise TypeError(
            f"{name} is a {type(data).__name__} of tensors, not of batches: give "
            f"DataLoader(TensorDataset(images, labels), batch_size={batch_size}, shuffle={shuffle})."
        )
    if isinstance(getattr(data, "train", None), MakesBatches) and hasattr(data, "test"):
        part = "data.train" if name == "train" else "a Split, such as data.test"
        raise TypeError(
            f"{name} is of the type {type(data).__name__}, a data set of training and test images: "
            f"give {part}."
        )
    if isinstance(data, (Tensor, str)) or not isinstance(data, Iterable):
        raise TypeError(
            f"{name} is a {type(data).__name__}: give a Split such as load_data().train, Batches, "
            "or a DataLoader that yields (images, labels)."
        )
    return data


def check_batch_size(data: Source, batch_size: int) -> None:
    """Refuse a batch size that would have no effect, because the data are in batches already."""
    own = getattr(data, "batch_size", None)
    if isinstance(own, int) and batch_size not in (own, DEFAULT_BATCH_SIZE):
        raise ValueError(
            f"batch_size={batch_size}, but train makes batches of {own} itself: leave batch_size out, or "
            f"make train with batch_size={batch_size}."
        )


def set_epoch(batches: Iterable[Batch], epoch: int) -> None:
    """Choose the order of the next pass (0 is the first), where the batches can."""
    if hasattr(batches, "epoch"):
        batches.epoch = epoch


def class_names(data: Source) -> tuple[str, ...] | None:
    """The names of the classes, where the data carry them."""
    classes = getattr(_split(data), "classes", None)
    return tuple(map(str, classes)) if isinstance(classes, (tuple, list)) else None


def all_labels(data: Source) -> Tensor | None:
    """The labels of all images, where the data have them at hand."""
    labels: Tensor | None = getattr(_split(data), "labels", None)
    return labels


def describe_data(data: Source, batches: Iterable[Batch]) -> dict[str, Any]:
    """What tells one training set, and the way it is cut into batches, from another.

    Args:
        data: what `fit` was given.
        batches: what `open_batches` made of it.
    Returns:
        Length, batch size, seed, normalisation and a hash of labels and a few images: each where the
        data have it, otherwise None.
    """
    split, labels = _split(data), all_labels(data)
    images = getattr(split, "images", None)
    size, content = getattr(data, "dataset", data if split is None else split), None
    if labels is not None and isinstance(images, Tensor):
        few = images[:: max(1, len(images) // 8)]  # a handful, so that this costs nothing
        text = labels.cpu().numpy().tobytes() + few.cpu().contiguous().numpy().tobytes()
        content = hashlib.sha256(text).hexdigest()[:16]
    return {
        "number of images": len(size) if isinstance(size, Sized) else None,
        "number of batches": len(batches) if isinstance(batches, Sized) else None,
        "batch size": _plain(getattr(batches, "batch_size", None)),
        "seed of the order": _plain(getattr(batches, "seed", None)),
        "shuffled": _plain(getattr(batches, "shuffle", None)),
        "mean of the pixels": _plain(getattr(split, "mean", None)),
        "std of the pixels": _plain(getattr(split, "std", None)),
        "hash of labels and images": content,
    }


def describe_validation(data: Source | None, batches: Iterable[Batch] | None) -> str:
    """What tells one validation set from another, in words."""
    if data is None or batches is None:
        return "none"
    found = describe_data(data, batches)
    content = found["hash of labels and images"]
    count = found["number of images"]
    if count is None:
        return f"{type(data).__name__} of unknown length"
    what = "batches" if isinstance(data, (list, tuple)) else "images"
    return f"{count:,} {what}" + (f", hash {content}" if content else "")


def warn_if_unlike(train: Source, validation: Source) -> None:
    """Warn when the validation set is normalised in another way, or has other classes."""
    first, second = _split(train), _split(validation)
    old: list[Any] = [getattr(first, key, None) for key in ("mean", "std")]
    new: list[Any] = [getattr(second, key, None) for key in ("mean", "std")]
    known = all(isinstance(value, (int, float)) for value in (*old, *new))
    # a tenth: two parts of one data set, each with statistics of its own, differ by less
    if known and max(abs(new[0] - old[0]), abs(new[1] - old[1])) > old[1] / 10:
        warnings.warn(
            f"validation is normalised with mean {new[0]:.4f} and std {new[1]:.4f}, train with mean "
            f"{old[0]:.4f} and std {old[1]:.4f}: the network is tested on other pixels than it learns "
            "from: give validation train's mean and std, as load_data() does.",
            stacklevel=4,  # the line that calls fit
        )
    names, others = class_names(train), class_names(validation)
    if names and others and names != others:
        warnings.warn(
            f"validation has {len(others)} classes ({', '.join(others)}), and train has {len(names)} "
            f"({', '.join(names)}): give both the same classes, or label 0 may mean two things.",
            stacklevel=4,  # the line that calls fit
        )


def _split(data: Source) -> object:
    """The labelled images behind Batches, or behind a DataLoader over them; None for anything else."""
    inner = getattr(data, "dataset", data)
    split = getattr(inner, "split", inner)
    labels = getattr(split, "labels", None)
    return split if isinstance(labels, Tensor) and labels.dtype == torch.int64 and len(labels) else None


def _plain(value: object) -> object:
    return value if isinstance(value, (bool, int, float, str)) else None


def generators_of(batches: object) -> list[torch.Generator]:
    """The generators that a DataLoader and its samplers draw the order from, each once."""
    by_batch = getattr(batches, "batch_sampler", None)
    places = (batches, getattr(batches, "sampler", None), by_batch, getattr(by_batch, "sampler", None))
    found = [getattr(place, "generator", None) for place in places]
    return list({id(one): one for one in found if isinstance(one, torch.Generator)}.values())
