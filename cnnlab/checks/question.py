"""A question with a choice, and how the choices are judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnnlab.checks.reading import kind, not_blank
from cnnlab.checks.verdict import Blank, Wrong


@dataclass(frozen=True)
class Question:
    """One question; every option but the right one says what whoever chooses it overlooks."""

    text: str
    right: str
    overlooked: Mapping[str, str]  # wrong option -> what to say to it
    options: tuple[str, ...]  # all of them, in the order in which they are shown


def plain(answer: object) -> str:
    """An option as it is compared: lower case, without the unit and spaces at its ends."""
    text = str(answer) if isinstance(answer, (str, int, float)) and not isinstance(answer, bool) else ""
    text = " ".join(text.lower().removesuffix("%").removesuffix(" percent").replace("_", " ").split())
    return text.removesuffix(".0")


def judge(answers: object, asked: tuple[Question, ...]) -> None:
    """Compare a dictionary by letter, or a list in order, with the right options."""
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
        value = plain(given[letter])
        if value == plain(question.right):
            continue
        overlooked = {plain(option): says for option, says in question.overlooked.items()}
        said.append(f"{letter}) {overlooked.get(value) or 'choose one of: ' + ', '.join(question.options)}.")
    if said:
        raise Wrong(" ".join(said))
