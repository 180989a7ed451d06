"""The numbers that stand in the units of a map, in Node."""

import pytest

from tests.widgets.node import run


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0499, "0.05"),
        (0.05, "0.05"),
        (0.051, "0.05"),
        (-0.126, "−0.13"),
        (0.5, "0.5"),
        (1.26, "1.3"),
        (0, "0"),
    ],
)
def test_a_unit_writes_two_digits_below_1_and_one_from_there_on(value, text):
    assert run('{ inUnit } from "layer_view.js"', "return inUnit(given)", value) == text
