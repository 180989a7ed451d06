"""How numbers are read and written where there is little room, in Node."""

from __future__ import annotations

import pytest

from cnnlab.widgets.preset_kernels import LARGEST_NUMBER
from tests.widgets.node import run

IMPORT = '{ asNumber, fitted, notUsable, short, shortNumber } from "short_numbers.js"'


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
    ],
)
def test_a_number_from_a_million_on_is_written_short(value: float, text: str) -> None:
    assert run(IMPORT, "return shortNumber(given)", value) == text


@pytest.mark.parametrize(
    ("value", "digits", "room", "text"),
    [
        (-123.456, 2, 7, "−123.46"),
        (-1234.56, 2, 7, "−1234.6"),
        (123456.78, 2, 5, "1.2e5"),
        (-1234567, 0, 5, "−1e6"),
        (-0.000012, 6, 7, "−1.2e−5"),
        (0.001, 2, 7, "0"),  # no digit was dropped for want of room
    ],
)
def test_a_number_fits_its_field_and_stays_what_it_is(
    value: float, digits: int, room: int, text: str
) -> None:
    assert run(IMPORT, "return fitted(...given)", [value, digits, room]) == text
    assert len(text) <= room


def test_weights_of_a_large_kernel_fit_their_narrow_fields() -> None:
    given = [0.008, -0.123, -255.5, 123456, -1e30, 0.5, 2]
    expected = [".008", "−.123", "−256", "1.2e5", "−1e30", ".5", "2"]
    assert run(IMPORT, "return given.map(short)", given) == expected


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
    ("text", "value"), [("0,5", 0.5), ("1000", 1000), ("1.000", 1), ("−3/4", -0.75), ("1,5", 1.5)]
)
def test_a_number_is_read_as_people_write_it(text: str, value: float) -> None:
    assert run(IMPORT, "return asNumber(given)", text) == value


@pytest.mark.parametrize("text", ["1,000", "−1,000,000", "12,345"])
def test_a_comma_that_may_mean_thousands_is_asked_about(text: str) -> None:
    assert run(IMPORT, "return asNumber(given)", text) is None
    assert "can be read in two ways" in run(IMPORT, "return notUsable(given)", text)
