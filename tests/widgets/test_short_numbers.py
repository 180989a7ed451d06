"""How numbers are read and written where there is little room, in Node."""

from __future__ import annotations

import pytest

from cnnlab.widgets.preset_kernels import LARGEST_NUMBER
from tests.widgets.node import run

IMPORT = '{ asNumber, fitted, notUsable, short, shortNumber, withDigits } from "short_numbers.js"'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1.2e6"),
        (-1e6, "−1e6"),
        (999999.7, "1e6"),
        (-999999, "−999999"),
        (3.4e38, "3.4e38"),
        (12.345, "12.35"),
        (0, "0"),
        (0.0039, "0.0039"),
        (-0.0123, "−0.012"),
        (4.2e-9, "4.2e−9"),
        (-1e-30, "−1e−30"),
    ],
)
def test_a_number_is_written_short_and_only_0_is_written_0(value: float, text: str) -> None:
    assert run(IMPORT, "return shortNumber(given)", value) == text


@pytest.mark.parametrize(
    ("value", "digits", "room", "text"),
    [
        (-123.456, 2, 7, "−123.46"),
        (-1234.56, 2, 7, "−1234.6"),
        (123456.78, 2, 5, "1.2e5"),
        (-1234567, 0, 5, "−1e6"),
        (-0.000012, 6, 7, "−1.2e−5"),
        (0.001, 2, 7, "0.001"),
        (0.0033, 2, 5, "0.003"),
        (-0.0033, 2, 5, "−3e−3"),
        (0.0004, 2, 5, "4e−4"),
        (0.0004, 3, 7, "0.0004"),
        (0.0002, 3, 7, "0.0002"),
        (0.3, 0, 5, "0.3"),
        (0, 3, 7, "0"),
    ],
)
def test_a_number_fits_its_field_and_stays_what_it_is(
    value: float, digits: int, room: int, text: str
) -> None:
    assert run(IMPORT, "return fitted(...given)", [value, digits, room]) == text
    assert len(text) <= room


def test_weights_of_a_large_kernel_fit_their_narrow_fields() -> None:
    texts = {0.008: ".008", -0.123: "−.123", -255.5: "−256", 123456: "1.2e5", -1e30: "−1e30", 0.5: ".5"}
    texts |= {0.0004: ".0004", -0.0004: "−4e−4", 4.2e-5: "4e−5", -0.0033: "−.003", 1e-10: "1e−10"}
    texts |= {-1e-10: "≈0", 0: "0", 2: "2"}
    assert run(IMPORT, "return given.map((value) => short(value))", list(texts)) == list(texts.values())


def test_python_and_the_page_take_the_same_largest_number() -> None:
    written = [f"{LARGEST_NUMBER}", "−1e6", "1000000.5", "1,5", "1/4"]
    assert run(IMPORT, "return given.map(asNumber)", written) == [
        LARGEST_NUMBER,
        -LARGEST_NUMBER,
        None,
        1.5,
        0.25,
    ]
    assert "use −1,000,000 to 1,000,000" in run(IMPORT, "return notUsable(given)", "1000000.5")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0,5", 0.5),
        ("1000", 1000),
        ("1.000", 1),
        ("−3/4", -0.75),
        ("1,5", 1.5),
        ("0,125", 0.125),  # thousands never begin with 0
        ("−0,001", -0.001),
        ("1,5/0,125", 12),
        ("4e−4", 0.0004),  # as a narrow field writes it
    ],
)
def test_a_number_is_read_as_people_write_it(text: str, value: float) -> None:
    assert run(IMPORT, "return asNumber(given)", text) == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,000", "“1,000” can be read in two ways: write 1000, or 1.000"),
        (" 12,345 ", "“12,345” can be read in two ways: write 12345, or 12.345"),
        ("1,000/2", "“1,000/2” can be read in two ways: write 1000/2, or 1.000/2"),
        ("1/1,000", "“1/1,000” can be read in two ways: write 1/1000, or 1/1.000"),
        ("0,5/−1,000", "can be read in two ways: write 0,5/−1000, or 0.5/−1.000"),
        ("−1,000,000", "“−1,000,000” has commas between thousands: write −1000000"),
    ],
)
def test_a_comma_that_may_mean_thousands_is_asked_about(text: str, says: str) -> None:
    assert run(IMPORT, "return asNumber(given)", text) is None
    assert says in run(IMPORT, "return notUsable(given)", text)


def test_numbers_that_stand_beside_each_other_have_the_same_digits_and_only_0_is_written_0() -> None:
    given = [[0.85, 2], [-3, 2], [0, 4], [1e-9, 6], [-0.001, 2], [1234567, 2]]
    expected = ["0.85", "−3.00", "0.0000", "1e−9", "−1e−3", "1.2e6"]
    assert run(IMPORT, "return given.map((each) => withDigits(...each))", given) == expected
