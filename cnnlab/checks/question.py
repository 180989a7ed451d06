"""Questions with a choice: how they are asked, read and judged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cnnlab.checks.reading import kind, not_blank
from cnnlab.checks.verdict import Blank, Wrong
from cnnlab.words import wrapped


@dataclass(frozen=True)
class Question:
    """One question; every option but the right one says what whoever chooses it overlooks."""

    text: str
    right: str
    overlooked: Mapping[str, str]  # wrong option -> what to say to it
    options: tuple[str, ...]  # all of them, in the order in which they are shown


SETS: dict[str, tuple[Question, ...]] = {}  # the questions of a check, by its name


def questions(name: str) -> str:
    """The questions of a check with their options, to be printed above the cell for the answers.

    Args:
        name: of a check that asks them, such as "which_model".
    Raises:
        ValueError: there is no such check.
    """
    if name not in SETS:
        raise ValueError(f"There are no questions {name!r}: use one of {', '.join(SETS)}.")
    lines = []
    for letter, question in zip("abcdefgh", SETS[name]):
        lines += [wrapped(f"{letter}) {question.text}", "   "), wrapped(f"   {' | '.join(question.options)}")]
    return "\n".join(lines)


def _plain(answer: object) -> str:
    """An option as it is compared: lower case, without unit, outer spaces and commas in numbers."""
    text = str(answer) if isinstance(answer, (str, int, float)) and not isinstance(answer, bool) else ""
    text = " ".join(text.lower().removesuffix("%").removesuffix(" percent").replace("_", " ").split())
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text.replace("−", "-"))
    return text.removesuffix(".0")


def judge_choices(answers: object, asked: tuple[Question, ...]) -> None:
    """Compare a dictionary by letter, or a list in order, with the right options.

    Args:
        answers: what the student chose.
        asked: the questions, in the order of their letters.
    Raises:
        Blank, Wrong: see `cnnlab.checks.verdict`.
    """
    not_blank(answers)
    letters = "abcdefgh"[: len(asked)]
    if isinstance(answers, Mapping):
        given = {str(key).strip(" )").lower(): value for key, value in answers.items()}
    elif isinstance(answers, (list, tuple)):
        given = dict(zip(letters, answers))
    else:
        example = f'{{"a": "{asked[0].options[0]}", …}}'
        raise Wrong(f"Your answer is {kind(answers)}: give one option for each letter, like {example}.")
    for letter in letters:
        value = given.get(letter)
        if value is None or value is ... or (isinstance(value, str) and not value.strip(" .…?_")):
            raise Blank(f"Question {letter} is still blank.")
    said = []
    for letter, question in zip(letters, asked):
        value = _plain(given[letter])
        if value == _plain(question.right):
            continue
        overlooked = {_plain(option): says for option, says in question.overlooked.items()}
        says = overlooked.get(value) or "choose one of: " + " | ".join(question.options)
        said.append(f"{letter}) {says}{'' if says.endswith('?') else '.'}")
    if said:
        raise Wrong(" ".join(said))
