"""Answers to the exercises of the race."""

from __future__ import annotations

import math

import numpy as np
import torch

from cnnlab import checks
from tests.checks.cases import Cases

HONEST = ["held-out ones", "the mean", "every step of training", "cannot be said"]


def epoch(images, batch_size, ms):
    steps = -(-images // batch_size)
    return steps, steps * ms / 1000, images / (steps * ms / 1000)


def epoch_with(steps):
    def answer(images, batch_size, ms):
        n = steps(images, batch_size)
        return n, n * ms / 1000, images / (n * ms / 1000)

    return answer


def third(value):
    return lambda images, batch_size, ms: (*epoch(images, batch_size, ms)[:2], value(images, batch_size, ms))


def least(work, images, epochs, rate):
    return 3 * work * images * epochs / rate / 1e9


def times(factor):
    return lambda work, images, epochs, rate: factor * least(work, images, epochs, rate)


def instead(**changed):
    return dict(zip("abcd", HONEST)) | changed


CASES = {
    "epoch_time": Cases(
        right=[
            epoch,
            lambda n, b, ms: np.array(epoch(n, b, ms)),
            lambda n, b, ms: torch.tensor(epoch(n, b, ms)),
        ],
        wrong=[
            (epoch_with(lambda n, b: n // b), "left over make a step"),
            (epoch_with(lambda n, b: n / b), "a step is a whole one"),
            (epoch_with(lambda n, b: round(n / b)), "the nearest whole number"),
            (epoch_with(lambda n, b: int(n / b + 0.5)), "the nearest whole number"),
            (epoch_with(lambda n, b: n), "a batch, not an image"),
            (
                lambda n, b, ms: (math.ceil(n / b), math.ceil(n / b) * ms, n / (math.ceil(n / b) * ms)),
                "in milliseconds",
            ),
            (third(lambda n, b, ms: epoch(n, b, ms)[1] / n), "seconds for an image"),
            (third(lambda n, b, ms: 1000 / ms), "steps a second"),
            (lambda n, b, ms: epoch(n, b, ms)[::-1], "in this order"),
            (
                lambda n, b, ms: (n // b, n // b * ms / 1000, 1000 * b / ms),
                "(468, 2.34, 25,600). The smaller batch at the end is left out",
            ),
            (third(lambda n, b, ms: 1000 * b / ms), "takes every batch as full"),
            (lambda n, b, ms: tuple(round(v) for v in epoch(n, b, ms)), "Decimals are lost"),
            (lambda n, b, ms: tuple(round(v, 2) for v in epoch(n, b, ms)), "Decimals are lost"),
            (lambda n, b, ms: tuple(int(v) for v in epoch(n, b, ms)), "ecimals are lost"),
            (third(lambda n, b, ms: round(epoch(n, b, ms)[2])), "Decimals are lost"),
            (lambda n, b, ms: tuple(map(str, epoch(n, b, ms))), "the first of its 3 parts is a text"),
            (lambda n, b, ms: (*epoch(n, b, ms)[:2], "fast"), "the third of its 3 parts is a text"),
            (
                lambda n, b, ms: epoch(n, b, ms)[:2],
                "gives 2 numbers: 3 are asked for, and the third is missing",
            ),
        ],
        secret=["ceil", "//", "round up"],
    ),
    "least_seconds": Cases(
        right=[
            least,
            lambda w, n, e, r: np.float64(least(w, n, e, r)),
            lambda w, n, e, r: torch.tensor(least(w, n, e, r)),
        ],
        wrong=[
            (times(1 / 3), "forward alone"),
            (times(2 / 3), "count the three products"),
            (lambda w, n, e, r: least(w, n, 1, r), "sees all images again"),
            (times(1e9), "in billions"),
            (times(1e3), "not milliseconds"),
            (lambda w, n, e, r: least(w, 1, e, r), "those of one image"),
            (lambda w, n, e, r: 1 / least(w, n, e, r), "upside down"),
            (lambda w, n, e, r: 7.0, "divided by those of a second"),
        ],
        secret=["50.15", "50.2", "3 ×", "3 *"],
    ),
    "honest_race": Cases(
        right=[instead(), HONEST, [answer.upper() for answer in HONEST]],
        wrong=[
            (instead(a="the test images"), "a) then they have chosen"),
            (instead(a="the training images"), "a) a network may know"),
            (instead(b="99.3 %"), "b) whoever trains it next"),
            (instead(c="one step"), "c) that is how fast it goes"),
            (instead(d="yours"), "d) the machines differ"),
            (instead(d="nobody's"), "d) choose one of"),
        ],
        secret=["held-out", "mean is", "every step of training."],
    ),
}


def test_it_is_what_a_stretch_of_steps_is_scaled_to() -> None:
    assert checks.epoch_time(epoch).points == 10
    assert checks.epoch_time(lambda n, b, ms: (..., ..., ...)).state == "not yet"


def test_the_least_time_is_three_forward_passes_at_the_rate() -> None:
    assert checks.least_seconds(least).points == checks.EXERCISES["least_seconds"].marks
    assert least(1_000_000, 60_000, 1, 100) == 1.8  # 3 × 10^6 × 60,000 in 10^11 a second


def test_a_gap_is_named() -> None:
    assert checks.honest_race(HONEST).state == "right"
    assert checks.honest_race(HONEST[:3]).reason == "Question d is still blank."
