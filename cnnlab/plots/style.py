"""The look that all plots share: readable from the back row, safe for colour-blind readers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

# Okabe and Ito, Color Universal Design (2008): told apart with every kind of colour vision.
BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#E69F00",
    "#CC79A7",
    "#56B4E9",
)
PALETTE = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY)
MARKERS = ("o", "s", "^", "D", "v", "P")  # a second sign beside the colour, for prints in grey
GREY = "#767676"  # still readable as text on white

IMAGES = "gray"  # what is an image
AMOUNTS = "cividis"  # what is 0 or more
SIGNED = LinearSegmentedColormap.from_list("cnnlab_signed", [BLUE, "white", VERMILLION])  # white is 0

SMALL = 13  # points; the size of tick labels
LECTURE: dict[Any, Any] = {
    "font.size": 15,
    "axes.titlesize": 16,
    "axes.titley": 1.0,  # fixed: looking for the place measures every tick of every Axes, hidden ones too
    "axes.labelsize": 15,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "lines.linewidth": 2.2,
    "lines.markersize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "figure.constrained_layout.use": True,
}


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Let a plot function draw in the shared style and leave the user's own settings alone."""

    @functools.wraps(draw)
    def in_style(*args: P.args, **kwargs: P.kwargs) -> R:
        # Not plt.rc_context, which puts *every* setting back: a notebook turns on "interactive" while
        # its first figure is made, and without that setting no later figure would be shown.
        before = {name: plt.rcParams[name] for name in LECTURE}
        plt.rcParams.update(LECTURE)
        try:
            return draw(*args, **kwargs)
        finally:
            plt.rcParams.update(before)

    return in_style


def axes_or_new(ax: Axes | None, width: float, height: float) -> Axes:
    """The Axes that the user gave, or those of a new figure of width × height inches."""
    if ax is None:
        _, ax = plt.subplots(figsize=(width, height))
    # Ticks are made when first drawn, after the style has ended, and the user's Axes were made
    # before it began: their sizes have to be told one by one.
    ax.tick_params(labelsize=SMALL)
    ax.xaxis.label.set_fontsize(LECTURE["axes.labelsize"])
    ax.yaxis.label.set_fontsize(LECTURE["axes.labelsize"])
    ax.title.set_fontsize(LECTURE["axes.titlesize"])
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def class_ticks(ax: Axes, names: Sequence[str]) -> None:
    """The names of the classes under the x axis, slanted where they would overlap."""
    slanted: dict[str, Any] = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(len(names)), names, **(slanted if max(map(len, names)) > 4 else {}))


def grid_of_axes(
    rows: int, columns: int, side: float, title: float = 0.0, above: float = 0.0, right: float = 0.0
) -> tuple[Figure, list[Axes]]:
    """A new figure of rows × columns square Axes without ticks and frames, row by row.

    The places are set by hand, because a layout that looks for room needs seconds for 50 Axes.

    Args:
        rows: how many Axes under each other.
        columns: how many Axes side by side.
        side: of one square, in inches.
        title: room above each of the Axes for its title, in inches.
        above: room for the figure's title, in inches.
        right: room for a colour bar, in inches.
    """
    width, height = columns * side + right, rows * (side + title) + above
    figure = plt.figure(figsize=(width, height), layout="none")
    gap = 0.04  # inches on each side
    axes = []
    for row in range(rows):
        bottom = height - above - (row + 1) * (side + title)
        for column in range(columns):
            place = (column * side + gap, bottom + gap, side - 2 * gap, side - 2 * gap)
            ax = figure.add_axes((place[0] / width, place[1] / height, place[2] / width, place[3] / height))
            ax.set_axis_off()
            axes.append(ax)
    return figure, axes


def colour_bar(mappable: ScalarMappable, ax: Axes, label: str) -> Colorbar:
    """A colour bar beside the Axes, in the shared sizes."""
    return _labelled(ax.figure.colorbar(mappable, ax=ax, shrink=0.85, pad=0.02), label)


def colour_bar_of_grid(mappable: ScalarMappable, figure: Figure, label: str, right: float) -> Colorbar:
    """A colour bar in the room at the right (inches) that `grid_of_axes` left for it."""
    width = figure.get_size_inches()[0]
    place = figure.add_axes((1 - (right - 0.15) / width, 0.06, 0.22 / width, 0.84))
    return _labelled(figure.colorbar(mappable, cax=place), label)


def _labelled(bar: Colorbar, label: str) -> Colorbar:
    bar.set_label(label)
    bar.ax.tick_params(labelsize=SMALL)
    return bar
