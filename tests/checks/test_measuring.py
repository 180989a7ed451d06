"""Answers to accuracy and to the difference of two accuracies."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal

import numpy as np
import torch

from cnnlab import checks
from tests.checks.cases import Cases


def counted(model, batches):
    right = images = 0
    for x, y in batches:
        right += (model(x).argmax(dim=1) == y).sum().item()
        images += len(y)
    return 100 * right / images


def on_the_models_device(model, batches):
    device = next(model.parameters()).device
    return counted(model, [(x.to(device), y.to(device)) for x, y in batches])


def joined(model, batches):
    x, y = (torch.cat(parts) for parts in zip(*batches))
    return 100 * (model(x).argmax(1) == y).float().mean()


def averaged(model, batches):
    return np.mean([100 * (model(x).argmax(1) == y).double().mean().item() for x, y in batches])


def anew(model, batches):
    for x, y in batches:
        right = (model(x).argmax(1) == y).sum()
    return 100 * right / len(y)


def difference(a, b, n, z=1.96):
    p, q = a / n, b / n
    return 100 * (p - q), 100 * z * math.sqrt(p * (1 - p) / n + q * (1 - q) / n)


def by_standard_errors(a, b, n):
    shares = np.array([a, b]) / n
    errors = np.sqrt(shares * (1 - shares) / n)
    return np.array([shares[0] - shares[1], 2 * np.hypot(*errors)]) * 100


def of_any_kind(a, b, n):
    return map(Decimal, difference(a, b, n))


def added(a, b, n):
    margins = [1.96 * math.sqrt(x / n * (1 - x / n) / n) for x in (a, b)]
    return 100 * (a - b) / n, 100 * sum(margins)


CASES = {
    "accuracy": Cases(
        right=[counted, joined, on_the_models_device, lambda m, b: torch.tensor([counted(m, b)])],
        wrong=[
            (lambda m, b: counted(m, b) / 100, "that is a share"),
            (averaged, "an image of the last, smaller batch counts too much"),
            (lambda m, b: counted(m, b[:-1]), "the last, smaller batch is missing"),
            (lambda m, b: int(counted(m, b)), "the decimals are cut off"),
            (lambda m, b: counted(m, [(x[:10], y[:10]) for x, y in b]), "the first ten images of each batch"),
            (lambda m, b: 100 - counted(m, b), "those are the wrong ones"),
            (anew, "the last batch alone"),
            (lambda m, b: 100 * counted(m, b), "not the share of right answers"),
            (lambda m, b: (counted(m, b), len(b)), "accuracy gives 2 numbers: 1 is asked for"),
            (lambda m, b: round(counted(m, b), 1), "Decimals are lost"),
            (lambda m, b: f"{counted(m, b):.2f} %", "is a text: numbers are asked for"),
        ],
        secret=["argmax"],
    ),
    "accuracy_difference": Cases(
        right=[
            difference,
            by_standard_errors,
            lambda a, b, n: torch.tensor(difference(a, b, n, z=2)),
            of_any_kind,
        ],
        wrong=[
            (
                lambda a, b, n: np.float64(1).item,
                "What your function returns is a function: are its brackets",
            ),
            (
                lambda a, b, n: (np.float64(1).item, 1),
                "the first of its 2 parts is a function: are its brackets",
            ),
            (
                lambda a, b, n: dict(zip(("points", "margin"), difference(a, b, n))),
                "a dictionary: two numbers are asked for, the difference and its uncertainty",
            ),
            (lambda a, b, n: itertools.count(), "difference gives 10,000 numbers: 2 are asked for"),
            (lambda a, b, n: (1, "0.3"), "the second of its 2 parts is a text: a number is asked for"),
            (lambda a, b, n: a / b, "1.004 alone: that is a ratio"),
            (lambda a, b, n: tuple(v / 100 for v in difference(a, b, n)), "those are shares"),
            (lambda a, b, n: difference(b, a, n), "The sign"),
            (lambda a, b, n: difference(a, b, n)[::-1], "You exchanged the two"),
            (lambda a, b, n: tuple(map(abs, difference(a, b, n))), "The sign is lost"),
            (lambda a, b, n: difference(a, b, n, z=3.92), "the whole width"),
            (
                lambda a, b, n: (100 * (a - b) / n, 1.96 * (difference(a, b, n, z=1)[1] / 10) ** 2),
                "A root is missing",
            ),
            (lambda a, b, n: difference(a, b, n, z=1), "covers 68 %"),
            (added, "You added the two margins"),
            (lambda a, b, n: (100 * (a - b) / n, 0.1), "not the difference in points and its margin"),
        ],
        secret=["0.2942", "sqrt", "√"],
    ),
}


def test_an_accuracy_and_a_difference_may_be_numbers_of_any_kind() -> None:
    assert checks.accuracy(joined)
    assert checks.accuracy_difference(by_standard_errors)
