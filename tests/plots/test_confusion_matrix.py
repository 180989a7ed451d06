import dataclasses

import pytest
import torch

from cnnlab.plots import confusion_matrix


def test_every_count_but_zero_is_written_in_its_cell(evaluation):
    ax = confusion_matrix(evaluation)
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert len(written) == 13
    assert written[(5, 3)] == "1"  # x is the predicted class, y the true one
    assert written[(3, 3)] == "3"
    assert written[(0, 0)] == "4"


def test_only_mistakes_are_coloured(evaluation):
    shown = confusion_matrix(evaluation).images[0].get_array()
    assert shown[3, 5] == 1
    assert shown.diagonal().sum() == 0
    assert shown.sum() == 3


def test_it_says_which_way_to_read_it_and_how_many_mistakes(evaluation):
    ax = confusion_matrix(evaluation)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert "3 of 40 are mistakes" in ax.get_title()
    assert [label.get_text() for label in ax.get_xticklabels()] == [str(digit) for digit in range(10)]


@pytest.mark.parametrize("count", [9_999, 123_456, 1_234_567])
def test_a_number_of_many_digits_stays_in_its_cell(evaluation, count):
    ax = confusion_matrix(dataclasses.replace(evaluation, confusion=torch.full((10, 10), count)))
    ax.figure.canvas.draw()
    cell = ax.transData.transform((1, 0))[0] - ax.transData.transform((0, 0))[0]
    assert max(text.get_window_extent().width for text in ax.texts) < cell
