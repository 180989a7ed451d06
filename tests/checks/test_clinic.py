"""Answers to the diagnoses of the bug clinic."""

from __future__ import annotations

import pytest

from cnnlab import checks
from cnnlab.checks.clinic import PATIENTS
from tests.checks.cases import Cases

CHART = dict(zip(PATIENTS, "cadbdcadbccdb", strict=True))


CASES = {
    "diagnosis": Cases(
        right=[CHART, list(CHART.values()), {f"patient {n}": f" {c.upper()})" for n, c in CHART.items()}],
        wrong=[
            (CHART | {1: "a"}, "Patient 1, is it a)? Think again: then the loss would fall slowly"),
            (CHART | {8: "a"}, "Patient 8, is it a)? Think again: both passes took the same images"),
            (CHART | {10: "b", 13: "d"}, "nearest to it? Patient 13, is it d)"),
            (CHART | {5: "e"}, "Patient 5, choose a, b, c or d."),
            ("c", "is a text: give a letter for each patient"),
        ],
        secret=["right answer", "is c", "is d"],
    ),
}


@pytest.mark.parametrize("number", PATIENTS)
def test_every_wrong_cause_has_its_own_words(number: int) -> None:
    patient = PATIENTS[number]
    assert sorted([patient.right, *patient.overlooked]) == list("abcd")
    assert all(cause.endswith(".") for cause in patient.causes)
    for letter, words in patient.overlooked.items():
        verdict = checks.diagnosis(CHART | {number: letter})
        assert words in verdict.reason
        assert verdict.points == 12


def test_a_chart_with_gaps_earns_what_it_holds() -> None:
    verdict = checks.diagnosis({1: "c", 2: ..., 3: "", 4: "b"})
    assert repr(verdict) == "Not yet (2 of 13 marks). All right so far: 2 patients have a diagnosis, of 13."
    assert checks.diagnosis({1: ..., 2: None}).reason.startswith("No patient has a diagnosis so far")


def test_the_causes_are_printed_without_the_right_one() -> None:
    text = checks.causes(4)
    assert text.splitlines()[0] == "Patient 4, half a pixel. What is the cause?"
    assert [line[2] for line in text.splitlines()[1:]] == list("abcd")
    with pytest.raises(ValueError, match="There is no patient 14: give a number from 1 to 13"):
        checks.causes(14)
