import matplotlib.pyplot as plt
import pytest
import torch

from cnnlab import plots
from cnnlab.plots.style import IMAGES, LECTURE, SMALL, axes_or_new, colour_bar, grid_of_axes, styled


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


def test_grid_of_axes_is_as_large_as_its_cells():
    figure, axes = grid_of_axes(2, 3, width=1.5, height=2.0, above=0.5)
    assert len(axes) == 6
    assert tuple(figure.get_size_inches()) == (4.5, 4.5)
    assert not any(ax.axison for ax in axes)


def test_a_colour_bar_says_what_its_colours_mean():
    _, ax = plt.subplots()
    bar = colour_bar(ax.imshow([[0, 1]], cmap=IMAGES), ax, "weight")
    assert bar.ax.get_ylabel() == "weight"
