"""Answers to the exercises on normalisation."""

from __future__ import annotations

import numpy as np

from cnnlab import checks
from tests.checks.cases import Cases


def with_numpy(images):
    x = images.numpy() / 255
    return x.mean(), x.std()


def by_definition(images):
    x = images.float().flatten() / 255
    mean = x.sum() / len(x)
    return [mean, ((x - mean) ** 2).mean() ** 0.5]


def in_place(images, mean, std):
    return images.float().div_(255).sub_(mean).div_(std)


CASES = {
    "mean_and_std": Cases(
        right=[
            with_numpy,
            by_definition,
            lambda x: ((x / 255).mean(), (x / 255).std(correction=0)),
            lambda x: map(float, ((x / 255).mean(), (x / 255).std())),
            lambda x: ((x / 255).mean(dim=(0, 2, 3)), (x / 255).std(dim=(0, 2, 3))),  # for each channel
        ],
        wrong=[
            (lambda x: (x.float().mean(), x.float().std()), "those are for bytes"),
            (lambda x: ((x / 256).mean(), (x / 256).std()), "You divided by 256: the largest byte is 255"),
            (lambda x: ((x / 255).mean(), (x / 255).var()), "The second is the variance"),
            (lambda x: ((x / 255).std(), (x / 255).mean()), "You exchanged the two"),
            (lambda x: ((x[:100] / 255).mean(), (x[:100] / 255).std()), "of all pixels in [0, 1]"),
            (lambda x: (0.1307, 0.3081), "gives (0.1307, 0.3081). Those are MNIST's"),
            (lambda x: ((x / 255).mean(), (x / 255).flatten(1).std(1).mean()), "average over single images"),
            (
                lambda x: (x / 255).mean(),
                "mean_and_std gives 1 number: 2 are asked for, and the second is missing",
            ),
            (lambda x: x.float().mean, "What your function returns is a function: are its brackets missing?"),
            (
                lambda x: (x.float().mean, x.float().std),
                "a tuple, and the first of its 2 parts is a function: are its brackets missing?",
            ),
            (
                lambda x: ((x / 255).mean(), (x / 255).std),
                "the second of its 2 parts is a function: are its brackets missing?",
            ),
            (lambda x: ("0.1307", "0.3081"), "the first of its 2 parts is a text: a number is asked for"),
            (
                lambda x: ((x / 255).mean(dim=0), (x / 255).std(dim=0)),
                "gives 2 tensors of shape (1, 28, 28): each should be one number.",
            ),
            (
                lambda x: ((x / 255).mean(dim=0), (x / 255).std()),
                "holds a tensor of shape (1, 28, 28) and a tensor of shape (): they do not fit together",
            ),
            (lambda x: ((x / 255).mean(), (x / 255).std(), x.max()), "gives 3 numbers: 2 are asked for"),
            (
                lambda x: (round((x / 255).mean().item(), 2), round((x / 255).std().item(), 2)),
                "Decimals are lost",
            ),
            (lambda x: (x.mean(), x.std()), "RuntimeError"),
        ],
        secret=["0.2836", "/ 255"],
    ),
    "normalise": Cases(
        right=[
            lambda x, mean, std: (x / 255 - mean) / std,
            lambda x, mean, std: (x.numpy().astype(np.float32) / 255 - mean) / std,
            in_place,
        ],
        wrong=[
            (lambda x, mean, std: (x - mean) / std, "The bytes were not divided by 255"),
            (lambda x, mean, std: x / 255 - mean / std, "you lost a bracket"),
            (lambda x, mean, std: (x - mean) / std / 255, "ivide by 255 first: mean"),
            (lambda x, mean, std: (x / 255 - std) / mean, "…: mean and standard deviation changed places"),
            (lambda x, mean, std: x / 255, "Your function gives 0, 0.01961, 0, …: you divided by 255"),
            (lambda x, mean, std: (x / 255) ** 2, "those are not the normalised pixels"),
            (lambda x, mean, std: x / 255 / std - mean, "you lost a bracket"),
            (lambda x, mean, std: x / 255 - mean, "did not divide by the standard deviation"),
            (lambda x, mean, std: (x / 255 - 0.5) / 0.5, "you used 0.5 and 0.5"),
            (lambda x, mean, std: (x / 255 - 0.1307) / 0.3081, "you used MNIST's numbers"),
            (lambda x, mean, std: x.sub_(mean), "RuntimeError"),
        ],
        secret=["(x / 255", "− mean) /"],
    ),
}


def test_bright_pixels_may_not_be_clipped():
    assert not checks.normalise(lambda x, m, s: ((x / 255 - m) / s).clamp(-1, 1))


def test_normalisation_may_be_done_by_torch_or_numpy() -> None:
    assert checks.mean_and_std(with_numpy)
    assert checks.normalise(in_place)
