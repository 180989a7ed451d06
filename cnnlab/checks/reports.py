"""Reports to mend: rows for images, answers in eval mode, each digit's accuracy, a number as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from cnnlab.checks.functions import Misconception, judge_function, same
from cnnlab.checks.measuring import Batch, Reads
from cnnlab.checks.reading import call, function, kind, table
from cnnlab.checks.runner import exercise
from cnnlab.checks.verdict import Wrong
from cnnlab.words import counted


@exercise(
    "One row for each image: rows(maps)",
    5,
    "Keep the first number, and let the length of a row follow.",
)
def rows(answer: object = ...) -> None:
    """Check a function rows(maps) that turns (N, C, H, W) into (N, C·H·W), for any four sizes."""
    student = function(answer, "rows(maps)", 1)
    draw = torch.Generator().manual_seed(31)
    for shape in ((16, 20, 7, 7), (5, 3, 4, 2), (1, 6, 3, 3)):
        maps = torch.randn(shape, generator=draw)
        try:
            given = call(student, maps)
        except RuntimeError as error:
            if shape[0] == 16 or "shape" not in str(error):
                raise
            written = re.search(r"(\d+)\]'", str(error))
            _judge_row(int(written[1]) if written else 0, shape)
            raise Wrong(
                "It works for maps of 20 × 7 × 7, and not for others: a size is written into it."
            ) from None
        if isinstance(given, torch.Size):
            raise Wrong(
                f"Your function returns a shape, {tuple(given)}: "
                "the numbers themselves are asked for, in another shape."
            )
        made = table(given, "What your function returns")
        if made.numel() != maps.numel() and made.ndim < 2:
            come = "comes" if made.numel() == 1 else "come"
            raise Wrong(f"{counted(made.numel(), 'number')} {come} out, and {maps.numel():,} go in.")
        if made.ndim == 1:
            raise Wrong("All images come out as one long row: each should have its own.")
        if made.ndim > 2:
            raise Wrong(f"Something of {made.ndim} dimensions comes out: rows have two, images and numbers.")
        if len(made) != shape[0]:
            count, long = made.shape
            _judge_row(long, shape)
            come = "comes" if count == 1 else "come"
            rows_out = counted(count, "row")
            raise Wrong(f"{shape[0]} images go in and {rows_out} of {long} {come} out: that mixes images.")
        if not same(made, maps.flatten(1).double()):
            raise Wrong("The rows do not hold the numbers of their images, one after the other.")


def _judge_row(long: int, shape: tuple[int, int, int, int]) -> None:
    """Raise `Wrong` for rows as long as if the maps were square."""
    _, channels, height, width = shape
    if height != width and long in (channels * height**2, channels * width**2):
        raise Wrong(
            f"It works for square maps, and not for {channels} × {height} × {width}: "
            f"a row of yours would hold {long} numbers. Which size do you take twice?"
        )


class _Drops(nn.Sequential):
    """A network whose answers depend on whether its dropout is at work."""

    def __init__(self) -> None:
        torch.default_generator.manual_seed(32)
        super().__init__(nn.Flatten(), nn.Linear(784, 60), nn.ReLU(), nn.Dropout(0.5), nn.Linear(60, 10))


@exercise(
    "Answers that stay: steady_answers(model, images)",
    5,
    "eval() before a test, and afterwards the mode that was found.",
)
def steady_answers(answer: object = ...) -> None:
    """Check a function steady_answers(model, images): the digits (N,) that the network reads in eval mode.

    Afterwards the network is in the mode in which it came.
    """
    student = function(answer, "steady_answers(model, images)", 2)
    draw = torch.Generator().manual_seed(33)
    for training in (True, False):
        model = _Drops()
        images = torch.randn(200, 1, 28, 28, generator=draw)
        with torch.no_grad():
            logits = model.eval()(images)
        model.train(training)
        given = table(call(student, model, images), "What your function returns")
        if given.ndim == 2 and given.shape == (200, 10):
            raise Wrong("Ten numbers come out for each image: the digit is asked for.")
        if given.shape != (200,):
            raise Wrong(f"200 images go in, and numbers of shape {tuple(given.shape)} come out.")
        if not torch.equal(given, logits.argmax(dim=1).double()):
            if bool(((given >= 0) & (given <= 9)).all()) and training:
                model.train(training)
                again = table(call(student, model, images))
                if not torch.equal(given, again):
                    raise Wrong("Two calls give two answers: dropout is at work.")
            raise Wrong("Those are not the digits with the largest logits in eval mode.")
        if model.training and not training:
            raise Wrong("A network that came in eval mode is left in training mode.")
        if training and not all(module.training for module in model.modules()):
            raise Wrong(
                "A network that came in training mode is left in eval mode: the next training has no dropout."
            )


def _share(hits: Tensor, groups: Tensor, at_most: int | None = None) -> list[float]:
    counts = torch.bincount(groups, minlength=10).clamp(min=1)
    return (100 * torch.bincount(groups[hits], minlength=10) / counts).double().tolist()


def _together(batches: Sequence[Batch], most: int | None = None) -> tuple[Tensor, Tensor]:
    """(what is read, labels) of the first `most` images of each batch."""
    read = torch.cat([images[:most, 0, 0, 0].long() for images, _ in batches])
    return read, torch.cat([labels[:most] for _, labels in batches])


def _by_digit(_: object, batches: Sequence[Batch], most: int | None = None) -> list[float]:
    read, labels = _together(batches, most)
    return _share(read == labels, labels)


def _by_answer(_: object, batches: Sequence[Batch]) -> list[float]:
    read, labels = _together(batches)
    return _share(read == labels, read)


def _of_a_tenth(_: object, batches: Sequence[Batch]) -> list[float]:
    read, labels = _together(batches)
    hits = torch.bincount(labels[read == labels], minlength=10)
    return (1000 * hits / len(labels)).double().tolist()


def _mean_of_batches(_: object, batches: Sequence[Batch]) -> list[float]:
    return torch.tensor([_by_digit(_, [batch]) for batch in batches]).mean(dim=0).tolist()


def _changed(change: Callable[[float], float]) -> Callable[..., list[float]]:
    return lambda m, b: [change(value) for value in _by_digit(m, b)]


_EACH_DIGIT = [
    Misconception(_changed(lambda v: v / 100), "those are shares; they are asked for in percent."),
    Misconception(lambda m, b: _by_digit(m, b, 10), "only the first ten images of each batch are counted."),
    Misconception(_changed(int), "the decimals are cut off."),
    Misconception(lambda m, b: _by_digit(m, b[:-1]), "the last, smaller batch is missing."),
    Misconception(lambda m, b: _by_digit(m, b[-1:]), "that is the last batch alone."),
    Misconception(_by_answer, "you sort by what the network answers: sort by what the image is."),
    Misconception(_of_a_tenth, "you divide by a tenth of all images: the digits are not equally frequent."),
    Misconception(_mean_of_batches, "you averaged the batches: count over all of them first."),
    Misconception(_changed(lambda v: 100 - v), "those are the wrong ones."),
]


@exercise(
    "Accuracy of each digit: per_digit(model, batches)",
    5,
    "Every image counts, under the digit that it is.",
)
def per_digit(answer: object = ...) -> None:
    """Check a function per_digit(model, batches): ten accuracies in percent, for the digits 0 to 9."""
    draw = torch.Generator().manual_seed(34)
    cases: list[tuple[object, ...]] = []
    for sizes, errors in (((50, 50, 50, 50, 50, 23), 0.3), ((40, 40, 40, 40, 31), 0.15)):
        batches = []
        for size in sizes:
            labels = (10 * torch.rand(size, generator=draw) ** 1.3).long()  # small digits are more frequent
            labels[:10] = torch.arange(10)  # each occurs in each batch
            wrong = torch.rand(size, generator=draw) < errors
            read = (labels + wrong * torch.randint(1, 10, (size,), generator=draw)) % 10
            batches.append((read.float()[:, None, None, None].expand(-1, 1, 28, 28).clone(), labels))
        cases.append((Reads().eval(), batches))
    judge_function(
        answer,
        "per_digit(model, batches)",
        _by_digit,
        cases,
        _EACH_DIGIT,
        "those are not the ten accuracies in percent. Count by hand for one small batch.",
    )


@exercise(
    "An accuracy as text: percent_text(right, n)",
    5,
    "Round when you print, and never before.",
)
def percent_text(answer: object = ...) -> None:
    """Check a function percent_text(right, n): a text such as "12.35 %", rounded to two decimals."""
    student = function(answer, "percent_text(right, n)", 2)
    for right, n in ((9_897, 10_000), (2, 3), (1, 6), (10_000, 10_000), (0, 7), (355, 452), (1, 3), (5, 7)):
        given, exact = call(student, right, n), 100 * right / n
        if not isinstance(given, str):
            raise Wrong(f"Your function gives {kind(given)}: a text is asked for.")
        call_text = f"{right:,} of {n:,} gives “{given[:40]}”"
        found = re.fullmatch(r"\s*(-?\d+(?:\.(\d+))?)\s*(%|per ?cent)?\s*", given)
        if found is None:
            raise Wrong(f"{call_text}: a number and the sign % are asked for.")
        value, decimals = float(found[1]), len(found[2] or "")
        if abs(value - exact / 100) < 0.006 and exact > 1:
            raise Wrong(f"{call_text}: that is a share, not percent.")
        if decimals == 0 and value == int(exact) != round(exact):
            raise Wrong(f"{call_text}: the decimals are cut off.")
        if decimals != 2:
            plural = "decimal" if decimals == 1 else "decimals"
            raise Wrong(f"{call_text}, with {decimals} {plural}: two are asked for.")
        if found[3] != "%":
            raise Wrong(f"{call_text}: the sign % is missing.")
        if abs(value - exact) > 0.00501:
            why = (
                "it is cut, not rounded." if value < exact else "another number with two decimals is nearer."
            )
            raise Wrong(f"{call_text}: {why if abs(value - exact) < 0.01 else 'that is another number.'}")
