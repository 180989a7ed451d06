"""Exercises on normalisation: mean and standard deviation, and what is done with them."""

from __future__ import annotations

import torch
from torch import Tensor

from cnnlab.checks.functions import Misconception, judge_function
from cnnlab.checks.runner import exercise


def _images(count: int, seed: int) -> Tensor:
    """Bytes that are dark more often than bright, as in MNIST, (count, 1, 28, 28)."""
    draw = torch.Generator().manual_seed(seed)
    ink = 0.2 + 0.8 * torch.rand(count, 1, 1, 1, generator=draw)  # each image is as bright as it likes
    images = (255 * ink * torch.rand(count, 1, 28, 28, generator=draw) ** 3).to(torch.uint8)
    images[:, :, 9, 9] = 255  # as bright as can be, where clipping shows
    return images


def _scaled(x: Tensor) -> Tensor:
    return x.double() / 255


def _pair(mean: Tensor, std: Tensor) -> tuple[float, float]:
    return mean.item(), std.item()


_MOMENTS = [
    Misconception(
        lambda x: _pair((x.double() / 256).mean(), (x.double() / 256).std()),
        "you divided by 256: the largest byte is 255.",
    ),
    Misconception(
        lambda x: _pair(x.double().mean(), x.double().std()), "those are for bytes; divide by 255 first."
    ),
    Misconception(
        lambda x: _pair(_scaled(x).mean(), _scaled(x).var()), "the second is the variance: take its root."
    ),
    Misconception(
        lambda x: _pair(_scaled(x).std(), _scaled(x).mean()), "you exchanged the two: first the mean."
    ),
    Misconception(
        lambda x: _pair(_scaled(x).mean(), _scaled(x).flatten(1).std(dim=1).mean()),
        "the second is the average over single images: take the spread of all pixels together.",
    ),
    Misconception(
        lambda x: _pair(_scaled(x[:1]).mean(), _scaled(x[:1]).std()), "those are for the first image alone."
    ),
    Misconception(
        lambda x: _pair((x // 255).double().mean(), (x // 255).double().std()),
        "// leaves only 0 and 1: a pixel in [0, 1] has a fraction.",
    ),
    Misconception(
        lambda x: (0.1307, 0.3081), "those are MNIST's: compute them from the images that you are given."
    ),
    Misconception(
        lambda x: (0.5, 0.5), "those are nobody's: compute them from the images that you are given."
    ),
]


@exercise(
    "Mean and standard deviation of the pixels: mean_and_std(images)",
    5,
    "The two numbers belong to the training images, not to normalisation.",
)
def mean_and_std(answer: object = ...) -> None:
    """Check a function mean_and_std(images): of all pixels in [0, 1], from bytes of (N, 1, 28, 28)."""
    judge_function(
        answer,
        "mean_and_std(images)",
        lambda x: _pair(_scaled(x).mean(), _scaled(x).std()),
        [(_images(20, 1),), (_images(7, 2) // 2,), (_images(200, 5),)],
        _MOMENTS,
        "those are not the mean and the standard deviation of all pixels in [0, 1].",
        rtol=2e-3,
    )


_NORMALISED = [
    Misconception(
        lambda x, m, s: (x.double() - m) / s,
        "the bytes were not divided by 255: mean and std are for [0, 1].",
    ),
    Misconception(lambda x, m, s: (x.double() / 256 - m) / s, "you divided by 256: the largest byte is 255."),
    Misconception(lambda x, m, s: _scaled(x) - m, "you did not divide by the standard deviation."),
    Misconception(lambda x, m, s: _scaled(x) / s, "you did not subtract the mean."),
    Misconception(
        lambda x, m, s: _scaled(x) / s - m, "first subtract the mean, then divide: you lost a bracket."
    ),
    Misconception(
        lambda x, m, s: _scaled(x) - m / s, "first subtract the mean, then divide: you lost a bracket."
    ),
    Misconception(
        lambda x, m, s: (x.double() - m) / s / 255,
        "divide by 255 first: mean and std are those of pixels in [0, 1].",
    ),
    Misconception(lambda x, m, s: (_scaled(x) - s) / m, "mean and standard deviation changed places."),
    Misconception(lambda x, m, s: (_scaled(x) - m) * s, "you multiplied by the standard deviation."),
    Misconception(
        lambda x, m, s: (_scaled(x) - m) / s**2, "you divided by the variance: its root is asked for."
    ),
    Misconception(lambda x, m, s: (_scaled(x) + m) / s, "you added the mean."),
    Misconception(lambda x, m, s: _scaled(x), "you divided by 255, and no more."),
    Misconception(
        lambda x, m, s: (_scaled(x) - 0.5) / 0.5, "you used 0.5 and 0.5 in place of the mean and std given."
    ),
    Misconception(
        lambda x, m, s: (_scaled(x) - 0.1307) / 0.3081,
        "you used MNIST's numbers in place of the mean and std given.",
    ),
    Misconception(
        lambda x, m, s: (_scaled(x) - _scaled(x).mean()) / _scaled(x).std(),
        "you used the mean and std of this batch in place of those given.",
    ),
    Misconception(lambda x, m, s: ((x // 255).double() - m) / s, "// leaves only 0 and 1: divide with /."),
]


@exercise(
    "Normalise images: normalise(images, mean, std)",
    5,
    "Training and test images go through the same two numbers.",
)
def normalise(answer: object = ...) -> None:
    """Check a function normalise(images, mean, std) for bytes; mean and std are those of pixels in [0, 1]."""
    judge_function(
        answer,
        "normalise(images, mean, std)",
        lambda x, mean, std: (_scaled(x) - mean) / std,
        [(_images(3, 3), 0.25, 0.28), (_images(2, 4), 0.4, 0.7)],
        _NORMALISED,
        "those are not the normalised pixels. Work one pixel out by hand.",
        rtol=1e-3,
    )
