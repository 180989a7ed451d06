"""What made a difference: each variant against the base, seed by seed, with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from cnnlab.experiments.run import BASE, Result, frozen, known_settings
from cnnlab.table import Table, column

# Student's t: 95 % lie within this many standard errors, for 1, 2, … degrees of freedom
T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


@dataclass(frozen=True)
class Difference:
    """One value of one setting, against the base."""

    setting: str = column("changed")
    value: str = column("to")
    accuracy: float | None = column("accuracy (%)", ".2f")  # mean over the seeds
    difference: float | None = column("− base (points)", "+.2f")  # mean of the differences seed by seed
    low: float | None = column("from", "+.2f")  # 95 % confidence interval of it; None with one seed
    high: float | None = column("to at most", "+.2f")
    n: int = column("seeds", "d")
    verdict: str = column("so")


def differences(results: Iterable[Result], base: Mapping[str, Any] | None = None) -> Table[Difference]:
    """Compare every variant with the base, pairing the runs of the same seed.

    The interval (Student's t over the seeds) says what other seeds would do on these images; it does
    not know of other images.

    Args:
        results: of `sweep`.
        base: the settings that `sweep` was given as its base.
    Returns:
        The base first; then a row for each changed value, in the order of the results.
    Raises:
        ValueError: there is no run of the base, a setting of it has no such name, or the runs are of
            several data sets or numbers of images.
        TypeError: the results are none of `sweep`.
    """
    found = list(results) if isinstance(results, Iterable) else [results]
    if not all(isinstance(one, Result) for one in found):
        raise TypeError(f"results={results!r:.80} holds no runs: give differences what sweep returned.")
    known_settings(base or {})
    _of_one_kind(found)
    reference = {**BASE, **(base or {})}
    runs: dict[tuple[tuple[str, str], ...], dict[int, Result]] = {}
    for result in found:  # a run that is there twice counts once
        changed = tuple((n, str(v)) for n, v in result.settings.items() if v != frozen(reference[n]))
        runs.setdefault(changed, {})[result.seed] = result
    groups = {changed: list(by_seed.values()) for changed, by_seed in runs.items()}
    if () not in groups:
        raise ValueError(
            "no run has the settings of the base: give differences the base that sweep was given."
        )
    at_base = {result.seed: result.accuracy for result in groups[()]}
    rows = []
    for changed, group in sorted(groups.items(), key=lambda item: item[0] != ()):
        names, values = ", ".join(n for n, _ in changed) or "nothing", ", ".join(v for _, v in changed)
        reached = [result.accuracy for result in group if result.accuracy is not None]
        pairs = [
            result.accuracy - before
            for result in group
            if result.accuracy is not None and (before := at_base.get(result.seed)) is not None
        ]
        accuracy = mean(reached) if reached else None
        if not changed:
            rows.append(Difference(names, values, accuracy, None, None, None, len(reached), ""))
            continue
        middle, half = _interval(pairs)
        low, high = (None, None) if middle is None or half is None else (middle - half, middle + half)
        failed = len(group) - len(reached)
        verdict = f"{failed} of {len(group)} failed" if failed else _verdict(low, high)
        rows.append(Difference(names, values, accuracy, middle, low, high, len(pairs), verdict))
    return Table(rows)


def _of_one_kind(results: list[Result]) -> None:
    """Refuse runs that no one would compare: of two data sets, or of two numbers of images."""
    for name in ("data", "images"):
        if len(kinds := dict.fromkeys(getattr(result, name) for result in results)) > 1:
            one, other = list(kinds)[:2]
            raise ValueError(
                f"there are runs with {name}={one!r} and with {name}={other!r}: give differences "
                f"those of one, such as [run for run in results if run.{name} == {one!r}]."
            )


def _interval(pairs: list[float]) -> tuple[float | None, float | None]:
    """Mean, and half the width of its 95 % interval."""
    n = len(pairs)
    if n == 0:
        return None, None
    if n == 1:
        return pairs[0], None
    return mean(pairs), student_t(n - 1) * stdev(pairs) / math.sqrt(n)


def student_t(degrees: int) -> float:
    """Within how many standard errors 95 % lie: from the table, then by the expansion around the normal.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.

    >>> round(student_t(4), 3), round(student_t(30), 3)
    (2.776, 2.042)
    """
    if degrees <= len(T95):
        return T95[degrees - 1]
    z = 1.959964
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)


def _verdict(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "one seed says little"
    if low > 0:
        return "better"
    return "worse" if high < 0 else "cannot be told apart"
