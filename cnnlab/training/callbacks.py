"""What `fit` shows to the functions that look on, and how they ask it to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn
from torch.optim import Optimizer

from cnnlab.training.history import EpochRecord, History, StepRecord


@dataclass(frozen=True)
class State:
    """Where a run stands; a new one is made for every call."""

    step: int  # steps done, over the whole run
    epoch: int  # the present epoch, counted from 1
    epochs: int  # how many were asked for
    record: StepRecord | EpochRecord  # of the step, or of the epoch, that has just ended
    model: nn.Module
    optimizer: Optimizer
    request_stop: Callable[[], None]  # ends the run after this step; `fit` then returns its History


class Callback:
    """Looks on while `fit` works; override what you need.

    What a callback raises ends the run; a checkpoint that was written before stays as it is.
    Callbacks are not stored in checkpoints.
    """

    def on_step(self, state: State) -> None:
        """After every step; on a GPU this waits for the step to finish."""

    def on_epoch(self, state: State) -> None:
        """After every epoch and its validation, before the checkpoint is written."""

    def on_end(self, history: History) -> None:
        """Once, when the run has ended or was stopped."""
