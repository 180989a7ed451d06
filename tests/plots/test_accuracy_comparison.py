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
