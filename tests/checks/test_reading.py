"""What students hand in is read generously, and refused in words."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from cnnlab.checks.reading import call, function, kind, listed, network, not_blank, number, shown, table
from cnnlab.checks.verdict import Blank, Wrong


@pytest.mark.parametrize("value", [3, 3.0, np.int8(3), np.array([3]), torch.tensor([[3.0]]), Fraction(3)])
def test_a_number_may_be_of_any_kind(value: object) -> None:
    assert number(value) == 3


@pytest.mark.parametrize("value", ["3", True, [3], np.array([1, 2]), 3j, float("nan"), torch.tensor(True)])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(Wrong):
        number(value)


def test_a_table_may_be_lists_of_tensors_with_gradients() -> None:
    rows = [torch.ones(2, requires_grad=True), torch.zeros(2)]
    assert torch.equal(table(rows), torch.tensor([[1.0, 1], [0, 0]], dtype=torch.float64))
    with pytest.raises(Wrong, match="far too many"):
        table(torch.zeros(1).expand(10**12))


def test_numbers_are_written_with_a_true_minus() -> None:
    assert (shown(-3), shown(1234567.0), shown(13.5)) == ("−3", "1,234,567", "13.5")


def test_a_function_is_known_by_its_arguments() -> None:
    assert function(len, "len(x)", 1) is len
    with pytest.raises(Wrong, match=r"it is called as f\(a, b\)"):
        function(lambda a: a, "f(a, b)", 2)
    with pytest.raises(Wrong, match="Your answer is a class: give the function itself, f"):
        function(int, "f(a)", 1)


def test_a_function_gets_copies() -> None:
    ours = torch.zeros(2)
    assert call(lambda x: x.add_(1).sum().item(), ours) == 2
    assert ours.sum() == 0
    with pytest.raises(Blank, match="is the return missing"):
        call(lambda x: None, ours)


def test_a_network_is_copied_and_set_to_evaluate() -> None:
    mine = nn.Linear(1, 1)
    theirs = network(mine)
    assert theirs is not mine
    assert not theirs.training
    assert mine.training
    with pytest.raises(Wrong, match="an int: give the class"):
        network(3)


def test_blanks_are_known() -> None:
    for blank in (None, ..., "", " … ", [], {}):
        with pytest.raises(Blank):
            not_blank(blank)
    not_blank(0)


def test_things_are_named_with_their_article() -> None:
    assert [kind(v) for v in (1, "x", torch.zeros(2), int)] == [
        "an int",
        "a text",
        "a tensor of shape (2,)",
        "a class",
    ]


def test_a_decimal_is_a_number_and_a_map_is_a_list() -> None:
    assert number(Decimal("1.5")) == 1.5
    assert listed(map(abs, [-1, 2])) == [1, 2]
    assert listed("12") == "12"
