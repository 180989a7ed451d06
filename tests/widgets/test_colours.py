from __future__ import annotations

import pytest
from matplotlib.colors import to_rgb

from cnnlab.plots.style import SIGNED
from tests.widgets.node import run


def luminance(colour: tuple[float, ...]) -> float:
    """Relative luminance; source: WCAG 2.1."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_can_be_read_on_every_colour_of_a_map() -> None:
    found = run(
        '{ grey, signed, readableOn } from "colours.js"',
        """
        const colours = [];
        for (let i = 0; i <= 100; i += 1) colours.push(grey(i, 0, 100), signed(i - 50, 50));
        return colours.map((colour) => [colour, readableOn(colour)]);
        """,
    )
    assert {text for _, text in found} == {"#000", "#fff"}
    for colour, text in found:
        assert contrast(tuple(part / 255 for part in colour), to_rgb(text)) >= 4.5, colour


@pytest.mark.parametrize("value", [-1, -0.5, 0, 0.25, 1])
def test_a_signed_number_has_the_colour_that_plots_give_it(value: float) -> None:
    made = run('{ signed } from "colours.js"', "return signed(given, 1)", value)
    expected = [255 * part for part in SIGNED((value + 1) / 2)[:3]]
    assert made == pytest.approx(expected, abs=2)


def test_infinite_numbers_do_not_spoil_the_scale() -> None:
    found = run(
        '{ extent, mapColours } from "colours.js"',
        "return [extent([3, -Infinity, 7]), extent([]), mapColours([-2, 5]).reach,"
        " mapColours([1, 4]).signed]",
    )
    assert found == [[3, 7], [0, 0], 5, False]
