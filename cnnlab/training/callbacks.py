"""What `fit` shows to the functions that look on, and how they ask it to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from torch import nn
from torch.optim import Optimizer

from cnnlab.training.history import EpochRecord, History, StepRecord


@dataclass(frozen=True)
class Start:
    """A run that is about to begin, or to go on from its checkpoint."""

    history: History  # what an earlier part of the run recorded; without steps for a new one
    epochs: int  # how many were asked for
    steps: int | None  # how many these make in all, or None where the data do not tell
    model: nn.Module
    optimizer: Optimizer


@dataclass(frozen=True)
class State:
    """Where a run stands; a new one is made for every call."""

    step: int  # steps done, over the whole run
    steps: int | None  # how many it will have in all, or None where the data do not tell
    epoch: int  # the present epoch, counted from 1
    epochs: int  # how many were asked for
    record: StepRecord | EpochRecord  # of the step, or of the epoch, that has just ended
    model: nn.Module
    optimizer: Optimizer
    request_stop: Callable[[], None]  # ends the run after this step or epoch; `fit` then returns its History
    set_lr: Callable[[float], None]  # the learning rate from now on; scales the rest of a schedule


class Callback:
    """Looks on while `fit` works; override what you need.

    What a callback raises ends the run; a checkpoint that was written before stays as it is. `on_end` and
    `on_error` reach all callbacks, even if one of them raises there.
    Callbacks are not stored in checkpoints.
    """

    def on_start(self, start: Start) -> None:
        """Once, before the first step, after a checkpoint has been read."""

    def on_step(self, state: State) -> None:
        """After every step; on a GPU this waits for the step to finish."""

    def on_progress(self, state: State, steps: Sequence[StepRecord]) -> None:
        """About five times a second and before every validation, with the steps since the last time.

        Unlike `on_step` it costs nothing in between, on a GPU neither: meant for whoever shows the run.
        """

    def on_epoch(self, state: State) -> None:
        """After every epoch and its validation, before the checkpoint is written."""

    def on_end(self, history: History) -> None:
        """Once, when the run has ended or was stopped."""

    def on_error(self, error: BaseException) -> None:
        """Once, instead of `on_end`, when the run cannot go on; `fit` then raises the error."""


METHODS = ("on_start", "on_step", "on_progress", "on_epoch", "on_end", "on_error")


def check_callbacks(callbacks: Iterable[object]) -> tuple[object, ...]:
    """Refuse a callback that would never be called."""
    if not isinstance(callbacks, Iterable):
        raise TypeError(f"callbacks is a {type(callbacks).__name__}: give a list, callbacks=[...].")
    given = tuple(callbacks)
    for place, callback in enumerate(given):
        if any(callback is other for other in given[:place]):
            raise ValueError(f"the callback {callback!r} is given twice: callbacks=[...] must name it once.")
        if isinstance(callback, type):
            kind = callback.__name__
            raise TypeError(f"the callback {kind} is a class: write {kind}(), which makes one of its kind.")
        if not any(callable(getattr(callback, name, None)) for name in METHODS):
            raise TypeError(
                f"the callback {callback!r} has none of the methods {', '.join(METHODS)}: derive a class "
                "from cnnlab.training.Callback and write one of them."
            )
    return given


def methods(callbacks: Iterable[object], name: str) -> list[Callable[..., None]]:
    """The callbacks' methods of one name, without those that `Callback` leaves empty."""
    found = [getattr(callback, name) for callback in callbacks if hasattr(callback, name)]
    empty = getattr(Callback, name)
    return [method for method in found if getattr(method, "__func__", None) is not empty]


def tell_end(callbacks: Iterable[object], history: History) -> None:
    """Call `on_end` of all callbacks, whatever one of them raises; then raise the first error."""
    errors = _tell_all(callbacks, "on_end", history)
    if errors:
        raise _with_notes(errors[0], errors[1:], "on_end")


@contextmanager
def told_of_errors(callbacks: Iterable[object]) -> Iterator[None]:
    """Whatever is raised inside reaches all callbacks' `on_error` and is what is raised in the end."""
    try:
        yield
    except BaseException as error:
        _with_notes(error, _tell_all(callbacks, "on_error", error), "on_error")
        raise


def _tell_all(callbacks: Iterable[object], name: str, about: object) -> list[BaseException]:
    """What some of them raised; nobody goes without the call because of another."""
    errors: list[BaseException] = []
    for method in methods(callbacks, name):
        try:
            method(about)
        except BaseException as error:
            errors.append(error)
    return errors


def _with_notes(error: BaseException, others: Iterable[BaseException], name: str) -> BaseException:
    for other in others:
        if other is error:  # a callback raised what it was told of
            continue
        error.add_note(f"A callback's {name} failed as well: {type(other).__name__}: {other}")
    return error
