"""Answers to the questions with a choice."""

from __future__ import annotations

import pytest

from cnnlab import checks
from cnnlab.checks.choices import _SETS
from tests.checks.cases import Cases

MODELS = ["cnn", "mlp", "logistic regression", "cnn", "mlp", "logistic regression"]
LOSSES = ["right", "right", "twice", "wrong", "wrong", "wrong"]
PADDING = ["2", "they take part in more outputs", "none"]
HUNDRED = ["no", "99.85", "little"]
SHOWN = [
    "it may help or harm a little",
    "run it again with new seeds",
    "cannot be said",
    "its own on the test images, once",
]


def lettered(answers):
    return dict(zip("abcdef", answers))


def instead(answers, **changed):
    return lettered(answers) | changed


CASES = {
    "which_model": Cases(
        right=[
            lettered(MODELS),
            MODELS,
            {f"{k.upper()})": f" {v.upper()} " for k, v in lettered(MODELS).items()},
        ],
        wrong=[
            (instead(MODELS, a="mlp"), "a) it learns each place anew"),
            (instead(MODELS, b="cnn"), "b) there are no neighbours"),
            (instead(MODELS, c="mlp"), "c) it learns 120 patients by heart"),
            (instead(MODELS, e="cnn"), "e) the reordering takes away"),
            (instead(MODELS, f="rnn"), "f) choose one of: cnn, mlp, logistic regression"),
            ("cnn", "is a text: give one option for each letter"),
        ],
        secret=["right answer"],
    ),
    "which_loss": Cases(
        right=[lettered(LOSSES), tuple(LOSSES)],
        wrong=[
            (instead(LOSSES, e="right"), "e) the loss of an untrained network is −0.1"),
            (instead(LOSSES, c="right"), "c) count how often"),
            (instead(LOSSES, d="right"), "d) cross-entropy takes other numbers"),
            (instead(LOSSES, f="right"), "f) the loss can fall without end"),
            (instead(LOSSES, a="twice", b="wrong"), "a) nothing was done before. b) look up"),
        ],
        secret=["is wrong", "is right", "is twice"],
    ),
    "why_padding": Cases(
        right=[lettered(PADDING), [2, *PADDING[1:]], instead(PADDING, a=2.0)],
        wrong=[
            (instead(PADDING, a=4), "a) it is added on each side"),
            (instead(PADDING, a="1"), "a) then 2 columns are lost"),
            (instead(PADDING, b="nothing"), "b) count in how many places"),
            (instead(PADDING, c="twice as many"), "c) the kernels stay as they are"),
        ],
        secret=["part in more"],
    ),
    "expect_100": Cases(
        right=[lettered(HUNDRED), ["NO", 99.85, "little"], ("no", "99.85 %", "Little")],
        wrong=[
            (instead(HUNDRED, a="yes"), "a) look at the images that nobody can read"),
            (instead(HUNDRED, a="with more epochs"), "a) more epochs mend no wrong label"),
            (instead(HUNDRED, b="100"), "b) the score is counted against the labels"),
            (instead(HUNDRED, c="100 % as well"), "c) it may have learnt them by heart"),
        ],
        secret=["99.85"],
    ),
    "what_is_shown": Cases(
        right=[lettered(SHOWN), SHOWN, [answer.upper() for answer in SHOWN]],
        wrong=[
            (instead(SHOWN, a="it changes nothing"), "a) an effect of +0.4 fits"),
            (instead(SHOWN, a="it helps"), "a) look at the lower end"),
            (instead(SHOWN, b="report it"), "b) of 20 changes without any effect"),
            (instead(SHOWN, c="half each"), "c) two runs that were not made"),
            (instead(SHOWN, d="98.2 %"), "d) the best of 8 was also lucky"),
            (instead(SHOWN, d="the highest of the 8 test accuracies"), "d) then the test images have chosen"),
        ],
        secret=["help or harm", "new seeds", "cannot be said", "once"],
    ),
}


@pytest.mark.parametrize("name", _SETS)
def test_every_option_is_answered(name: str) -> None:
    """One right option each; every other has its own words; only an unknown one is told the options."""
    for question in _SETS[name]:
        assert set(question.options) == {question.right, *question.overlooked}
        assert question.right not in question.overlooked


def test_the_questions_are_printed_without_the_answers() -> None:
    text = checks.questions("why_padding")
    assert text.splitlines()[1] == "   0 | 1 | 2 | 4"
    with pytest.raises(ValueError, match="There are no questions 'why': use one of which_model"):
        checks.questions("why")


def test_a_question_without_an_answer_is_not_yet() -> None:
    assert checks.which_model(instead(MODELS, d=...)).reason == "Question d is still blank."
    assert checks.which_loss(["right"]).state == "not yet"
    assert checks.what_is_shown(SHOWN[:3]).reason == "Question d is still blank."
    assert checks.expect_100({}).state == checks.why_padding().state == "not yet"
