"""Questions with a choice: how answers are read."""

from __future__ import annotations

import pytest

from cnnlab.checks.question import Question, judge, plain
from cnnlab.checks.verdict import Blank, Wrong

ASKED = (
    Question("Two?", "2", {"3": "count again"}, ("2", "3")),
    Question("Half?", "50", {"5": "of a hundred"}, ("5", "50")),
)


@pytest.mark.parametrize(
    ("given", "read"),
    [(2, "2"), (2.0, "2"), (" Two  words ", "two words"), ("50 %", "50"), (True, ""), (None, ""), ([], "")],
)
def test_an_option_is_read_however_it_is_written(given: object, read: str) -> None:
    assert plain(given) == read


def test_a_right_choice_passes_in_silence() -> None:
    judge({"a": 2, "B)": "50 %"}, ASKED)
    judge(["2", 50], ASKED)


def test_each_wrong_choice_is_told_what_it_overlooks() -> None:
    with pytest.raises(Wrong, match=r"a\) count again\. b\) choose one of: 5, 50\."):
        judge(["3", "7"], ASKED)


def test_a_missing_choice_is_blank() -> None:
    with pytest.raises(Blank, match="Question b is still blank"):
        judge({"a": "2"}, ASKED)
