"""Calculations are read out of a text; only what leaves no doubt is called false."""

from __future__ import annotations

import pytest

from cnnlab.checks.written import written


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("28 - 5 + 1", {24}),
        ("(28 - 5) / 1 + 1 = 24", {24}),
        ("24 (28 - 5 + 1 = 24)", {24}),
        ("2 + 3 * 4 ** 2 // 5", {11}),
        ("floor(23 / 2), ⌊23 / 2⌋ and ⌈23 / 2⌉", {11, 12}),
        ("4 * 4 = 16, * 20 = 320", {16, 320}),
        ("8 - kernel 5 + 1", {4, 6}),
        ("1 / 0; 9 ** 9 ** 9; 2 ** 5", set()),
        ("1,440 * 2", {2880}),
        ("20 maps of 4 * 4 make 320", {16, 320}),
        ("20 maps of 4 * 4, so 320", {16}),
        ("conv2 and 2 kernels + 1", {3}),
        ("", set()),
    ],
)
def test_calculations_are_found(text: str, values: set[float]) -> None:
    assert {one.value for one in written(text).calculations} == values


@pytest.mark.parametrize(
    "text",
    [
        "28 - 5 + 1 = 24",
        "20 channels of 4 * 4 = 16",
        "20 channels of 4 * 4 = 320",
        "half of 24 = 12",
        "half of 24 = 24 / 2 = 12",
        "(W - K) / S + 1 = 23 / 1 + 1 = 24",
        "24 ¦ 2 = 12",
        "28 reduced by 4 = 24",
        "24 = 24 - and so on",
        "5 / 3 = 1.67",
        "28 - kernel 5 + 1 = 24",
        "= = (( )) 3 = ) + * 4",
        "(" * 5_000,
    ],
)
def test_what_may_be_meant_well_is_not_called_false(text: str) -> None:
    assert written(text).false == ()


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("28 - 5 = 24", "28 − 5 = 24"),
        ("the width is 24 = 28 - 5", "24 = 28 − 5"),
        ("20 channels of 4 * 4 = 18", "20 channels of 4 × 4 = 18"),
        ("28 - 5 = 23 + 1 = 25", "23 + 1 = 25"),
        ("4 * 4 = 16, * 20 = 330", "× 20 = 330"),
        ("4 ** 2 = 8", "4 ^ 2 = 8"),
        ("8 ¦ 2 = 3", "8 : 2 = 3"),
        ("⌊23 / 2⌋ = 12", "⌊23 / 2⌋ = 12"),
    ],
)
def test_what_leaves_no_doubt_is(text: str, quote: str) -> None:
    assert written(text).false == (quote,)


def test_a_running_equals_sign_is_careless_and_not_false() -> None:
    found = written("28 - 5 = 23 + 1 = 24")
    assert (found.false, found.careless) == ((), ("28 − 5 = 23 + 1",))
