"""Exercises on measuring: accuracy, the difference of two accuracies, time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from cnnlab.checks.functions import Misconception, judge_function
from cnnlab.checks.reading import call, function, number, shown
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
    first = call(student, *cases[0])
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


class _FakeDevice:
    """A device that works after the call has returned, and whose first call takes much longer.

    Args:
        slow: the number of one call, from 1, that takes five times as long; 0 for none.
    """

    FIRST, EACH = 0.25, 0.004  # seconds

    def __init__(self, slow: int = 0) -> None:
        self.slow = slow
        self.calls = self.waits = 0
        self.queued = 0  # calls that wait to be done
        self.first: list[float] = []  # what the wait with the first call took: one number, in seconds
        self.usual: list[tuple[int, float]] = []  # calls in each later wait, and what they took together

    def work(self) -> None:
        self.queued += 1
        self.calls += 1

    def synchronise(self) -> None:
        self.waits += 1
        if not self.queued:
            return
        count, before = self.queued, time.perf_counter()
        more = 4 * self.EACH if self.calls - count < self.slow <= self.calls else 0
        time.sleep(count * self.EACH + more + (0 if self.first else self.FIRST - self.EACH))
        took = time.perf_counter() - before
        if self.first:
            self.usual.append((count, took))
        else:
            self.first.append(took)
        self.queued = 0

    def each(self) -> float:
        """What a usual call really took: the median of the waits."""
        times = sorted(took / count for count, took in self.usual)
        return times[len(times) // 2] if times else self.EACH

    def times_one_call(self, value: float) -> bool:
        """Whether a time is that of the last call alone, which is the slow one."""
        return bool(self.usual) and self.usual[-1][0] == 1 and value > 0.85 * self.usual[-1][1]

    def fastest(self) -> float:
        """What a usual call took in the fastest wait: on a busy machine too, no honest clock gives less."""
        return min((took / count for count, took in self.usual), default=self.EACH)

    def slowed_down(self, value: float) -> bool:
        """Whether a time is that of one wait, or the mean of all, which a busy machine may have made long."""
        if not self.usual:
            return False
        count, took = map(sum, zip(*self.usual))
        times = [took / count, *(took / count for count, took in self.usual)]
        return any(0.9 * time <= value <= 1.1 * time for time in times)

    def holds_the_first(self, value: float) -> bool:
        """Whether a time for one call is nearer to the mean with the first call than to that without."""
        if not self.usual:
            return True  # no wait came between the first call and the end
        count, took = map(sum, zip(*self.usual))
        mean, mean_of_all = took / count, (took + self.first[0]) / self.calls
        if mean_of_all < 1.1 * mean:
            return False  # with so many calls the first one does not matter
        return max(0.8 * mean_of_all, math.sqrt(mean * mean_of_all)) < value <= 1.25 * mean_of_all


@exercise(
    "Lab 003 Q7: an honest clock: seconds(work, synchronise)",
    10,
    "Warm up, wait, start, work, wait, stop: then the clock measures the work.",
)
def clock(answer: object = ...) -> None:
    """Check a function seconds(work, synchronise): the time of one call of work(), in seconds.

    As on a GPU, work() only hands work over and synchronise() waits until it is done; the first
    call takes much longer than the others. The mean of several calls is asked for; a median will do.
    """
    student: Callable[..., object] = function(answer, "seconds(work, synchronise)", 2)
    device = _FakeDevice()
    value = number(call(student, device.work, device.synchronise), "What your function returns")
    each = device.each()
    if device.calls == 0:
        raise Wrong("Your clock never calls work(): write the brackets behind it.")
    if device.waits == 0:
        raise Wrong("Your clock never calls synchronise(): it stops before the device has done anything.")
    if value < 0:
        raise Wrong("Your clock gives less than no time: subtract the start from the end.")
    if value < 0.85 * device.fastest():
        raise Wrong(
            "Your clock measures too little: it stops before synchronise(), or divides by too many calls."
        )
    if device.calls == 1:
        raise Wrong("Your clock measures the very first call: that one prepares things. Warm up first.")
    if device.holds_the_first(value):
        raise Wrong(
            "Your clock measures too much: the first call is in it. "
            "Warm up before the start, and wait until that is done."
        )
    if value <= 1.5 * each or device.slowed_down(value):
        again = _FakeDevice(slow=device.calls)  # the last call now takes longer: does that show in full?
        value = number(call(student, again.work, again.synchronise), "What your function returns")
        if again.calls == device.calls and again.times_one_call(value):
            raise Wrong("Your clock times one single call: the mean of several is asked for.")
        return
    if value > 250 * each and value > 1.5:
        raise Wrong("Your clock gives far too much for seconds: are these milliseconds?")
    if 0.6 <= value / (each * (device.calls - 1)) <= 1.4 or 0.6 <= value / (each * device.calls) <= 1.4:
        raise Wrong("Your clock gives the time of all calls together: say it for one.")
    raise Wrong("Your clock measures too much: between start and end stands more than the calls of work().")
