"""Predict first: keep a guess and how sure one was of it, and see at the end how good one's sureness is.

Everything is kept in one readable file of the reader's, `predictions.json` in the folder of the
notebook (or where the environment variable CNNLAB_PREDICTIONS says). Nothing is ever sent.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from cnnlab.guesses import choice, in_words, is_right, value_range
from cnnlab.table import Table, column
from cnnlab.whole_file import whole_file
from cnnlab.words import wrapped

VARIABLE = "CNNLAB_PREDICTIONS"
FILE = "predictions.json"
ENOUGH = 5  # results from which a sentence about them says something
WAIT = 5.0  # seconds for another notebook that writes to the same file
NEAR = 10  # points between being sure and being right that chance alone would explain


@dataclass(frozen=True)
class Entry:
    """One prediction as the file holds it."""

    question: str
    guess: str | list[float]  # one of the choices, or the two ends of a range
    sure: float  # percent
    kept_on: str  # the day, as in 2026-11-22
    outcome: str | float | None = None
    right: bool | None = None


@dataclass(frozen=True)
class Sureness:
    """The predictions of which the reader was about equally sure."""

    sure: str = column("you were sure (%)")
    n: int = column("predictions", "d")
    right: int = column("right", "d")
    share: float = column("right (%)", ".0f")


_unwritten: dict[str, Entry] = {}  # by question: what this kernel knows and the file does not


class Prediction:
    """A guess, waiting for its outcome. Its text says what is kept, or what is missing."""

    def __init__(self, question: str, entry: Entry | None, says: str, choices: Sequence[str] = ()) -> None:
        self.question = question
        self.choices = choices
        self.entry = entry  # None: there is no guess yet
        self._says = says

    def __repr__(self) -> str:
        return wrapped(self._says)

    def outcome(self, value: str | float) -> str:
        """Set what came out beside the guess, and keep both.

        Args:
            value: the choice that came true, or the number that was measured.
        Returns:
            A sentence to show: what was guessed, what came out, and whether it was right.
        Raises:
            ValueError: `value` is none of the choices, or a word where a number was guessed, or the other
                way round.
        """
        if self.entry is None:
            return "You kept no guess for this one."
        if isinstance(self.entry.guess, str) and self.choices:
            value = choice(value, self.choices, "outcome")
        elif not isinstance(value, str) and not math.isfinite(_float(value)):
            return f"You said {in_words(self.entry.guess)}. It was {value}, no result: your guess stays open."
        with _alone():
            kept, problem = self._with_outcome(value, self.entry)
        self.entry = kept
        verdict = "right" if kept.right else "not so"
        said = f"You said {in_words(kept.guess)}, {kept.sure:g} % sure."
        return f"{said} It was {in_words(kept.outcome)}: {verdict}. {problem}".strip()

    def _with_outcome(self, value: str | float, entry: Entry) -> tuple[Entry, str]:
        """The entry with its outcome, written to the file; and what went wrong with that."""
        entries, problem = _read()
        kept = next((one for one in entries if one.question == self.question), entry)
        if kept.right is None:
            if isinstance(value, str) != isinstance(kept.guess, str):
                raise ValueError(f"the outcome {value!r} is of another kind than the guess {kept.guess!r}.")
            plain = value if isinstance(value, str) else _float(value)
            kept = replace(kept, outcome=plain, right=is_right(kept.guess, plain))
            others = [one for one in entries if one.question != self.question]
            problem = problem or _write([*others, kept])
            _remember(kept, problem)
        return kept, problem


def predict(
    question: str, choices: Sequence[str] | None = None, *, guess: Any = ..., sure: Any = ...
) -> Prediction:
    """Keep a guess before the result is seen. Run it again to change your mind, until the outcome is known.

    Args:
        question: what is asked; it is also the name under which the guess is kept.
        choices: the possible answers; without them a number is asked for, as a range.
        guess: one of the choices, or (low, high); `...` stands for a blank.
        sure: the chance that the guess is right, in percent: 0, or 1 to 100; `...` stands for a blank.
            A number between 0 and 1 is refused: whoever writes 0.6 means 60.
    Returns:
        The prediction; `outcome(value)` sets the result beside it.
    Raises:
        ValueError: the guess is none of the choices or no range, or `sure` is no percentage.

    >>> predict("Which layer has most parameters?", ["conv1", "conv2", "fc1"])
    Not yet: put your guess in place of the dots. It is one of: conv1, conv2, fc1.
    """
    if not isinstance(question, str) or not question.strip():
        raise ValueError(f"question={question!r} is no text: a guess is kept under the text of its question.")
    choices = [str(one) for one in choices or ()]
    if _blank(guess) or _blank(sure):
        what, kind = "how sure you are", "It is a number from 0 to 100, in percent."
        if _blank(guess):
            what, kind = "your guess", "It is a range, such as guess=(90, 95)."
            if choices:
                kind = f"It is one of: {', '.join(choices)}."
        return Prediction(question, None, f"Not yet: put {what} in place of the dots. {kind}")
    if isinstance(sure, np.generic):
        sure = sure.item()
    if not isinstance(sure, (int, float)) or isinstance(sure, bool) or not 0 <= sure <= 100:
        raise ValueError(f"sure={sure!r}: how sure you are is a number from 0 to 100, in percent.")
    if 0 < sure < 1:
        share = f"write sure={100 * sure:g} for {100 * sure:g} %, and at least 1 if you are not that sure"
        raise ValueError(f"sure={sure!r} means {sure:g} %: {share}.")
    chosen = choice(guess, choices) if choices else value_range(guess)
    entry = Entry(question, chosen, float(sure), date.today().isoformat())
    with _alone():
        entries, problem = _read()
        before = next((one for one in entries if one.question == question), None)
        if before is not None and before.right is not None:
            return Prediction(
                question,
                before,
                f"You know the outcome already; your guess stays {in_words(before.guess)}.",
                choices,
            )
        others = [one for one in entries if one.question != question]
        problem = problem or _write([*others, entry])
        _remember(entry, problem)
    head = "For now" if problem else "Kept"
    said = f"{head}: {in_words(chosen)}, {entry.sure:g} % sure. {problem}".strip()
    return Prediction(question, entry, said, choices)


def calibration() -> Table[Sureness]:
    """How often you were right, by how sure you were; where the two agree you are well calibrated.

    Returns:
        A row for each tenth of sureness in which there is an outcome; the footer puts it in words.
    """
    entries, problem = _read()
    written = {entry.question for entry in entries if entry.right is not None}
    forgotten = [entry for entry in _unwritten.values() if entry.question not in written]
    known = [entry for entry in [*entries, *forgotten] if entry.right is not None]
    tenths: dict[int, list[Entry]] = {}
    for entry in known:
        tenths.setdefault(min(int(entry.sure // 10), 9), []).append(entry)
    rows = []
    for tenth, group in sorted(tenths.items()):
        right = sum(bool(entry.right) for entry in group)
        least, most = 10 * tenth, 100 if tenth == 9 else 10 * tenth + 9
        rows.append(Sureness(f"{least} to {most}", len(group), right, 100 * right / len(group)))
    footer = [problem] if problem else []
    if lost := sum(entry.right is not None for entry in forgotten):
        one = "1 of these is" if lost == 1 else f"{lost} of these are"
        footer.append(f"({one} in no file, and known until the kernel ends: {path()} could not be written.)")
    return Table(rows, footer=[*footer, _verdict(known)])


def _verdict(known: Sequence[Entry]) -> str:
    if not known:
        return "No prediction has an outcome yet."
    n, right = len(known), sum(bool(entry.right) for entry in known)
    sure, share = sum(entry.sure for entry in known) / n, 100 * right / n
    text = f"You were {sure:.0f} % sure on average, and right in {right} of {n}."
    if n < ENOUGH:
        return f"{text} So few say little yet."
    chance = 100 * math.sqrt(0.25 / n)  # one standard deviation of a share of n, at most
    if abs(sure - share) <= max(NEAR, chance):
        return f"{text} That is well calibrated, as far as {n} predictions can tell."
    if sure > share:
        return f"{text} You are surer than you are right: take wider ranges, and lower chances."
    return f"{text} You know more than you trust yourself to: take narrower ranges, and higher chances."


def _remember(entry: Entry, problem: str) -> None:
    """Keep what could not be written as long as the kernel lives."""
    if problem:
        _unwritten[entry.question] = entry
    else:
        _unwritten.pop(entry.question, None)


def _blank(value: object) -> bool:
    return value is ... or (isinstance(value, (tuple, list)) and any(part is ... for part in value))


def _float(value: object) -> float:
    """A measured number, also of a tensor with one element."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"the outcome {value!r} is of another kind than a number.") from None


def path() -> Path:
    """The file that holds the predictions."""
    return Path(os.environ.get(VARIABLE) or FILE).expanduser()


@contextmanager
def _alone() -> Iterator[None]:
    """Between reading the file and writing it, no other notebook writes; without a lock it goes on."""
    try:
        place = path().resolve()
    except (OSError, RuntimeError):  # a link to itself; reading it says so
        place = path().absolute()
    digest = hashlib.blake2b(os.fsencode(place), digest_size=8).hexdigest()
    lock = FileLock(Path(tempfile.gettempdir()) / f"cnnlab-predictions-{digest}.lock", timeout=WAIT)
    with suppress(OSError, Timeout):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _entry(found: Any) -> Entry:
    """One entry of the file.

    Raises:
        TypeError, ValueError: it is none.
    """
    if unknown := set(found) - set(Entry.__dataclass_fields__):
        raise ValueError(f"{min(unknown)!r} is no part of an entry")
    entry = Entry(**found)
    if not all(isinstance(text, str) for text in (entry.question, entry.kept_on)):
        raise TypeError("the question or the day is no text")
    if not isinstance(entry.guess, str):
        entry = replace(entry, guess=value_range(entry.guess))
    if isinstance(entry.sure, bool) or not isinstance(entry.sure, (int, float)) or not 0 <= entry.sure <= 100:
        raise ValueError("`sure` is no number from 0 to 100")
    if isinstance(entry.outcome, bool) or not isinstance(entry.outcome, (str, int, float, type(None))):
        raise TypeError("the outcome is neither a word nor a number")
    if not isinstance(entry.right, (bool, type(None))):
        raise TypeError("`right` is neither true nor false")
    return entry


def _read() -> tuple[list[Entry], str]:
    """All that is kept, and what is wrong with the file; a file that cannot be read is never overwritten."""
    file = path()
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig"))
        if not isinstance(found, list):
            raise TypeError("not a list of predictions")
        return [_entry(one) for one in found], ""
    except FileNotFoundError:
        return [], ""
    except OSError as error:
        return [], f"(Nothing can be kept: {file} cannot be read, {error.strerror}.)"
    except (ValueError, TypeError, RecursionError) as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else f"its entries: {error}"
        return [], f"(Nothing can be kept: {file} is damaged, {where}. Mend it, or give it another name.)"


def _write(entries: Sequence[Entry]) -> str:
    """Keep all entries, one a line; the reason where that is not possible."""
    lines = ",\n".join(f"  {json.dumps(asdict(entry), ensure_ascii=False)}" for entry in entries)
    try:
        if path().exists() and not os.access(path(), os.W_OK):  # to replace it may be allowed all the same
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        with whole_file(path()) as file:
            file.write(f"[\n{lines}\n]\n".encode())
    except OSError as error:
        remedy = f"name a file that can be written in the environment variable {VARIABLE}"
        return f"(It is not kept: {path()} cannot be written, {error.strerror}; {remedy}.)"
    return ""
