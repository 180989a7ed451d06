"""Say a measured number together with the claim that it must support.

A notebook's number may differ a little on another machine, or with other data. `claim`
prints it behind the sign ≈, which the notebook tests do not compare, next to the bound
that must hold everywhere, which they do compare.
"""

from __future__ import annotations


def claim(
    what: str,
    value: float,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    unit: str = "",
    spec: str = ".2f",
) -> None:
    """Print a measured value and whether it keeps its bound.

    Args:
        what: what was measured, in words.
        value: the measured number, in `unit`.
        at_least: the lower bound, in `unit`.
        at_most: the upper bound, in `unit`.
        unit: such as "%" or "ms"; printed behind the numbers.
        spec: how the measured number is written.
    Raises:
        ValueError: no bound was given: then there is no claim.

    >>> claim("test accuracy", 98.41, at_least=95, unit="%")
    test accuracy ≈ 98.41 % (at least 95 %: holds)
    """
    if at_least is None and at_most is None:
        raise ValueError(f"claim({what!r}) has no bound: give at_least= or at_most=.")
    behind = f" {unit}" if unit else ""
    bounds = []
    if at_least is not None:
        bounds.append(f"at least {_bound(at_least, unit)}")
    if at_most is not None:
        bounds.append(f"at most {_bound(at_most, unit)}")
    low = value >= at_least if at_least is not None else True
    high = value <= at_most if at_most is not None else True
    holds = low and high
    print(f"{what} ≈ {value:{spec}}{behind} ({', '.join(bounds)}: {'holds' if holds else 'DOES NOT HOLD'})")


def _bound(number: float, unit: str) -> str:
    if abs(number) == 1 and unit in ("points", "seconds", "images"):
        unit = unit.removesuffix("s")
    return f"{number:g} {unit}".rstrip()
