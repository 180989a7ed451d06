"""Run one check so that nothing a student hands in can make it fail."""

from __future__ import annotations

import _thread
import contextlib
import functools
import inspect
import io
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np
import torch

from cnnlab.checks.broken_code import raised_by_the_student, words_for
from cnnlab.checks.verdict import Blank, Verdict, Wrong

TIME_LIMIT = 10.0  # seconds after which a student's code counts as endless; a check itself takes less than 2
SEED = 20
BLANK = "Put your answer in place of the blank, then run the cell again."

Check = Callable[..., Verdict]


@dataclass(frozen=True)
class Exercise:
    """What is asked, what it is worth, and what a right answer shows."""

    name: str
    title: str
    marks: int
    shows: str  # one sentence that a right answer is told


EXERCISES: dict[str, Exercise] = {}  # every exercise by the name of its check


def exercise(title: str, marks: int, shows: str) -> Callable[[Callable[..., str | None]], Check]:
    """Make a check of a plain function that raises `Wrong` or `Blank`, or returns if the answer is right.

    What it returns is None, or a remark on a right answer.

    Args:
        title: the exercise in a few words.
        marks: what it is worth.
        shows: one sentence that a right answer is told.
    """

    def decorate(judge: Callable[..., str | None]) -> Check:
        told = Exercise(judge.__name__, title, marks, shows)
        EXERCISES[told.name] = told

        @functools.wraps(judge)
        def check(*answers: object, **named: object) -> Verdict:
            try:
                inspect.signature(judge).bind(*answers, **named)
            except TypeError:
                return Verdict(told.name, "wrong", f"Call it like this: {_usage(judge)}.", marks, 0)
            return _run(told, functools.partial(judge, *answers, **named))

        return check

    return decorate


def _usage(judge: Callable[..., str | None]) -> str:
    return f"checks.{judge.__name__}({', '.join(inspect.signature(judge).parameters)})"


def _run(told: Exercise, judge: Callable[[], str | None]) -> Verdict:
    """Judge once, and turn whatever happens into a verdict."""
    too_long = threading.Event()
    try:
        with _undisturbed(), _time_limit(too_long):
            remark = judge()
        shows = f"{told.shows} {remark}" if remark else told.shows
        return Verdict(told.name, "right", shows, told.marks, told.marks)
    except Wrong as wrong:
        return Verdict(told.name, "wrong", str(wrong), told.marks, _earned(told.marks, wrong.share))
    except Blank as blank:
        return Verdict(told.name, "not yet", str(blank), told.marks, _earned(told.marks, blank.share))
    except KeyboardInterrupt:
        if not too_long.is_set():
            raise  # the student pressed stop
        reason = f"Your code still runs after {TIME_LIMIT:g} s: does its loop ever end?"
        return Verdict(told.name, "wrong", reason, told.marks, 0)
    except BaseException as error:  # a student may raise anything
        if isinstance(error, NotImplementedError) and raised_by_the_student(error):
            return Verdict(told.name, "not yet", BLANK, told.marks, 0)
        return Verdict(told.name, "wrong", words_for(error), told.marks, 0)


def _earned(marks: int, share: float) -> float:
    """A share of the marks to one decimal; whole marks as an int, so that 5 is never printed as 5.0."""
    points = round(marks * share, 1)
    return int(points) if points == int(points) else points


class _Sink(io.TextIOBase):
    """A place to print to that keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Fixed random numbers and silence inside; outside, everything as it was."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with (
            contextlib.redirect_stdout(_Sink()),
            contextlib.redirect_stderr(_Sink()),
            warnings.catch_warnings(),
            torch.random.fork_rng(devices=[]),
            torch.enable_grad(),
        ):
            warnings.simplefilter("ignore")
            random.seed(SEED)
            np.random.seed(SEED)  # noqa: NPY002
            torch.default_generator.manual_seed(SEED)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


class _Interrupts:
    """What an interrupt does during a check: it raises, and in the end at one line after the other.

    A bare `except:` may swallow each interrupt that comes inside its `try`, but not one at a line outside.
    """

    SWALLOWED = 3  # so many times

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.count = self.lines = 0
        self.traced: list[FrameType] = []

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.ended.is_set():
            return  # sent before the check ended, and too late
        self.count += 1
        if self.count <= self.SWALLOWED:
            raise KeyboardInterrupt
        self.lines = self.count - self.SWALLOWED  # how many lines still run
        while frame is not None and frame.f_code.co_filename != __file__:
            frame.f_trace = self._at_a_line
            self.traced.append(frame)
            frame = frame.f_back
        sys.settrace(self._at_a_line)

    def _at_a_line(self, frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename == __file__ or self.ended.is_set():
            return None
        if event == "line":
            self.lines -= 1
            if self.lines <= 0:
                raise KeyboardInterrupt  # and Python stops tracing
        return self._at_a_line


@contextlib.contextmanager
def _time_limit(too_long: threading.Event) -> Iterator[None]:
    """Interrupt the main thread after `TIME_LIMIT` until it ends; in another thread, do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    here, interrupts = threading.get_ident(), _Interrupts()

    def watch() -> None:
        wait = TIME_LIMIT
        while not interrupts.ended.wait(wait):
            too_long.set()
            wait = 0.2
            if hasattr(signal, "pthread_kill"):  # not on Windows
                signal.pthread_kill(here, signal.SIGINT)  # a true signal: it ends a sleep too
            else:
                _thread.interrupt_main()

    watcher = threading.Thread(target=watch, daemon=True)
    tracing, before = sys.gettrace(), signal.signal(signal.SIGINT, interrupts)
    watcher.start()
    try:
        yield
    finally:
        try:
            interrupts.ended.set()
        finally:  # an interrupt may have come right before; the next is 0.2 s away
            interrupts.ended.set()
            watcher.join()  # whatever it sent has come, and `interrupts` says nothing any more
            if interrupts.traced:
                sys.settrace(tracing)
                for frame in interrupts.traced:
                    frame.f_trace = None
            if before is not None:  # None: it was not set from Python
                signal.signal(signal.SIGINT, before)
