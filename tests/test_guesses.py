from __future__ import annotations

import numpy as np
import pytest

from cnnlab.guesses import choice, in_words, is_right, value_range


@pytest.mark.parametrize(
    ("given", "meant"), [("fc1", "fc1"), (" FC1 ", "fc1"), (2, "2"), ("2", "2"), (np.int64(2), "2")]
)
def test_a_choice_is_known_in_any_capitals_and_without_quotes(given: object, meant: str) -> None:
    assert choice(given, ["conv1", "fc1", "2"]) == meant


@pytest.mark.parametrize("given", ["fc2", "", 3, None, ["fc1"], float("nan")])
def test_what_is_no_choice_is_refused_with_the_choices(given: object) -> None:
    with pytest.raises(ValueError, match=r"outcome=.* is none of the choices.*fc1"):
        choice(given, ["conv1", "fc1"], "outcome")


def test_a_range_has_two_finite_ends_in_order() -> None:
    assert value_range((np.float32(0.5), 2)) == [0.5, 2.0]
    for none in ((1,), (1, 2, 3), 5, "12", ("a", 2), (float("nan"), 2), (0, float("inf")), None):
        with pytest.raises(ValueError, match="is no range: give its two ends"):
            value_range(none)
    with pytest.raises(ValueError, match="runs backwards"):
        value_range((2, 1))


@pytest.mark.parametrize(
    ("guess", "outcome", "right"),
    [
        ([1.0, 3.0], 3.0, True),
        ([1.0, 3.0], 3.001, False),
        ([7.0, 7.0], 7.4, False),  # rounds to it, and is more than 1 % away
        ([320.0, 320.0], 320.4, True),
        ([0.5, 0.5], 0.502, True),
        ([0.0, 0.0], 0.1, False),
        ("fc1", "fc1", True),
        ("fc1", "FC1", False),
    ],
)
def test_right_is_what_lies_inside_or_rounds_to_it(
    guess: str | list[float], outcome: str | float, right: bool
) -> None:
    assert is_right(guess, outcome) is right


def test_words_have_thousands_apart_and_four_digits() -> None:
    assert in_words([1.0, 106_050.0]) == "1 to 106,050"
    assert in_words(98.76543) == "98.77"
    assert in_words("conv1") == "“conv1”"
