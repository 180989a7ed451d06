"""Exercises on measuring: accuracy, and the difference of two accuracies."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cnnlab.checks.functions import Misconception, judge_function
from cnnlab.checks.reading import call, function, listed, number, shown
from cnnlab.checks.runner import exercise
from cnnlab.checks.verdict import Wrong

Batch = tuple[Tensor, Tensor]


class Reads(nn.Module):
    """A network that gives each image the digit of its first pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))  # so that a student may ask for the device of the parameters

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.one_hot(x.flatten(1)[:, 0].long(), 10) * self.scale


def _right(batch: Batch, most: int | None = None) -> int:
    return int((batch[0].flatten(1)[:most, 0].long() == batch[1][:most]).sum())


def _percent(batches: Sequence[Batch], most: int | None = None) -> float:
    images = sum(len(labels[:most]) for _, labels in batches)
    return 100 * sum(_right(batch, most) for batch in batches) / images


def _mean_of_batches(_: object, batches: Sequence[Batch]) -> float:
    return sum(_percent([batch]) for batch in batches) / len(batches)


_ACCURACIES = [
    Misconception(lambda m, b: _percent(b) / 100, "that is a share; it is asked for in percent."),
    Misconception(lambda m, b: _percent(b[:-1]), "the last, smaller batch is missing."),
    Misconception(
        _mean_of_batches, "you averaged the batches: an image of the last, smaller batch counts too much."
    ),
    Misconception(lambda m, b: _percent(b[:1]), "that is the first batch alone."),
    Misconception(
        lambda m, b: _percent(b[-1:]), "that is the last batch alone: the counts start anew in each batch."
    ),
    Misconception(lambda m, b: _percent(b, 10), "only the first ten images of each batch are counted."),
    Misconception(lambda m, b: int(_percent(b)), "the decimals are cut off."),
    Misconception(lambda m, b: 100 - _percent(b), "those are the wrong ones."),
    Misconception(
        lambda m, b: sum(_right(batch) for batch in b), "that is a count; it is asked for in percent."
    ),
    Misconception(
        lambda m, b: 100 * sum(_right(batch) for batch in b) / (len(b) * len(b[0][1])),
        "you divide by batches × batch size, but the last batch is smaller.",
    ),
    Misconception(
        lambda m, b: 100 * sum(_right(batch) for batch in b) / len(b), "you divide by the number of batches."
    ),
]


@exercise(
    "Accuracy over all batches: accuracy(model, batches)",
    5,
    "Count right answers and images, and divide once.",
)
def accuracy(answer: object = ...) -> None:
    """Check a function accuracy(model, batches), in percent; each batch is a pair of images and labels."""
    draw = torch.Generator().manual_seed(5)
    cases: list[tuple[object, ...]] = []
    for sizes, errors in (((32, 32, 32, 7), 0.2), ((50, 50, 13), 0.37), ((20, 3), 0.5)):
        batches = []
        for size in sizes:
            labels = torch.randint(10, (size,), generator=draw)
            shift = (torch.rand(size, generator=draw) < errors) * torch.randint(
                1, 10, (size,), generator=draw
            )
            images = ((labels + shift) % 10).float()[:, None, None, None].expand(-1, 1, 28, 28)
            batches.append((images.clone(), labels))
        cases.append((Reads().eval(), batches))
    judge_function(
        answer,
        "accuracy(model, batches)",
        lambda _, batches: _percent(batches),
        cases,
        _ACCURACIES,
        "that is not the share of right answers in percent. Count by hand for one small batch.",
    )


def _margin(a: int, b: int, n: int) -> float:
    p, q = a / n, b / n
    return 100 * math.sqrt(p * (1 - p) / n + q * (1 - q) / n)


def _single(a: int, n: int) -> float:
    return 100 * math.sqrt(a / n * (1 - a / n) / n)


def _points(a: int, b: int, n: int) -> float:
    return 100 * (a - b) / n


_DIFFERENCES = [
    Misconception(
        lambda a, b, n: (_points(a, b, n) / 100, 1.96 * _margin(a, b, n) / 100),
        "those are shares; percentage points are asked for.",
    ),
    Misconception(
        lambda a, b, n: (_points(b, a, n), 1.96 * _margin(a, b, n)), "the sign: the first minus the second."
    ),
    Misconception(
        lambda a, b, n: (1.96 * _margin(a, b, n), _points(a, b, n)),
        "you exchanged the two: first the difference.",
    ),
    Misconception(
        lambda a, b, n: (abs(_points(a, b, n)), 1.96 * _margin(a, b, n)),
        "the sign is lost: it says which of the two is better.",
    ),
    Misconception(
        lambda a, b, n: (_points(a, b, n), 2 * 1.96 * _margin(a, b, n)),
        "that is the whole width: the margin is half of it, what stands behind ±.",
    ),
    Misconception(
        lambda a, b, n: (_points(a, b, n), 1.96 * _margin(a, b, n) ** 2 / 100),
        "a root is missing: what you add up are squares.",
    ),
    Misconception(lambda a, b, n: (_points(a, b, n), _margin(a, b, n)), "that margin covers 68 %, not 95 %."),
    Misconception(
        lambda a, b, n: (_points(a, b, n), 1.96 * (_single(a, n) + _single(b, n))),
        "you added the two margins: chance seldom pushes both the same way, so that is too much.",
    ),
    Misconception(
        lambda a, b, n: (_points(a, b, n), 1.96 * _single(a, n)),
        "only the first network is uncertain in your margin.",
    ),
    Misconception(
        lambda a, b, n: (_points(a, b, n), 1.96 * 100 * math.sqrt(a / n * (1 - a / n) + b / n * (1 - b / n))),
        "your margin is that of a single image: it does not shrink with n.",
    ),
]


@exercise(
    "Lab 003 Q3 and Q4: compare two accuracies: difference(correct_a, correct_b, n)",
    10,
    "A difference that is smaller than its margin has told nothing apart.",
)
def accuracy_difference(answer: object = ...) -> None:
    """Check a function difference(correct_a, correct_b, n): points, and the half-width of its 95 % interval.

    Each network was tested on its own n images; it returns (points, plus_minus).
    """
    cases: list[tuple[object, ...]] = [(9_910, 9_870, 10_000), (412, 431, 500), (8_000, 9_000, 10_000)]

    def right(a: int, b: int, n: int) -> tuple[float, float]:
        return _points(a, b, n), 1.96 * _margin(a, b, n)

    student = function(answer, "difference(correct_a, correct_b, n)", 3)
    first = listed(call(student, *cases[0]))
    if isinstance(first, dict):
        raise Wrong(
            "Your function returns a dictionary: two numbers are asked for, "
            "the difference and its uncertainty."
        )
    if not isinstance(first, (tuple, list, Tensor)) and getattr(first, "shape", ()) != (2,):
        value = number(first, "What your function returns")
        ratio = abs(value - 9_910 / 9_870) < 1e-3
        hint = "that is a ratio, and " if ratio else ""
        raise Wrong(
            f"{shown(value)} alone: {hint}two numbers are asked for, the difference and its uncertainty."
        )
    otherwise = "that is not the difference in points and its margin of 95 %."
    judge_function(
        student, "difference(correct_a, correct_b, n)", right, cases, _DIFFERENCES, otherwise, rtol=0.025
    )
