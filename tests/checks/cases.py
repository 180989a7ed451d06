"""Right and wrong answers to one exercise, as the tests of the checks collect them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class Given(tuple):  # type: ignore[type-arg]
    """Several arguments of one call."""


@dataclass(frozen=True)
class Cases:
    """Answers that a check must call right, and wrong ones with a part of the message they must get."""

    right: Sequence[object]
    wrong: Sequence[tuple[object, str]]
    secret: Sequence[str]  # what no message may hold: the answer


def arguments(answer: object) -> tuple[object, ...]:
    """The arguments of a call with this answer."""
    return tuple(answer) if isinstance(answer, Given) else (answer,)


def lettered(answers: Sequence[object]) -> dict[str, object]:
    """Answers to questions a, b, …, in their order."""
    return dict(zip("abcdef", answers))


def instead(answers: Sequence[object], **changed: object) -> dict[str, object]:
    """The same with other answers to some of the questions."""
    return lettered(answers) | changed
