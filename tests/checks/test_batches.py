"""Answers to batches that hold every image once."""

from __future__ import annotations

import torch

from cnnlab import checks
from tests.checks.cases import Cases


def cut(images, labels, size):
    for start in range(0, len(images), size):
        yield images[start : start + size], labels[start : start + size]


class ByPlace:
    """Batches by their place, with a length, and without `__iter__`."""

    def __init__(self, images, labels, size):
        self.images, self.labels, self.size = images, labels, size

    def __len__(self):
        return -(-len(self.images) // self.size)

    def __getitem__(self, i):
        part = slice(i * self.size, (i + 1) * self.size)
        return self.images[part], self.labels[part]


class ByPlaceUntilTheEnd:
    """The same without a length: past the last batch comes an IndexError."""

    def __init__(self, *given):
        self.batches = list(cut(*given))

    def __getitem__(self, i):
        return self.batches[i]


class FullOnesByPlace(ByPlace):
    def __len__(self):
        return len(self.images) // self.size


def shuffled(images, labels, size):
    order = torch.randperm(len(images))
    return [(images[part], labels[part]) for part in order.split(size)]


def full_ones(images, labels, size):
    for start in range(0, len(images) - size + 1, size):
        yield images[start : start + size], labels[start : start + size]


def ends_one_early(images, labels, size):
    for start in range(0, len(images), size):
        yield images[start : start + size - 1], labels[start : start + size - 1]


def wrapped(images, labels, size):
    for start in range(0, len(images), size):
        part = torch.arange(start, start + size) % len(images)
        yield images[part], labels[part]


def smaller_one_first(images, labels, size):
    return list(cut(images, labels, size))[::-1]


def twice_shuffled(images, labels, size):
    return list(zip(images[torch.randperm(len(images))].split(size), labels.split(size)))


def ends_one_start_early(images, labels, size):
    return [(images[k : k + size], labels[k : k + size]) for k in range(0, len(images) - 1, size)]


def with_images(change):
    return lambda images, labels, size: ((change(x), y) for x, y in cut(images, labels, size))


def with_labels(change):
    return lambda images, labels, size: ((x, change(y)) for x, y in cut(images, labels, size))


CASES = {
    "minibatches": Cases(
        right=[
            cut,
            shuffled,
            with_images(lambda x: x.double()),
            smaller_one_first,
            lambda x, y, n: zip(x.split(n), y.split(n)),
            lambda x, y, n: ByPlace(x, y, n),
            lambda x, y, n: ByPlaceUntilTheEnd(x, y, n),
        ],
        wrong=[
            (lambda x, y, n: FullOnesByPlace(x, y, n), "2 never come: those of the last, smaller batch"),
            (full_ones, "With 10 images and batches of 4, 2 never come: those of the last, smaller batch."),
            (wrapped, "some images come twice"),
            (
                ends_one_start_early,
                "With 31 images and batches of 10, 1 never comes: that of the last, smaller batch.",
            ),
            (with_images(lambda x: x[:, :, :1, :1]), "are 1 × 1 × 1, and 1 × 4 × 3 went in: cut between"),
            (with_images(lambda x: x.flatten(1)), "keep their shapes"),
            (with_images(lambda x: x.tril()), "hold other numbers than those that went in"),
            (with_images(lambda x: x + 0.9 * torch.rand(1)), "hold other numbers than those that went in"),
            (with_images(lambda x: x / 255), "hold other numbers than those that went in"),
            (with_labels(lambda y: y[:, None]), "The labels of a batch are a tensor of shape (4, 1)"),
            (twice_shuffled, "belong to other images"),
            (
                lambda x, y, n: list(cut(x, y, n))[1:],
                "with the indices 0, 1, 2, 3 never come: look at the borders",
            ),
            (ends_one_early, "With 10 images and batches of 4, the images with the indices 3, 7 never come"),
            (lambda x, y, n: list(cut(x, y, n))[:-1] or [(x[1:], y[1:])], "those of the last, smaller batch"),
            (lambda x, y, n: cut(x[:-1], y[:-1], n), "the image with the index 9 never comes: look at"),
            (lambda x, y, n: iter(()), "no image comes at all"),
            (lambda x, y, n: (x.split(n), y.split(n)), "stand 3 tensors of images and no labels"),
            (lambda x, y, n: zip(x.split(1), y.split(2)), "A batch has 1 image and 2 labels"),
            (lambda x, y, n: [(x, y)], "A batch has 10 images: at most 4"),
            (lambda x, y, n: x.split(n), "a pair of images and labels is asked for"),
            (lambda x, y, n: zip(x.split(n), y.split(n + 1)), "A batch has 4 images and 5 labels"),
            (lambda x, y, n: 3, "Your function gives an int"),
            (lambda x, y, n: list(cut(x, y, 1)), "yours hold 1, 1, 1, 1, … images: one batch at most"),
            (lambda x, y, n: cut(x, y, (n + 1) // 2), "one batch at most may be smaller"),
            (lambda x, y, n: zip(x.chunk(n), y.chunk(n)), "yours hold 3, 3, 3, 1 images"),
            (lambda x, y, n: [*cut(x, y, n), (x[:0], y[:0])], "a batch of yours is empty"),
        ],
        secret=["range(", "split"],
    ),
}


def test_the_order_of_the_images_is_free() -> None:
    assert checks.minibatches(shuffled)
