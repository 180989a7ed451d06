"""The drawn digits: thirty, inside the sheet, each its own; and the ink of a pen."""

import pytest
import torch

from cnnlab.data import DrawnDigit, draw_strokes, drawn_digits


def test_each_digit_is_drawn_in_three_styles():
    digits = drawn_digits()
    assert [digit.label for digit in digits] == [label for label in range(10) for _ in range(3)]
    assert [digit.style for digit in digits] == [0, 1, 2] * 10
    assert all(isinstance(digit, DrawnDigit) for digit in digits)
    assert any(len(digit.strokes) == 2 for digit in digits)


def test_the_seed_decides_sizes_and_places():
    assert drawn_digits(3) == drawn_digits(3)
    assert drawn_digits(3)[0].strokes != drawn_digits(4)[0].strokes
    heights, lefts = [], []
    for digit in drawn_digits(3):
        xs, ys = zip(*(point for stroke in digit.strokes for point in stroke))
        heights.append(max(ys) - min(ys))
        lefts.append(min(xs))
    assert 0.39 < min(heights) < 0.55
    assert 0.7 < max(heights) < 0.85
    assert max(lefts) - min(lefts) > 0.3


@pytest.mark.parametrize("seed", range(5))
def test_the_pen_stays_on_the_sheet(seed):
    for digit in drawn_digits(seed):
        for stroke in digit.strokes:
            assert all(0.05 <= value <= 0.95 for point in stroke for value in point), digit.label


def test_a_pen_leaves_a_line_of_its_width_with_round_ends():
    ink = draw_strokes([[(0.25, 0.5), (0.75, 0.5)]], side=40, width=4)
    assert ink.dtype == torch.uint8
    assert (ink[:, 20] == 255).nonzero().flatten().tolist() == [18, 19, 20, 21]
    row = ink[19].nonzero().flatten()
    assert (row.min().item(), row.max().item()) == (8, 31)  # two pixels beyond each end
    corner = draw_strokes([[(0.25, 0.5), (0.75, 0.5)]], side=40, width=4)[18, 8]
    assert corner < 255


def test_a_point_leaves_a_dot_and_nothing_leaves_nothing():
    assert draw_strokes([[(0.5, 0.5)]], side=20, width=6).sum() > 0
    assert draw_strokes([], side=20).sum() == 0


@pytest.mark.parametrize(
    ("sizes", "words"), [({"width": 0}, "width=0 leaves no ink"), ({"side": 0}, "side=0")]
)
def test_a_pen_or_a_sheet_without_size_is_refused(sizes, words):
    with pytest.raises(ValueError, match=words):
        draw_strokes([[(0.5, 0.5)]], **sizes)
