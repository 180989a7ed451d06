from __future__ import annotations

import pytest

from cnnlab.plots import waterfall
from cnnlab.plots.style import BLUE, GREY, VERMILLION

STEPS = {"the start": 160.0, "data in memory": 120.0, "a detour": 150.0, "smaller": 3.0}
NOTES = ["98.9 %", "98.9 %", "98.8 %", "99.0 %"]


def bars(ax) -> list[tuple[float, float]]:
    """(left, right) of each bar, from the top."""
    return [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches]


def test_each_bar_leads_from_the_time_before_to_the_time_after() -> None:
    ax = waterfall(STEPS)
    start, memory, detour, smaller, end = bars(ax)
    assert memory == pytest.approx((120, 160))
    assert detour == pytest.approx((120, 150))
    assert smaller == pytest.approx((3, 150))
    assert (start[1], end[1]) == pytest.approx((160, 3))
    assert start[0] == end[0] < 3, "the last bar, too, can be seen"


def test_slower_and_faster_have_their_colours_and_factors() -> None:
    ax = waterfall(STEPS)
    import matplotlib.colors as colours

    assert [colours.to_hex(bar.get_facecolor()).upper() for bar in ax.patches] == [
        GREY,
        BLUE,
        VERMILLION,
        BLUE,
        GREY,
    ]
    assert [text.get_text() for text in ax.texts] == [
        "160 s",
        "120 s, 1.3×",
        "150 s, 1.2× slower",
        "3.0 s, 50×",
        "3.0 s, 53×",
    ]


def test_names_and_notes_stand_beside_the_bars() -> None:
    ax = waterfall(STEPS, NOTES)
    assert [label.get_text() for label in ax.get_yticklabels()] == [*STEPS, "in the end"]
    assert [text.get_text() for text in ax.texts][-5:] == [*NOTES, "99.0 %"]
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "time (s), logarithmic"


@pytest.mark.parametrize(
    ("steps", "notes", "message"),
    [
        ({"alone": 1.0}, (), "are too few"),
        ({"a": 1.0, "b": 0.0}, (), "'b' takes 0.0 seconds"),
        ({"a": float("inf"), "b": 1.0}, (), "'a' takes inf"),
        ({"a": 2.0, "b": 1.0}, ["one"], "1 notes for 2 steps"),
    ],
)
def test_what_cannot_be_drawn_is_refused(steps, notes, message) -> None:
    with pytest.raises(ValueError, match=message):
        waterfall(steps, notes)
