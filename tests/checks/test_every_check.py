"""What holds for every check: its answers, its silence about the solution, its calm."""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from cnnlab import checks
from tests.checks.cases import Cases, arguments

CASES: dict[str, Cases] = {}
for path in sorted(Path(__file__).parent.glob("test_*.py")):
    if path.name != Path(__file__).name:
        CASES |= getattr(importlib.import_module(f"tests.checks.{path.stem}"), "CASES", {})

RIGHT = [(name, i) for name, cases in CASES.items() for i in range(len(cases.right))]
WRONG = [(name, i) for name, cases in CASES.items() for i in range(len(cases.wrong))]


def check(name: str, answer: object) -> checks.Verdict:
    verdict = getattr(checks, name)(*arguments(answer))
    assert isinstance(verdict, checks.Verdict)
    return verdict


def said(verdict: checks.Verdict) -> str:
    """What the verdict says, without the line breaks of the page."""
    return repr(verdict).replace("\n", " ")


def test_every_check_has_two_right_answers_and_four_wrong_ones() -> None:
    assert set(CASES) == set(checks.EXERCISES)
    assert not [name for name, cases in CASES.items() if len(cases.right) < 2 or len(cases.wrong) < 4]
    assert not [name for name, cases in CASES.items() if not cases.secret]


@pytest.mark.parametrize(("name", "number"), RIGHT)
def test_a_right_answer_is_right_however_it_is_written(name: str, number: int) -> None:
    verdict = check(name, CASES[name].right[number])
    assert verdict, verdict
    told = checks.EXERCISES[name]
    assert said(verdict) == f"Right ({told.marks} of {told.marks} marks). {told.shows}"


@pytest.mark.parametrize(("name", "number"), WRONG)
def test_a_wrong_answer_is_told_its_misconception(name: str, number: int) -> None:
    answer, fragment = CASES[name].wrong[number]
    verdict = check(name, answer)
    assert verdict.state == "wrong"
    assert fragment in said(verdict)
    assert "  " not in said(verdict)
    assert repr(verdict).endswith((".", "?"))


def holds(text: str, secret: str) -> bool:
    """Whether a text holds a secret: a number only as a whole number, anything else as it is."""
    if re.fullmatch(r"[\d.,]+", secret):
        return re.search(rf"(?<![\d.,−-]){re.escape(secret)}(?![.,]?\d)", text) is not None
    return secret in text


@pytest.mark.parametrize("name", CASES)
def test_no_message_tells_the_answer(name: str) -> None:
    for answer, _ in CASES[name].wrong:
        told = re.sub("“.*”", "", said(check(name, answer)))  # not the student's own line
        assert not [secret for secret in CASES[name].secret if holds(told, secret)], told


class Unprintable:
    def __repr__(self) -> str:
        raise ValueError("no words")

    __str__ = __repr__


class Hostile:
    def __getattr__(self, name: str) -> object:
        raise RuntimeError("leave me alone")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not comparable")

    __hash__ = None  # type: ignore[assignment]


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError("not even this")


def raises_unspeakable(*arguments: object) -> object:
    raise Unspeakable


def leaves(*arguments: object) -> object:
    raise SystemExit


def endless(*arguments: object) -> object:
    return endless(*arguments)


class BrokenNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        raise OSError("disk on fire")


def with_itself() -> list[object]:
    found: list[object] = []
    found.append(found)
    return found


def odd() -> Iterator[object]:
    yield from (
        None,
        ...,
        "",
        " ",
        "…",
        [],
        {},
        (),
        set(),
        object(),
        NotImplemented,
        True,
        False,
        0,
        -1,
        1e308,
    )
    yield from (float("nan"), float("inf"), 1j, "abc", b"abc", "320", "1/0 = 1", "9**9**9 = 1", "é" * 10_000)
    yield from (
        lambda: 1 / 0,
        lambda *a: 1 / 0,
        lambda *a: None,
        lambda *a: ...,
        lambda *a: a,
        lambda *a: "x",
    )
    yield from (
        raises_unspeakable,
        leaves,
        endless,
        Unprintable(),
        Hostile(),
        lambda *a: Unprintable(),
        print,
    )
    yield from (lambda *a: Hostile(), lambda *a: float("nan"), lambda *a: torch.zeros(1).expand(10**12), len)
    yield from (torch.zeros(0), torch.tensor(float("nan")), torch.zeros(1).expand(10**12), np.zeros((0, 3)))
    yield from (np.array(["a"]), np.array([None]), torch.zeros(2, 3, dtype=torch.complex64), int, BrokenNet)
    yield from (nn.Module, nn.Module(), nn.Identity(), nn.ReLU, nn.ModuleList(), with_itself(), [[1], [2, 3]])
    yield from ({"a": Unprintable()}, {1: 2}, ["cnn"] * 6, [None] * 6, iter([1]), (x for x in ()), 10**400)
    yield from (lambda *a: 10**400, lambda *a: with_itself(), lambda *a: nn.Linear(3, 3), pytest, Exception)


@pytest.mark.parametrize("name", CASES)
def test_nothing_makes_a_check_raise_or_say_right(name: str) -> None:
    assert len(list(odd())) >= 40
    for answer in odd():
        verdict = check(name, answer)
        assert not verdict, (name, verdict)
        assert " at 0x" not in said(verdict)
        for verdict in (getattr(checks, name)(1, answer, 2), getattr(checks, name)(odd=answer)):
            assert isinstance(verdict, checks.Verdict)
            assert not verdict


def not_written(*arguments: object) -> object:
    raise NotImplementedError("to be written")


def asks_for_a_function(name: str) -> bool:
    """Whether an exercise asks for a function: its title says how that is called."""
    return "(" in checks.EXERCISES[name].title


BLANKS = {"None": None, "…": ..., "pass": lambda *a: None, "return …": lambda *a: ..., "raise": not_written}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("blank", BLANKS.values(), ids=BLANKS)
def test_a_blank_is_not_yet(name: str, blank: object) -> None:
    assert getattr(checks, name)().state == "not yet"
    if not callable(blank) or asks_for_a_function(name):
        assert check(name, blank).state == "not yet"


@pytest.mark.parametrize("name", CASES)
def test_a_verdict_is_the_same_each_time_and_comes_within_two_seconds(name: str) -> None:
    for answer in (CASES[name].right[0], CASES[name].wrong[0][0]):
        first = check(name, answer)
        start = time.perf_counter()
        assert check(name, answer) == first
        assert time.perf_counter() - start < 2


@pytest.mark.parametrize("name", CASES)
def test_a_check_says_what_it_asks_for(name: str) -> None:
    told = checks.EXERCISES[name]
    assert isinstance(told, checks.Exercise)
    assert told.marks > 0
    assert told.title
    assert told.shows.endswith(".")
    assert getattr(checks, name).__doc__.startswith("Check ")


def test_the_labs_marks_are_kept() -> None:
    assert [
        checks.EXERCISES[name].marks for name in ("add_conv2", "add_fc2", "log_softmax", "explain_320")
    ] == [
        5,
        5,
        5,
        25,
    ]


NOTEBOOKS = Path(__file__).parents[2] / "notebooks" / "scripts"


def asked_functions() -> list[tuple[str, str]]:
    """Each check that is called with a function of a notebook, and that function as it is begun there."""
    found = {}
    for path in sorted(NOTEBOOKS.glob("*.py")):
        script = path.read_text(encoding="utf-8")
        for name, given in re.findall(r"^verdict = checks\.(\w+)\((\w+)\)", script, re.MULTILINE):
            begun = re.search(rf"^def {given}(\(.*\)):", script, re.MULTILINE)
            if begun:
                found[name] = given + begun[1]
    return sorted(found.items())


def test_the_notebooks_ask_for_functions() -> None:
    assert len(asked_functions()) > 20


@pytest.mark.parametrize(("name", "usage"), asked_functions())
def test_a_check_calls_a_function_by_the_name_that_it_has_in_the_notebook(name: str, usage: str) -> None:
    def too_few() -> None:
        pass

    assert f"it is called as {usage}." in said(check(name, too_few))
