import pytest

from cnnlab.plots import accuracy_comparison

RUNS = {"logistic": [92.0, 92.4], "cnn_320": [98.8, 98.9, 99.0]}


def test_every_seed_is_a_dot_and_the_mean_is_written():
    ax = accuracy_comparison(RUNS)
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [list(line.get_xdata()) for line in dots] == list(RUNS.values())
    assert [text.get_text() for text in ax.texts] == ["92.20 %", "98.90 %"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["logistic", "cnn_320"]
    assert ax.get_xlabel() == "test accuracy (%)"
    assert ax.get_title() == "dot: one seed; bar and number: their mean"


def test_the_first_network_is_on_top():
    low, high = accuracy_comparison(RUNS).get_ylim()
    assert low > high


def test_intervals_are_drawn_for_the_networks_that_have_one():
    ax = accuracy_comparison(RUNS, intervals={"cnn_320": (98.6, 99.2)})
    assert [98.6, 99.2] in [list(line.get_xdata()) for line in ax.lines]
    assert ax.get_title().endswith("grey: interval")


@pytest.mark.parametrize(("runs", "message"), [({}, "to draw"), ({"mlp": []}, "to draw for mlp")])
def test_no_accuracies_are_refused(runs, message):
    with pytest.raises(ValueError, match=message):
        accuracy_comparison(runs)


@pytest.mark.parametrize("runs", [{"a": [98.0]}, {"a": [99.9, 100.0]}, {"a": [0.0, 100.0]}, {"a": [0.0]}])
def test_the_axis_ends_at_0_and_100_percent(runs):
    low, high = accuracy_comparison(runs).get_xlim()
    assert 0 <= low < high <= 100


def test_a_second_comparison_on_the_same_axes_is_not_cut_off():
    ax = accuracy_comparison({"b": [50.0]}, ax=accuracy_comparison({"a": [98.0]}))
    assert ax.get_xlim()[0] < 50


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 101.0, -3.0])
def test_what_is_no_percentage_is_refused(value):
    with pytest.raises(ValueError, match=rf"the accuracies of mlp hold {value}: give percent, 0 to 100"):
        accuracy_comparison({"mlp": [98.0, value]})
    with pytest.raises(ValueError, match=rf"the interval of mlp holds {value}: give percent, 0 to 100"):
        accuracy_comparison({"mlp": [98.0]}, {"mlp": (90.0, value)})
