"""How questions with a choice are asked, read and judged."""

from __future__ import annotations

import pytest

from cnnlab import checks
from cnnlab.checks.question import SETS, Question, judge_choices
from cnnlab.checks.verdict import Wrong
from tests.checks.cases import lettered


@pytest.mark.parametrize("name", SETS)
def test_every_option_is_answered(name: str) -> None:
    """One right option each; every other has its own words; only an unknown one is told the options."""
    for question in SETS[name]:
        assert set(question.options) == {question.right, *question.overlooked}
        assert question.right not in question.overlooked


def test_the_questions_are_printed_without_the_answers() -> None:
    text = checks.questions("why_padding")
    assert text.splitlines()[1] == "   0 | 2 | 3 | 6"
    with pytest.raises(ValueError, match="There are no questions 'why': use one of which_model"):
        checks.questions("why")


def test_a_question_without_an_answer_is_not_yet() -> None:
    models = lettered(["cnn", "mlp", "logistic regression", "cnn", "mlp", "logistic regression"])
    assert checks.which_model(models | {"d": ...}).reason == "Question d is still blank."
    assert checks.which_loss(["right"]).state == "not yet"
    assert checks.expect_100({}).state == checks.why_padding().state == "not yet"


@pytest.mark.parametrize("given", ["71,490", "71490", 71490, 71490.0, " 71,490 "])
def test_a_number_is_read_however_it_is_written(given: object) -> None:
    judge_choices([given], (Question("?", "71,490", {"−2": "no"}, ("71,490", "−2")),))


@pytest.mark.parametrize("given", ["-2", "−2", -2, -2.0])
def test_a_minus_is_read_however_it_is_written(given: object) -> None:
    with pytest.raises(Wrong, match=r"a\) the sign\."):
        judge_choices([given], (Question("?", "2", {"−2": "the sign"}, ("2", "−2")),))


def test_a_list_may_stop_before_its_end() -> None:
    verdict = checks.what_is_shown(["it may help or harm a little", "run it again with new seeds", "?"])
    assert verdict.reason == "Question c is still blank."
