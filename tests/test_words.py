"""Numbers have their nouns; long lines are broken between words, and nothing else changes."""

from __future__ import annotations

import pytest

from cnnlab.checks.verdict import Verdict
from cnnlab.predictions import predict
from cnnlab.words import counted, wrapped

SENTENCE = "The kernel of conv2 is 5 wide and its stride 1. " * 6


def test_a_number_has_its_noun() -> None:
    assert [counted(n, "row") for n in (0, 1, 2, 1234567)] == ["0 rows", "1 row", "2 rows", "1,234,567 rows"]


def test_a_short_line_stays_as_it_is() -> None:
    text = "  two   spaces,\n\n    indented code  # and its comment"
    assert wrapped(text) == text


def test_a_long_line_is_broken_between_words_and_loses_none() -> None:
    lines = wrapped(SENTENCE).split("\n")
    assert max(map(len, lines)) <= 100
    assert " ".join(lines).split() == SENTENCE.split()


def test_a_shape_is_not_broken() -> None:
    for before in range(60, 110):
        assert "(1, 28, 28)" in wrapped("x" * (before - 1) + " (1, 28, 28) is the shape of one image.")


def test_the_second_line_begins_where_the_first_does() -> None:
    lines = wrapped("   " + SENTENCE, "  ").split("\n")
    assert lines[0].startswith("   The")
    assert all(line[:5] == " " * 5 != line[:6] for line in lines[1:])


def test_a_path_without_a_space_is_kept_whole() -> None:
    path = "/home/student/" + "a_long_name/" * 12 + "train-images-idx3-ubyte"
    assert path in wrapped(f"It lies in {path} and is damaged.")


@pytest.mark.parametrize(
    "shown",
    [
        repr(Verdict("output_size", "wrong", SENTENCE, marks=5, points=0)),
        repr(predict("Which of these?", [f"by more than {n} points" for n in range(10)])),
    ],
    ids=["verdict", "prediction"],
)
def test_what_a_student_reads_most_fits_the_page(shown: str) -> None:
    assert "\n" in shown
    assert max(map(len, shown.split("\n"))) <= 100
