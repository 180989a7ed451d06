"""What a check answers: right, not yet, or what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cnnlab.words import wrapped


class Wrong(Exception):
    """The answer is wrong; the message says what was misunderstood, never the answer.

    Args:
        message: plain words, with the number that the student's answer gives.
        share: the part of the marks that is earned all the same, 0 to 1.
    """

    def __init__(self, message: str, share: float = 0.0) -> None:
        super().__init__(message)
        self.share = share


class Blank(Exception):
    """There is no answer yet; the message says what is still empty.

    Args:
        message: what is to be done.
        share: the part of the marks that is earned all the same, 0 to 1.
    """

    def __init__(self, message: str, share: float = 0.0) -> None:
        super().__init__(message)
        self.share = share


@dataclass(frozen=True, repr=False)
class Verdict:
    """The answer of a check; shown as its text, true only where the answer is right.

    >>> Verdict("output_size", "right", "A size is a whole number.", marks=5, points=5)
    Right (5 of 5 marks). A size is a whole number.
    """

    exercise: str  # the name of the check
    state: Literal["right", "not yet", "wrong"]
    reason: str  # one or more sentences
    marks: int  # what the exercise is worth
    points: float  # what the answer earns; whole marks are an int

    def __bool__(self) -> bool:
        return self.state == "right"

    def __repr__(self) -> str:
        opening = {"right": "Right", "not yet": "Not yet", "wrong": "Not right"}[self.state]
        earned = f" ({self.points:g} of {self.marks} marks)" if self.points else ""
        return wrapped(f"{opening}{earned}. {self.reason}")
