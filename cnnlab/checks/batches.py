"""A loop to mend: batches that hold every image once."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import torch
from torch import Tensor

from cnnlab.checks.reading import call, function, kind
from cnnlab.checks.runner import exercise
from cnnlab.checks.verdict import Wrong
from cnnlab.words import counted


@exercise(
    "Every image in a batch: minibatches(images, labels, size)",
    5,
    "The last batch may be smaller, and it is a batch all the same.",
)
def minibatches(answer: object = ...) -> None:
    """Check a function minibatches(images, labels, size): pairs that hold every image once.

    It may return a list or be a generator; the order is free.
    """
    student = function(answer, "minibatches(images, labels, size)", 3)
    draw = torch.Generator().manual_seed(36)
    for count, size in ((10, 4), (12, 4), (31, 10), (130, 64), (3, 5)):
        images = torch.randint(1, 100, (count, 1, 4, 3), generator=draw).float()
        images[:, 0, 0, 0] = torch.arange(1.0, count + 1)  # by its first pixel an image is known
        labels = torch.arange(count) % 7
        made = _in_turn(call(student, images, labels, size))
        if not isinstance(made, Iterable):
            raise Wrong(f"Your function gives {kind(made)}: a list of batches is asked for, or a generator.")
        batches = [_ids(batch, size, images) for batch in islice(made, 2 * count)]
        seen = [one for ids in batches for one in ids]
        if len(set(seen)) < len(seen):
            raise Wrong(f"With {count} images and batches of {size}, some images come twice.")
        lengths = [len(ids) for ids in batches]
        if len(seen) < count:
            _judge_missing(sorted(set(range(count)) - set(seen)), lengths, count, size)
        _judge_lengths(lengths, count, size)


def _judge_missing(places: list[int], lengths: list[int], count: int, size: int) -> None:
    """Raise `Wrong` for images that never come, and say which: the last batch is not always to blame."""
    said = f"With {count} images and batches of {size}"
    if len(places) == count % size and all(length == size for length in lengths):
        never = "1 never comes: that" if len(places) == 1 else f"{len(places)} never come: those"
        raise Wrong(f"{said}, {never} of the last, smaller batch.")
    if len(places) == count:
        raise Wrong(f"{said}, no image comes at all.")
    named = ", ".join(map(str, places[:5])) + (", …" if len(places) > 5 else "")
    first = "the image with the index" if len(places) == 1 else "the images with the indices"
    raise Wrong(f"{said}, {first} {named} never come{'s' if len(places) == 1 else ''}: look at the borders.")


def _in_turn(made: object) -> object:
    """The batches of an object that has them by their place, as a data set has, one after the other."""
    if isinstance(made, (Iterable, type)) or not hasattr(type(made), "__getitem__"):
        return made
    if not hasattr(type(made), "__len__"):
        return iter(made)  # type: ignore[call-overload]
    return (made[i] for i in range(len(made)))  # type: ignore[index, arg-type]


def _judge_lengths(lengths: list[int], count: int, size: int) -> None:
    """Raise `Wrong` for an empty batch, and for more than one that is not full."""
    said = f"With {count} images and batches of {size},"
    if 0 in lengths:
        raise Wrong(f"{said} a batch of yours is empty: every batch should hold an image.")
    if sum(length < size for length in lengths) > 1:
        held = ", ".join(map(str, lengths[:4])) + (", …" if len(lengths) > 4 else "")
        raise Wrong(f"{said} yours hold {held} images: one batch at most may be smaller.")


def _ids(batch: object, size: int, all_images: Tensor) -> list[int]:
    """Which images a batch holds, once they are sure to be whole and their labels to belong to them."""
    if isinstance(batch, (tuple, list)) and batch and all(getattr(p, "ndim", 0) == 4 for p in batch):
        raise Wrong(
            f"In place of a batch stand {counted(len(batch), 'tensor')} of images and no labels: "
            "pair each batch of images with its labels."
        )
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise Wrong(f"A batch of yours is {kind(batch)}: a pair of images and labels is asked for.")
    images, labels = batch
    if not isinstance(images, Tensor) or not isinstance(labels, Tensor) or images.ndim != 4:
        raise Wrong("A batch of yours does not hold two tensors: cut images and labels, keep their shapes.")
    if len(images) != len(labels):
        raise Wrong(f"A batch has {counted(len(images), 'image')} and {counted(len(labels), 'label')}.")
    if len(images) > size:
        raise Wrong(f"A batch has {len(images)} images: at most {size} were asked for.")
    if labels.ndim != 1:
        raise Wrong(
            f"The labels of a batch are {kind(labels)}: cut them, and keep one number for each image."
        )
    if images.shape[1:] != all_images.shape[1:]:
        raise Wrong(
            f"The images of a batch are {_size(images)}, and {_size(all_images)} went in: "
            "cut between the images, never through them."
        )
    ids = [int(value) - 1 for value in images[:, 0, 0, 0]]
    known = all(0 <= one < len(all_images) for one in ids)
    if not known or not torch.equal(images.float(), all_images[ids]):
        raise Wrong(
            "The images of a batch hold other numbers than those that went in: change nothing in them."
        )
    if [one % 7 for one in ids] != labels.tolist():
        raise Wrong("The labels of a batch belong to other images than those beside them.")
    return ids


def _size(images: Tensor) -> str:
    return " × ".join(map(str, images.shape[1:]))
