"""Digits as people draw them on a screen: strokes, and the ink that a pen of some width leaves.

They stand in for a hand in tests and notebooks. Nothing was trained on them, and they were not changed
to please a network.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from cnnlab.arithmetic import whole

Point = tuple[float, float]  # x to the right, y down

# Three ways to write each digit, as points that the pen passes on a smooth line; "|" lifts the pen and "/"
# makes a corner. The paper is 100 × 100.
_STYLES: dict[int, tuple[str, ...]] = {
    0: (
        "52,2 30,12 22,45 30,85 50,98 70,86 78,48 70,14 50,3",
        "60,4 40,14 32,50 36,88 48,97 62,86 68,50 66,18 56,5 46,8",
        "48,4 22,18 10,50 22,84 50,97 80,82 90,48 78,16 54,3 44,7",
    ),
    1: (
        "52,2 50,50 48,98",
        "32,22 44,14 55,2 / 55,50 54,98",
        "34,26 54,3 / 54,96 | 32,97 76,96",
    ),
    2: (
        "24,22 32,6 52,2 70,12 72,32 56,56 36,78 22,96 / 50,95 80,96",
        "26,24 40,4 64,6 72,26 60,52 40,76 24,90 22,97 34,92 42,86 56,92 72,97 82,90",
        "22,14 44,2 68,10 70,30 46,62 20,95 / 78,92",
    ),
    3: (
        "26,12 46,2 68,8 70,28 58,42 42,47 / 62,50 76,68 68,90 46,98 24,90",
        "26,4 72,5 / 46,40 66,46 76,66 66,90 44,97 22,88",
        "28,14 48,3 66,12 64,34 44,46 40,50 48,50 68,56 72,78 54,96 30,94 22,84",
    ),
    4: (
        "36,4 30,30 22,58 / 50,56 80,55 | 62,28 61,62 58,98",
        "62,98 64,50 66,3 / 40,36 16,66 / 50,67 84,66",
        "28,6 26,34 30,52 48,56 68,48 | 72,4 71,40 66,98",
    ),
    5: (
        "32,6 29,26 27,44 / 48,38 68,46 76,68 64,90 42,98 22,88 | 32,6 56,6 76,4",
        "74,4 34,6 / 30,42 / 50,36 70,48 74,72 60,92 38,97 22,88",
        "72,6 54,4 38,8 34,24 40,40 58,48 70,64 66,84 48,96 26,92",
    ),
    6: (
        "66,4 46,18 32,44 26,70 34,92 54,97 70,86 70,66 54,56 38,62 28,76",
        "52,3 40,30 32,60 34,84 48,97 64,90 66,70 52,60 38,68 34,82",
        "74,12 58,4 40,16 26,46 24,74 38,95 60,95 76,78 68,58 46,54 28,70",
    ),
    7: (
        "20,6 50,6 78,5 / 62,36 50,66 42,98",
        "22,8 78,6 / 60,40 46,97 | 36,50 74,48",
        "20,16 24,6 50,10 80,6 / 64,30 54,56 50,98",
    ),
    8: (
        "68,14 50,3 32,12 34,32 52,46 70,64 70,86 50,97 30,86 30,66 48,48 66,32 68,16",
        "50,46 32,34 32,12 50,2 68,12 68,34 50,46 | 50,46 28,60 24,82 50,98 76,82 72,60 52,47",
        "76,10 54,3 34,16 42,38 62,54 68,78 52,96 34,88 34,68 52,48 70,28 76,12",
    ),
    9: (
        "70,18 52,4 34,14 30,34 44,48 62,42 70,20 / 69,50 64,98",
        "68,14 48,4 30,20 34,42 54,44 68,20 / 70,56 62,88 44,98 28,90",
        "72,22 62,6 42,6 30,24 38,44 56,44 70,26 72,12 / 70,40 58,72 52,98",
    ),
}


@dataclass(frozen=True)
class DrawnDigit:
    """One digit, drawn by a hand that there never was."""

    label: int  # the digit
    style: int  # which way of writing it, from 0
    strokes: tuple[
        tuple[Point, ...], ...
    ]  # one for each time the pen is down; the sheet is 1 wide and 1 high


def drawn_digits(seed: int = 0) -> list[DrawnDigit]:
    """Thirty drawn digits: each of the ten in three styles, with sizes, places, slants and tremor by chance.

    Args:
        seed: of the sizes, places, slants and tremor.
    Returns:
        In the order 0, 0, 0, 1, …; all lie inside the sheet with some room for the pen's width.

    >>> [digit.label for digit in drawn_digits()[::3]]
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    draw = torch.Generator().manual_seed(whole("seed", seed))
    return [
        DrawnDigit(label, style, _placed(_strokes(text), draw))
        for label, styles in _STYLES.items()
        for style, text in enumerate(styles)
    ]


def draw_strokes(strokes: Sequence[Sequence[Point]], side: int = 140, width: float = 10.0) -> torch.Tensor:
    """The ink that a round pen leaves.

    Args:
        strokes: points that the pen passes on straight lines, the sheet being 1 wide and 1 high.
        side: pixels of the sheet, each way.
        width: of the pen, in pixels.
    Returns:
        uint8 (side, side), with grey edges.
    Raises:
        ValueError: the sheet has no pixel, or the pen no width.

    >>> draw_strokes([[(0.1, 0.5), (0.9, 0.5)]], side=10, width=2)[:, 5]
    tensor([  0,   0,   0,   0, 255, 255,   0,   0,   0,   0], dtype=torch.uint8)
    """
    whole("side", side, 1)
    if not width > 0:
        raise ValueError(f"width={width} leaves no ink: use 10, for example.")
    x = torch.arange(side) + 0.5  # of the pixels' centres
    y = x[:, None]
    reach = width / 2 + 0.5  # no ink beyond
    ink = torch.zeros(side, side)
    for stroke in strokes:
        points = [(side * px, side * py) for px, py in stroke]
        for (x0, y0), (x1, y1) in zip(points, points[1:] or points):
            near = tuple(  # rows and columns that the pen may touch between the two points
                slice(max(0, int(min(ends) - reach)), max(0, int(max(ends) + reach) + 1))
                for ends in ((y0, y1), (x0, x1))
            )
            px, py = x[near[1]] - x0, y[near[0]] - y0
            dx, dy = x1 - x0, y1 - y0
            along = ((px * dx + py * dy) / max(dx * dx + dy * dy, 1e-9)).clamp(0, 1)
            distance = torch.hypot(px - along * dx, py - along * dy)
            ink[near] = torch.maximum(ink[near], (reach - distance).clamp(0, 1))
    return (255 * ink).round().to(torch.uint8)


def _strokes(text: str) -> list[list[Point]]:
    """The strokes of one style, smooth between its corners, in units of the paper."""
    strokes = []
    for part in text.split("|"):
        stroke: list[Point] = []
        for smooth in part.split("/"):
            points = [(float(x), float(y)) for x, y in (pair.split(",") for pair in smooth.split())]
            stroke += _smooth([*stroke[-1:], *points])
        strokes.append(stroke)
    return strokes


def _smooth(points: Sequence[Point], pieces: int = 8) -> list[Point]:
    """A smooth line through points (Catmull and Rom's), each way between two of them in some pieces."""
    first, last = points[0], points[-1]
    around = [first, *points, last]
    line = [first]
    for before, start, end, after in zip(around, around[1:], around[2:], around[3:]):
        for piece in range(1, pieces + 1):
            t = piece / pieces
            line.append(
                (
                    _between(t, before[0], start[0], end[0], after[0]),
                    _between(t, before[1], start[1], end[1], after[1]),
                )
            )
    return line


def _between(t: float, before: float, start: float, end: float, after: float) -> float:
    return 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * (start - end) + after - before) * t**3
    )


def _placed(strokes: list[list[Point]], draw: torch.Generator) -> tuple[tuple[Point, ...], ...]:
    """The digit with its own slant, proportions, size, place and tremor, inside the sheet."""

    def chance(low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=draw))

    slant, stretch, size = chance(-0.12, 0.25), chance(0.85, 1.15), chance(0.4, 0.84)
    waves = [(chance(0.5, 1.3), chance(0, 6.3), chance(0.02, 0.06)) for _ in range(2)]  # height, phase, pace
    leaning = [
        [
            (
                x * stretch
                + slant * (50 - y)
                + waves[0][0] * math.sin(waves[0][1] + waves[0][2] * (x + 2 * y)),
                y + waves[1][0] * math.sin(waves[1][1] + waves[1][2] * (2 * x + y)),
            )
            for x, y in stroke
        ]
        for stroke in strokes
    ]
    xs, ys = ([point[axis] for stroke in leaning for point in stroke] for axis in (0, 1))
    scale = size / (max(ys) - min(ys))
    edge = 0.06  # half a thick pen
    left = chance(edge, max(edge, 1 - edge - scale * (max(xs) - min(xs))))
    top = chance(edge, 1 - edge - size)
    return tuple(
        tuple((left + scale * (x - min(xs)), top + scale * (y - min(ys))) for x, y in stroke)
        for stroke in leaning
    )
