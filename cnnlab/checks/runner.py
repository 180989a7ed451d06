"""Run one check so that nothing a student hands in can make it fail."""

from __future__ import annotations

import _thread
import contextlib
import functools
import inspect
import io
import random
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

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


@contextlib.contextmanager
def _time_limit(too_long: threading.Event) -> Iterator[None]:
    """Interrupt the main thread after `TIME_LIMIT`; in another thread, do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    here = threading.get_ident()

    def stop() -> None:
        too_long.set()
        if hasattr(signal, "pthread_kill"):  # not on Windows
            signal.pthread_kill(here, signal.SIGINT)  # a true signal: it ends a sleep too
        else:
            _thread.interrupt_main()

    timer = threading.Timer(TIME_LIMIT, stop)
    timer.daemon = True
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # either it never fires, or its interrupt is caught by the caller
        if before is not None:  # None: it was not set from Python
            signal.signal(signal.SIGINT, before)
