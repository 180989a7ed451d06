"""What a training run recorded: one row per step and one per epoch."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, TypeVar

import torch
from torch import Tensor

from cnnlab.table import Table, column


@dataclass(frozen=True)
class StepRecord:
    """One step, or the mean over several, weighted by example."""

    step: int = column("step", "d")  # counted from 1 over the whole run; the last one of several
    epoch: int = column("epoch", "d")  # counted from 1
    loss: float = column("loss", ".3f")  # mean cross-entropy per example, in nats
    accuracy: float = column("accuracy (%)", ".2f")  # of the same forward pass as the loss
    lr: float = column("learning rate", ".2g")  # that this step used
    seconds: float = column("time since start (s)", ".1f")
    examples: int = column("examples", ",d")


@dataclass(frozen=True)
class EpochRecord:
    """One pass over the training data."""

    epoch: int = column("epoch", "d")  # counted from 1
    loss: float = column("loss", ".3f")  # mean over all examples, while the weights were changing
    accuracy: float = column("accuracy (%)", ".2f")  # likewise
    validation_loss: float | None = column("validation loss", ".3f")  # after the epoch, in eval mode
    validation_accuracy: float | None = column("validation accuracy (%)", ".2f")
    lr: float = column("learning rate", ".2g")  # of the last step
    seconds: float = column("time (s)", ".1f")  # of the epoch's steps, without the validation


RecordT = TypeVar("RecordT", StepRecord, EpochRecord)


@dataclass(frozen=True)
class History:
    """What `fit` returns: every step, every epoch, and whether it was stopped early."""

    steps: Table[StepRecord]
    epochs: Table[EpochRecord]
    stopped: bool = False  # by Ctrl-C, the stop button or a callback
    seconds: float = 0.0  # from the first step to the last, validation included

    def every(self, n: int) -> Table[StepRecord]:
        """Mean loss and accuracy of each `n` steps, weighted by example; the last group may be smaller.

        Args:
            n: steps per row, such as lab 002's 300.
        """
        whole = isinstance(n, Integral) and not isinstance(n, bool)
        if not whole or n < 1:
            kind = ValueError if whole else TypeError
            raise kind(f"every({n!r}): give a whole number of steps, at least 1.")
        return Table(mean_of(self.steps[i : i + n]) for i in range(0, len(self.steps), n))

    def __str__(self) -> str:
        return str(self._summary())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self._summary()._repr_html_()

    def _summary(self) -> Table[EpochRecord]:
        ended = f"stopped after {len(self.steps)} steps" if self.stopped else f"{len(self.steps)} steps"
        return Table(self.epochs, footer=[f"{ended}, {self.seconds:.1f} s"])


def mean_of(steps: Sequence[StepRecord]) -> StepRecord:
    """One record for several steps: their mean weighted by example, at the last one's step and time."""
    examples = sum(s.examples for s in steps)
    return dataclasses.replace(
        steps[-1],
        loss=sum(s.loss * s.examples for s in steps) / examples,
        accuracy=sum(s.accuracy * s.examples for s in steps) / examples,
        examples=examples,
    )


class Recorder:
    """Collects the steps while training goes on; a GPU is only asked for numbers now and then.

    Args:
        read_every: after how many steps the numbers are read; 1 where reading costs nothing (CPU).
    """

    def __init__(self, read_every: int = 1) -> None:
        self.read_every = read_every
        self.steps: list[StepRecord] = []
        self.epochs: list[EpochRecord] = []
        self._waiting: list[tuple[Tensor, Tensor, StepRecord]] = []
        self._seconds_before = 0.0  # of an earlier part, before a resume
        self._started = time.perf_counter()

    def start_clock(self) -> None:
        """Count the time from now on."""
        self._started = time.perf_counter() - self._seconds_before

    @property
    def step(self) -> int:
        """Steps recorded so far."""
        return len(self.steps) + len(self._waiting)

    @property
    def seconds(self) -> float:
        """Time since the start of the run, an earlier part before a resume included."""
        return time.perf_counter() - self._started

    @property
    def due(self) -> bool:
        """Whether it is time to read."""
        return len(self._waiting) >= self.read_every

    def add(self, loss: Tensor, correct: Tensor, examples: int, epoch: int, lr: float) -> None:
        """Note one step: its mean loss and how many of its examples were right, both 0-d tensors."""
        record = StepRecord(self.step + 1, epoch, 0.0, 0.0, lr, self.seconds, examples)
        self._waiting.append((loss, correct, record))

    def read(self) -> list[StepRecord]:
        """Fetch the numbers that are still on the device; returns the new records."""
        if not self._waiting:
            return []
        if len(self._waiting) == 1:  # on the CPU always: to stack is wasted there
            losses, counts = ([number.item()] for number in self._waiting[0][:2])
        else:  # one reading for all, as each makes the CPU wait for the GPU
            losses = torch.stack([loss for loss, _, _ in self._waiting]).tolist()
            counts = torch.stack([correct for _, correct, _ in self._waiting]).tolist()
        new = [
            dataclasses.replace(record, loss=loss, accuracy=100 * correct / record.examples)
            for (_, _, record), loss, correct in zip(self._waiting, losses, counts)
        ]
        self._waiting.clear()
        self.steps.extend(new)
        return new

    def end_epoch(self, first_step: int, validation: tuple[float, float] | None, seconds: float) -> None:
        """Note one epoch, made of the steps from `first_step` (counted from 0) on."""
        self.read()
        mean = mean_of(self.steps[first_step:])
        loss, accuracy = validation or (None, None)
        self.epochs.append(
            EpochRecord(mean.epoch, mean.loss, mean.accuracy, loss, accuracy, mean.lr, seconds)
        )

    def history(self, stopped: bool = False) -> History:
        """All that was recorded so far."""
        self.read()
        return History(Table(self.steps), Table(self.epochs), stopped, self.seconds)

    def state_dict(self) -> dict[str, Any]:
        """Everything recorded, as tensors and lists."""
        self.read()
        return {"steps": _columns(self.steps), "epochs": _columns(self.epochs), "seconds": self.seconds}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""
        self.steps = _rows(StepRecord, state["steps"])
        self.epochs = _rows(EpochRecord, state["epochs"])
        self._seconds_before = state["seconds"]
        self.start_clock()


def _columns(rows: Sequence[Any]) -> dict[str, list[Any]]:
    names = [f.name for f in dataclasses.fields(rows[0])] if rows else []
    return {name: [getattr(row, name) for row in rows] for name in names}


def _rows(kind: type[RecordT], columns: dict[str, list[Any]]) -> list[RecordT]:
    return [kind(**dict(zip(columns, values))) for values in zip(*columns.values())]
