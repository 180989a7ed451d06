from __future__ import annotations

from dataclasses import replace

import pytest
from scipy import stats

from cnnlab.experiments import differences
from cnnlab.experiments.differences import T95, student_t
from cnnlab.experiments.run import BASE, Result

RESULT = Result("", dict(BASE), 0, "digits", None, 90.0, 0.1, 1.0, 10, "")


def runs(accuracies: list[float | None], **changed: object) -> list[Result]:
    return [
        replace(RESULT, settings={**BASE, **changed}, seed=seed, accuracy=accuracy)
        for seed, accuracy in enumerate(accuracies)
    ]


def test_runs_of_the_same_seed_are_paired() -> None:
    base, other = [90.0, 80.0, 85.0], [91.0, 81.2, 85.9]
    row = differences([*runs(other, kernel=3), *runs(base)])[1]  # type: ignore[misc]
    gaps = [b - a for a, b in zip(base, other)]
    low, high = stats.t.interval(0.95, 2, loc=sum(gaps) / 3, scale=stats.sem(gaps))
    assert (row.setting, row.value, row.n, row.verdict) == ("kernel", "3", 3, "better")
    assert row.difference == pytest.approx(sum(gaps) / 3)
    assert (row.low, row.high) == pytest.approx((low, high), abs=1e-3)


def test_the_table_of_t_is_that_of_scipy() -> None:
    assert pytest.approx([stats.t.ppf(0.975, n) for n in range(1, len(T95) + 1)], abs=5e-4) == T95
    behind = range(len(T95) + 1, 200)
    assert [student_t(n) for n in behind] == pytest.approx([stats.t.ppf(0.975, n) for n in behind], abs=3e-3)


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        ([88.0, 78.1, 83.0], "worse"),
        ([91.0, 79.0, 85.0], "cannot be told apart"),
        ([91.0], "one seed says little"),
        ([91.0, None, 86.0], "1 of 3 failed"),
        ([None, None, None], "3 of 3 failed"),
    ],
)
def test_a_verdict_needs_an_interval_without_zero(other: list[float | None], verdict: str) -> None:
    assert differences([*runs([90.0, 80.0, 85.0]), *runs(other, kernel=3)])[1].verdict == verdict  # type: ignore[union-attr]


def test_the_base_may_be_another_and_has_to_be_there() -> None:
    results = [*runs([90.0, 80.0], hidden=20), *runs([91.0, 82.0], hidden=20, channels=(4,))]
    rows = differences(results, base={"hidden": 20})
    assert [(row.setting, row.value) for row in rows] == [("nothing", ""), ("channels", "(4,)")]
    with pytest.raises(ValueError, match="no run has the settings of the base"):
        differences(results)


def test_what_is_no_sweep_and_no_setting_is_said() -> None:
    with pytest.raises(ValueError, match="unknown setting 'hiden': did you mean 'hidden'"):
        differences(runs([90.0, 80.0]), base={"hiden": 20})
    for none in (None, 3, "x", [{"seed": 1}]):
        with pytest.raises(TypeError, match="give differences what sweep returned"):
            differences(none)  # type: ignore[arg-type]


def test_runs_of_other_images_or_data_are_not_compared() -> None:
    mixed = [*runs([90.0, 80.0]), *(replace(one, images=100) for one in runs([70.0, 60.0], kernel=3))]
    with pytest.raises(ValueError, match=r"images=None and with images=100.*run\.images == None"):
        differences(mixed)
    mixed = [*runs([90.0, 80.0]), *(replace(one, data="mnist") for one in runs([70.0], kernel=3))]
    with pytest.raises(ValueError, match="data='digits' and with data='mnist'"):
        differences(mixed)


def test_a_run_that_is_there_twice_counts_once() -> None:
    once = [*runs([90.0, 80.0, 85.0]), *runs([91.0, 79.0, 85.0], kernel=3)]
    assert list(differences([*once, *once])) == list(differences(once))
