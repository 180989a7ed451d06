"""The training loop: one pass over the data, step by step."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from cnnlab.errors import TrainingError
from cnnlab.training import guards
from cnnlab.training.callbacks import State
from cnnlab.training.evaluation import loss_and_accuracy
from cnnlab.training.history import EpochRecord, Recorder, StepRecord
from cnnlab.training.progress import Progress
from cnnlab.training.sources import Batch, set_epoch

PRECISIONS = ("float32", "bfloat16")
GPU_READ_EVERY = 50  # steps


@dataclass
class Run:
    """Everything that a training run works with; `fit` makes one."""

    model: nn.Module
    optimizer: Optimizer
    schedule: LRScheduler
    batches: Iterable[Batch]
    held_out: Iterable[Batch] | None  # the validation set
    classes: tuple[str, ...] | None  # their names, where the data carry them
    device: torch.device
    precision: str
    epochs: int
    callbacks: tuple[object, ...] = ()
    stopped: bool = False
    inside_epoch: bool = False  # an epoch has begun and not ended
    recorder: Recorder = field(init=False)
    progress: Progress | None = None

    def __post_init__(self) -> None:
        self.recorder = Recorder(read_every=1 if self.reading_is_free else GPU_READ_EVERY)
        self.autocast: Callable[[], AbstractContextManager[Any]] = nullcontext
        if self.precision == "bfloat16":
            self.autocast = functools.partial(torch.autocast, self.device.type, dtype=torch.bfloat16)
        self.watchers = [c.on_step for c in self.callbacks if hasattr(c, "on_step")]
        self.warned = False
        self.first_step = 0
        self.epoch_started = 0.0

    @property
    def reading_is_free(self) -> bool:
        """On the CPU a number is there at once; reading one from a GPU waits for all work before it."""
        return self.device.type == "cpu"

    @property
    def epochs_done(self) -> int:
        return len(self.recorder.epochs)

    @property
    def where(self) -> str:
        """The step being made, for messages."""
        return f"epoch {self.epochs_done + 1}, step {self.recorder.step + 1}"

    @property
    def lr(self) -> float:
        """The learning rate of the step being made."""
        return float(self.optimizer.param_groups[0]["lr"])

    def begin_epoch(self) -> None:
        """Training mode, and the order of images that belongs to this epoch."""
        self.model.train()
        set_epoch(self.batches, self.epochs_done)
        self.inside_epoch = True
        self.first_step = self.recorder.step
        self.epoch_started = time.perf_counter()

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Logits (N, classes) float32, in the chosen precision, known to fit the labels."""
        try:
            with self.autocast():
                logits: Tensor = self.model(images)
        except RuntimeError as error:
            guards.add_hint(error, images, self.where)
            raise
        guards.check_logits(logits, images, self.where)
        if self.reading_is_free or self.epochs_done == 0:  # on a GPU the first epoch sees every label
            guards.check_labels(labels, logits.shape[1], self.classes, self.where)
        if self.recorder.step == 0:
            guards.warn_if_probabilities(logits, self.where)
        return logits.float()

    def check_loss(self, loss: Tensor, images: Tensor) -> None:
        """On the CPU at once, before the weights are spoilt; on a GPU when the recorder reads."""
        if self.reading_is_free:
            guards.check_loss(loss.item(), self.lr, self.where, self.model, images)

    def end_step(self, lr: float, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Record the step, redraw the bar, ask the callbacks."""
        correct = (logits.detach().argmax(dim=1) == labels).sum()
        new = self.recorder.add(loss.detach(), correct, len(labels), self.epochs_done + 1, lr)
        self._look_at(new)
        step = self.recorder.step
        if step % guards.DEAD_AFTER == 0 and not self.warned:
            self._look_at(self.recorder.read())
            self.warned = guards.warn_if_at_chance(self.recorder.steps[-guards.DEAD_AFTER :], logits.shape[1])
        if self.progress is not None:
            self.progress.show(self.recorder, self.epochs_done + 1)
        if self.watchers:
            self._look_at(self.recorder.read())
            for on_step in self.watchers:
                on_step(self._state(self.recorder.steps[-1], self.epochs_done + 1))

    def end_epoch(self) -> None:
        """Read what is outstanding, measure the validation set, record, ask the callbacks."""
        self._look_at(self.recorder.read())
        if self.recorder.step == self.first_step:
            raise TrainingError(f"epoch {self.epochs_done + 1}: train gave no batch at all: is it empty?")
        seconds = time.perf_counter() - self.epoch_started
        validation = None
        if self.held_out is not None:
            with torch.random.fork_rng(devices=[]):  # a loader's draw must not change the training
                validation = loss_and_accuracy(self.model, self.held_out, self.device, self.classes)
        if self.progress is not None:
            self.progress.show(self.recorder, self.epochs_done + 1, last=True)
        self.recorder.end_epoch(self.first_step, validation, seconds)
        self.inside_epoch = False
        self.tell("on_epoch", self._state(self.recorder.epochs[-1], self.epochs_done))

    def tell(self, name: str, message: object) -> None:
        """Call a method of every callback that has it."""
        for callback in self.callbacks:
            if hasattr(callback, name):
                getattr(callback, name)(message)

    def request_stop(self) -> None:
        self.stopped = True

    def _state(self, record: StepRecord | EpochRecord, epoch: int) -> State:
        return State(
            step=self.recorder.step,
            epoch=epoch,
            epochs=self.epochs,
            record=record,
            model=self.model,
            optimizer=self.optimizer,
            request_stop=self.request_stop,
        )

    def _look_at(self, new: list[StepRecord]) -> None:
        for record in new:
            guards.check_loss(record.loss, record.lr, f"epoch {record.epoch}, step {record.step}", self.model)


def train_epoch(run: Run) -> None:
    """One pass over the training data, then the validation."""
    run.begin_epoch()
    for images, labels in run.batches:
        guards.check_batch(images, labels, run.where)
        images, labels = images.to(run.device), labels.to(run.device)

        run.optimizer.zero_grad()
        logits = run.forward(images, labels)
        loss = F.cross_entropy(logits, labels)
        run.check_loss(loss, images)
        loss.backward()  # type: ignore[no-untyped-call]
        lr = run.lr
        run.optimizer.step()
        run.schedule.step()

        run.end_step(lr, loss, logits, labels)
        if run.stopped:
            return
    run.end_epoch()
