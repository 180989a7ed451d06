import matplotlib.pyplot as plt
import pytest
import torch

from cnnlab import plots
from cnnlab.plots.style import (
    IMAGES,
    LECTURE,
    SMALL,
    axes_or_new,
    class_ticks,
    colour_bar,
    colour_bar_of_grid,
    grid_of_axes,
    styled,
)


def test_a_plot_leaves_the_users_settings_alone():
    before = dict(plt.rcParams)
    plots.probability_bars(torch.tensor([0.25, 0.75]))
    assert dict(plt.rcParams) == before


def test_a_plot_leaves_the_users_settings_alone_when_it_fails():
    before = dict(plt.rcParams)
    with pytest.raises(ValueError, match="probabilities"):
        plots.probability_bars(torch.tensor([2.0, 3.0]))
    assert dict(plt.rcParams) == before


def test_styled_functions_draw_in_the_lecture_style_and_keep_their_name():
    @styled
    def draw():
        "Says what it does."
        return plt.rcParams["font.size"]

    assert draw() == LECTURE["font.size"]
    assert draw.__name__ == "draw"
    assert draw.__doc__ == "Says what it does."


def test_axes_or_new_takes_the_users_axes():
    _, ax = plt.subplots()
    assert axes_or_new(ax, 5, 5) is ax


def test_tick_labels_keep_their_size_after_the_style_has_ended():
    ax = plots.probability_bars(torch.tensor([0.25, 0.75]))
    ax.figure.canvas.draw()
    assert {label.get_fontsize() for label in ax.get_xticklabels()} == {SMALL}


def test_the_users_axes_get_the_sizes_of_the_style():
    _, ax = plt.subplots()
    plots.probability_bars(torch.tensor([0.25, 0.75]), ax=ax)
    assert ax.xaxis.label.get_fontsize() == LECTURE["axes.labelsize"]
    assert not ax.spines["top"].get_visible()


def test_long_class_names_are_slanted_and_digits_are_not():
    _, (long, short) = plt.subplots(1, 2)
    class_ticks(long, ["Trouser", "Bag"])
    class_ticks(short, ["0", "1"])
    assert long.get_xticklabels()[0].get_rotation() == 30
    assert short.get_xticklabels()[0].get_rotation() == 0
    assert [label.get_text() for label in long.get_xticklabels()] == ["Trouser", "Bag"]


def test_grid_of_axes_is_as_large_as_its_cells():
    figure, axes = grid_of_axes(2, 3, side=1.5, title=0.5, above=0.5, right=1.0)
    assert len(axes) == 6
    assert tuple(figure.get_size_inches()) == (5.5, 4.5)
    box = axes[4].get_window_extent()
    assert box.width == pytest.approx(box.height)
    assert box.x0 > axes[3].get_window_extent().x1
    assert box.y1 < axes[1].get_window_extent().y0 - 0.5 * figure.dpi
    assert not any(ax.axison for ax in axes)


def test_a_colour_bar_says_what_its_colours_mean():
    _, ax = plt.subplots()
    bar = colour_bar(ax.imshow([[0, 1]], cmap=IMAGES), ax, "weight")
    assert bar.ax.get_ylabel() == "weight"


def test_the_colour_bar_of_a_grid_stands_right_of_it():
    figure, axes = grid_of_axes(1, 1, side=2, right=1)
    bar = colour_bar_of_grid(axes[0].imshow([[0, 1]]), figure, "activation", right=1)
    assert bar.ax.get_ylabel() == "activation"
    assert bar.ax.get_window_extent().x0 > axes[0].get_window_extent().x1


def test_a_setting_that_the_backend_changes_while_drawing_stays_changed():
    # A notebook's backend becomes interactive when its first figure is made.
    before = plt.rcParams["interactive"]

    @styled
    def draw():
        plt.rcParams["interactive"] = not before

    draw()
    try:
        assert plt.rcParams["interactive"] is not before
    finally:
        plt.rcParams["interactive"] = before
