from __future__ import annotations

import math

import pytest

from cnnlab import claim


def said(capsys: pytest.CaptureFixture[str], *arguments: object, **options: object) -> str:
    claim(*arguments, **options)  # type: ignore[arg-type]
    return capsys.readouterr().out


def test_a_claim_that_holds_shows_the_number_and_its_bound(capsys: pytest.CaptureFixture[str]) -> None:
    line = said(capsys, "test accuracy", 98.414, at_least=95, unit="%")
    assert line == "test accuracy ≈ 98.41 % (at least 95 %: holds)\n"


def test_a_claim_that_fails_says_so_in_capitals(capsys: pytest.CaptureFixture[str]) -> None:
    line = said(capsys, "test accuracy", 91, at_least=95, unit="%")
    assert line == "test accuracy ≈ 91.00 % (at least 95 %: DOES NOT HOLD)\n"


@pytest.mark.parametrize(
    ("value", "holds"), [(0.9, False), (1.0, True), (1.5, True), (2.0, True), (2.1, False)]
)
def test_the_bounds_themselves_hold(capsys: pytest.CaptureFixture[str], value: float, holds: bool) -> None:
    line = said(capsys, "ratio", value, at_least=1, at_most=2, spec=".1f")
    assert line == f"ratio ≈ {value} (at least 1, at most 2: {'holds' if holds else 'DOES NOT HOLD'})\n"


def test_not_a_number_keeps_no_bound(capsys: pytest.CaptureFixture[str]) -> None:
    assert "DOES NOT HOLD" in said(capsys, "loss", math.nan, at_most=1)
    assert "DOES NOT HOLD" in said(capsys, "loss", math.nan, at_least=1)


def test_a_number_without_a_bound_is_no_claim() -> None:
    with pytest.raises(ValueError, match=r"claim\('loss'\) has no bound: give at_least= or at_most="):
        claim("loss", 0.1)


def test_a_bound_of_one_is_written_in_the_singular(capsys: pytest.CaptureFixture[str]) -> None:
    line = said(capsys, "difference", 0.5, at_least=-1, at_most=1, unit="points")
    assert line == "difference ≈ 0.50 points (at least -1 point, at most 1 point: holds)\n"
