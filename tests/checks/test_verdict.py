"""A verdict is its text."""

from __future__ import annotations

import pytest

from cnnlab.checks.runner import _earned
from cnnlab.checks.verdict import Blank, Verdict, Wrong


def test_a_verdict_reads_as_one_line() -> None:
    assert repr(Verdict("x", "right", "It holds.", 5, 5)) == "Right (5 of 5 marks). It holds."
    assert (
        repr(Verdict("x", "wrong", "You forgot it.", 25, 15)) == "Not right (15 of 25 marks). You forgot it."
    )
    assert repr(Verdict("x", "not yet", "It is blank.", 5, 0)) == "Not yet. It is blank."


def test_only_a_right_verdict_is_true() -> None:
    assert Verdict("x", "right", "", 5, 5)
    assert not Verdict("x", "wrong", "", 25, 15)
    assert not Verdict("x", "not yet", "", 5, 0)


def test_a_wrong_answer_may_earn_a_share() -> None:
    assert Wrong("half", share=0.5).share == 0.5
    assert Wrong("none").share == 0
    assert str(Blank("still empty")) == "still empty"


@pytest.mark.parametrize(
    ("marks", "share", "printed"), [(5, 0.0, "0"), (25, 0.6, "15"), (25, 0.1, "2.5"), (13, 5 / 13, "5")]
)
def test_whole_marks_are_printed_without_a_point(marks: int, share: float, printed: str) -> None:
    assert str(_earned(marks, share)) == printed
