"""One training run: what the loop works with, and the bookkeeping around each of its steps."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from cnnlab.errors import TrainingError
from cnnlab.training import guards
from cnnlab.training.callbacks import Start, State, methods
from cnnlab.training.evaluation import check_validation, loss_and_accuracy
from cnnlab.training.failures import backward_error, compile_error, forward_error, from_compiler
from cnnlab.training.history import EpochRecord, Recorder, StepRecord
from cnnlab.training.layout import Layout, fast_layout
from cnnlab.training.progress import SECONDS_BETWEEN, Progress
from cnnlab.training.schedules import change_lr
from cnnlab.training.seeding import own_random_numbers
from cnnlab.training.sources import Batch, set_epoch

PRECISIONS = ("float32", "bfloat16")
GPU_READ_EVERY = 50  # steps; each reading makes the CPU wait for the GPU


@dataclass
class Run:
    """Everything that one run needs; `fit` makes it, `train_epoch` works through it."""

    model: nn.Module
    optimizer: Optimizer
    schedule: LRScheduler
    batches: Iterable[Batch]
    held_out: Iterable[Batch] | None  # the validation set
    all_labels: Tensor | None  # of the training set, where they are at hand
    classes: tuple[str, ...] | None  # their names, where the data carry them
    device: torch.device
    precision: str
    label_smoothing: float  # share of the target that is spread over all classes
    epochs: int  # asked for
    steps_per_epoch: int | None  # None where the data do not tell
    settings: dict[str, Any]  # what a resumed run must agree with
    compiled: bool = False  # whether the steps go through torch.compile
    callbacks: tuple[object, ...] = ()
    progress: Progress | None = None
    stop_requested: bool = False
    layout: Layout | None = None  # of the images in memory; the first batch tells
    recorder: Recorder = field(init=False)

    def __post_init__(self) -> None:
        self.recorder = Recorder(read_every=1 if self.reading_is_free else GPU_READ_EVERY)
        self.autocast: Callable[[], AbstractContextManager[Any]] = nullcontext
        if self.precision == "bfloat16":
            self.autocast = functools.partial(torch.autocast, self.device.type, dtype=torch.bfloat16)
        self.called = cast(nn.Module, torch.compile(self.model)) if self.compiled else self.model
        self.on_step = methods(self.callbacks, "on_step")
        self.on_progress = methods(self.callbacks, "on_progress")
        self.on_epoch = methods(self.callbacks, "on_epoch")
        self.steps_told = 0  # to `on_progress`
        self.told_at = 0.0
        self.warned_at_chance = False
        self.looked_at_validation = False
        self.width = 0  # logits per image, once one batch has been through the model
        self.first_step = 0  # of this epoch, counted from 0
        self.epoch_began = 0.0

    @property
    def reading_is_free(self) -> bool:
        """Whether a number is there at once: on the CPU; a GPU would first have to finish its work."""
        return self.device.type == "cpu"

    @property
    def epochs_done(self) -> int:
        """Epochs finished, those before a resume included."""
        return len(self.recorder.epochs)

    @property
    def where(self) -> str:
        """The step being made, for messages."""
        return f"epoch {self.epochs_done + 1}, step {self.recorder.step + 1}"

    @property
    def lr(self) -> float:
        """Learning rate of the step being made."""
        return float(self.optimizer.param_groups[0]["lr"])

    @property
    def steps(self) -> int | None:
        """Steps that all epochs make together."""
        return None if self.steps_per_epoch is None else self.epochs * self.steps_per_epoch

    def begin(self) -> None:
        """Tell the callbacks that it begins, or goes on after what a checkpoint brought."""
        self.steps_told, self.told_at = self.recorder.step, time.perf_counter()
        start = Start(self.recorder.history(), self.epochs, self.steps, self.model, self.optimizer)
        self._tell(methods(self.callbacks, "on_start"), start)

    def begin_epoch(self) -> None:
        """Switch to training mode, every time, and choose the order that belongs to this epoch."""
        self.model.train()
        set_epoch(self.batches, self.epochs_done)
        self.first_step = self.recorder.step
        self.epoch_began = time.perf_counter()

    def take(self, batch: Batch) -> Batch:
        """Check a batch and bring it to the device."""
        images, labels = guards.check_batch(batch, self.where)
        return images.to(self.device), labels.to(self.device)

    def forward(self, images: Tensor) -> Tensor:
        """The model's logits, computed in the chosen precision."""
        try:
            self.layout = self.layout or fast_layout(self.model, images)
            with self.autocast(), self.layout.views:
                logits: Tensor = self.called(self.layout.arranged(images))
        except (RuntimeError, ValueError) as error:
            if from_compiler(error):
                raise compile_error(error, self.where) from error
            raise forward_error(error, images, self.where, self.model) from error
        return logits

    def check_logits(self, logits: Tensor, images: Tensor, labels: Tensor) -> None:
        """Compare what came out of the model with what went in, and with the labels."""
        guards.check_logits(logits, images, self.where)
        self.width = logits.shape[1]
        first = self.recorder.step == 0
        if self.all_labels is not None:
            if first:
                guards.check_labels(self.all_labels, self.width, self.classes, self.where)
        elif self.reading_is_free or self.epochs_done == 0:  # one epoch shows every label
            guards.check_labels(labels, self.width, self.classes, self.where)
        if first:
            guards.warn_if_probabilities(logits, self.where)

    def check_loss(self, loss: Tensor, images: Tensor) -> None:
        """On the CPU at once, before the weights are spoilt; on a GPU when the recorder reads."""
        guards.check_graph(loss, self.where)
        if self.reading_is_free:
            guards.check_loss(loss.item(), self.lr, self.where, self.model, images)
        if self.held_out is not None and not self.looked_at_validation:
            self._look_at_validation(self.held_out, images)

    def _look_at_validation(self, held_out: Iterable[Batch], images: Tensor) -> None:
        """Once, when train's own batch has passed every check: what is wrong now is the validation's."""
        self.looked_at_validation = True
        with own_random_numbers():  # as in `end_epoch`
            check_validation(self.model, held_out, self.device, self.classes, tuple(images.shape))

    def backward(self, loss: Tensor, images: Tensor) -> None:
        """`loss.backward()`: one gradient for every parameter."""
        try:
            loss.backward()  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            raise backward_error(error, images, self.where) from error

    def end_step(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Record the step, redraw the bar, tell the callbacks, look for a network that only guesses."""
        if self.recorder.step == 0:
            guards.warn_if_no_gradient(self.model, self.where)
        correct = (logits.detach().argmax(dim=1) == labels).sum()
        self.recorder.add(loss.detach(), correct, len(labels), self.epochs_done + 1, self.lr)
        checking = self.recorder.step % guards.LOOK_EVERY == 0
        if self.recorder.due or self.on_step or checking:
            self.read()
        if checking:
            self._look_for_guessing()
        if self.progress is not None and self.progress.due:
            self.read()
            self.progress.show(self.recorder.steps, self.epochs_done + 1)
        if self.on_step:
            self._tell(self.on_step, self._state(self.recorder.steps[-1]))
        if self.on_progress and time.perf_counter() - self.told_at >= SECONDS_BETWEEN:
            self._tell_progress()

    def end_epoch(self) -> None:
        """Measure the validation set, record the epoch, redraw the bar, tell the callbacks."""
        self.read()
        if self.recorder.step == self.first_step:
            raise TrainingError(f"epoch {self.epochs_done + 1}: train gave no batch at all; is it empty?")
        seconds = time.perf_counter() - self.epoch_began
        last = self.epochs_done + 1 == self.epochs
        if last and guards.FEW_STEPS <= self.recorder.step < guards.LOOK_EVERY:
            self._look_for_guessing()
        self._look_for_guessing_far_off(self.recorder.steps[self.first_step :])
        if self.progress is not None:  # before the validation, which is no part of the images per second
            self.progress.show(self.recorder.steps, self.epochs_done + 1)
        if self.on_progress:
            self._tell_progress()
        validation = None
        if self.held_out is not None:
            with own_random_numbers():  # a DataLoader draws some, and must not change the training by it
                validation = loss_and_accuracy(self.model, self.held_out, self.device, self.classes)
        self.recorder.end_epoch(self.first_step, validation, seconds)
        self._tell(self.on_epoch, self._state(self.recorder.epochs[-1]))

    def _tell_progress(self) -> None:
        """Read the steps made since the last time, and show them."""
        self.read()
        new = self.recorder.steps[self.steps_told :]
        if new:
            self.steps_told = self.recorder.step
            self._tell(self.on_progress, self._state(new[-1]), new)
        self.told_at = time.perf_counter()

    def _tell(self, callbacks: Iterable[Callable[..., None]], *news: object) -> None:
        for callback in callbacks:
            callback(*news)

    def read(self) -> None:
        """Fetch the numbers that wait on the device, and check them."""
        for new in self.recorder.read():
            where = f"epoch {new.epoch}, step {new.step}"
            guards.check_loss(new.loss, new.lr, where, self.model)

    def request_stop(self) -> None:
        """End the run after the present step or epoch."""
        self.stop_requested = True

    def set_lr(self, lr: float) -> None:
        """Go on with another learning rate; the rest of the schedule is scaled by as much."""
        change_lr(self.optimizer, self.schedule, lr)

    def _look_for_guessing(self) -> None:
        last = self.recorder.steps[-guards.LOOK_EVERY :]
        if not self.warned_at_chance:
            self.warned_at_chance = guards.warn_if_at_chance(last, self.width)
        self._look_for_guessing_far_off(last)

    def _look_for_guessing_far_off(self, steps: Sequence[StepRecord]) -> None:
        if not self.warned_at_chance:
            self.warned_at_chance = guards.warn_if_far_off(steps, self.width)

    def _state(self, record: StepRecord | EpochRecord) -> State:
        return State(
            step=self.recorder.step,
            steps=self.steps,
            epoch=record.epoch,
            epochs=self.epochs,
            record=record,
            model=self.model,
            optimizer=self.optimizer,
            request_stop=self.request_stop,
            set_lr=self.set_lr,
        )
