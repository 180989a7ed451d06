"""A function is compared with the right one, then with the known wrong ones."""

from __future__ import annotations

import pytest
import torch

from cnnlab.checks.functions import Misconception, judge_function, same
from cnnlab.checks.verdict import Wrong

DOUBLE = ("twice(x)", lambda x: 2 * x, [(0,), (3,), (5,)])
KNOWN = [Misconception(lambda x: x * x, "that is the square.")]


def test_the_first_case_that_differs_is_shown() -> None:
    with pytest.raises(Wrong, match=r"twice\(3\) gives 9: that is the square"):
        judge_function(lambda x: x**2, *DOUBLE, KNOWN, "think again.")
    with pytest.raises(Wrong, match=r"twice\(0\) gives −1: think again"):
        judge_function(lambda x: x - 1, *DOUBLE, KNOWN, "think again.")


def test_what_the_function_returned_is_handed_on() -> None:
    assert judge_function(lambda x: x + x, *DOUBLE, KNOWN, "") == [0, 6, 10]


def test_tables_of_other_shapes_are_not_the_same() -> None:
    assert same(torch.ones(2), torch.ones(2) + 1e-7)
    assert not same(torch.ones(2), torch.ones(1))
