"""Exercises of the race: how long an epoch takes, how long it must take, and which record is one."""

from __future__ import annotations

import math

from cnnlab.checks.functions import Misconception, judge_function
from cnnlab.checks.question import SETS, Question, judge_choices
from cnnlab.checks.reading import call, function
from cnnlab.checks.runner import BLANK, exercise
from cnnlab.checks.verdict import Blank

_USAGE = "epoch_time(images, batch_size, ms)"
_EPOCHS: list[tuple[object, ...]] = [
    (60_000, 128, 5.0),
    (60_000, 100, 67.0),
    (1_000, 64, 2.5),
    (500, 50, 8.0),
    (1_000, 300, 2.0),
]


def _epoch(images: int, batch_size: int, ms: float) -> tuple[int, float, float]:
    steps = math.ceil(images / batch_size)
    seconds = steps * ms / 1000
    return steps, seconds, images / seconds


def _with_steps(images: int, ms: float, steps: float) -> tuple[float, float, float]:
    return steps, steps * ms / 1000, images / (steps * ms / 1000)


_EPOCH = [
    Misconception(
        lambda n, b, ms: _with_steps(n, ms, n // b), "the images that are left over make a step, too."
    ),
    Misconception(
        lambda n, b, ms: (n // b, n // b * ms / 1000, b * 1000 / ms),
        "the smaller batch at the end is left out: its images make a step, too.",
    ),
    Misconception(
        lambda n, b, ms: (*_epoch(n, b, ms)[:2], b * 1000 / ms),
        "your third number takes every batch as full: the last one may be smaller.",
    ),
    Misconception(lambda n, b, ms: _with_steps(n, ms, n / b), "a step is a whole one."),
    Misconception(
        lambda n, b, ms: _with_steps(n, ms, int(n / b + 0.5)),
        "you take the nearest whole number, but the images that are left over need a step, however few.",
    ),
    Misconception(lambda n, b, ms: _with_steps(n, ms, n), "a step takes a batch, not an image."),
    Misconception(
        lambda n, b, ms: (_epoch(n, b, ms)[0], _epoch(n, b, ms)[0] * ms, n / (_epoch(n, b, ms)[0] * ms)),
        "the time of a step is in milliseconds, the other two in seconds.",
    ),
    Misconception(
        lambda n, b, ms: (*_epoch(n, b, ms)[:2], _epoch(n, b, ms)[1] / n),
        "your third number is seconds for an image: the images for a second are asked for.",
    ),
    Misconception(
        lambda n, b, ms: (*_epoch(n, b, ms)[:2], 1000 / ms),
        "your third number is steps a second: each step takes many images.",
    ),
]


@exercise(
    "Steps, seconds, images a second: epoch_time(images, batch_size, ms)",
    10,
    "From a stretch of steps follows the epoch, without waiting for it.",
)
def epoch_time(answer: object = ...) -> None:
    """Check a function epoch_time(images, batch_size, ms): (steps, seconds, images a second) of an epoch.

    `ms` is the time of one step in milliseconds. A last batch that is smaller counts as a whole step.
    """
    student = function(answer, _USAGE, 3)
    first = call(student, *_EPOCHS[0])
    if isinstance(first, (tuple, list)) and any(part is ... or part is None for part in first):
        raise Blank(BLANK)
    judge_function(
        student,
        _USAGE,
        _epoch,
        _EPOCHS,
        _EPOCH,
        "those are not the steps of an epoch, its seconds, and its images a second, in this order.",
    )


_WORK: list[tuple[object, ...]] = [
    (4_643_840, 60_000, 3, 50.0),
    (1_000_000, 1_000, 1, 2.0),
    (716_816, 50_000, 2, 80.0),
]


def _least(work: int, images: int, epochs: int, rate: float) -> float:
    return 3 * work * images * epochs / (rate * 1e9)


_LEAST = [
    Misconception(
        lambda w, n, e, r: _least(w, n, e, r) / 3, "that is forward alone: backward is work as well."
    ),
    Misconception(
        lambda w, n, e, r: _least(w, n, e, r) * 2 / 3,
        "that is backward alone, or forward and half of backward: count the three products.",
    ),
    Misconception(lambda w, n, e, r: _least(w, n, 1, r), "every epoch sees all images again."),
    Misconception(lambda w, n, e, r: _least(w, n, e, r) * 1e9, "the rate is in billions a second."),
    Misconception(lambda w, n, e, r: _least(w, n, e, r) * 1e3, "seconds are asked for, not milliseconds."),
    Misconception(lambda w, n, e, r: _least(w, 1, e, r), "the multiply–adds are those of one image."),
    Misconception(
        lambda w, n, e, r: 1 / _least(w, n, e, r), "it is upside down: twice the rate, half the time."
    ),
]


@exercise(
    "The least time by arithmetic: least_seconds(work, images, epochs, rate)",
    10,
    "No cleverness of the loop can beat it: only less arithmetic, or a faster processor.",
)
def least_seconds(answer: object = ...) -> None:
    """Check a function least_seconds(work, images, epochs, rate): the seconds that a training needs at least.

    `work` is the multiply–adds of forward for one image, `rate` how many billions of them the machine
    does in a second. Backward is two products of the same size.
    """
    judge_function(
        answer,
        "least_seconds(work, images, epochs, rate)",
        _least,
        _WORK,
        _LEAST,
        "that is not all the multiply–adds of the training, divided by those of a second.",
    )


_HONEST_RACE = (
    Question(
        "You tried 12 learning rates. Which images say which one is best?",
        "held-out ones",
        {
            "the test images": "then they have chosen, and their accuracy is too good",
            "the training images": "a network may know those by heart",
        },
        ("the training images", "held-out ones", "the test images"),
    ),
    Question(
        "Ten seeds: nine reach 98.9 to 99.1 %, one 99.3 %. Which figure is your accuracy?",
        "the mean",
        {
            "99.3": "whoever trains it next gets another seed",
            "98.9": "that is worth saying as well, but it is not what one may expect",
            "the mean of the best five": "which five that are, one knows only afterwards",
        },
        ("99.3", "98.9", "the mean", "the mean of the best five"),
    ),
    Question(
        "What must lie between the start and the stop of the clock?",
        "every step of training",
        {
            "the fastest epoch": "the network was trained by all of them",
            "forward alone": "without backward and update nothing is learnt",
            "one step": "that is how fast it goes, not how long it takes",
        },
        ("one step", "forward alone", "the fastest epoch", "every step of training"),
    ),
    Question(
        "A page says 0.76 s on a GPU; your laptop takes 2 s. Whose program is faster?",
        "cannot be said",
        {
            "the page's": "the machines differ: how long would yours take there",
            "yours": "the machines differ: how long would the other take on your laptop",
        },
        ("the page's", "yours", "cannot be said"),
    ),
)
SETS.update(honest_race=_HONEST_RACE)


@exercise("Which record is honest?", 10, "A record is what somebody else gets who trains it once.")
def honest_race(answers: object = ...) -> None:
    """Check the choices for `checks.questions("honest_race")`: {"a": "held-out ones", …}."""
    judge_choices(answers, _HONEST_RACE)
