import pytest
import torch

from cnnlab.plots import probability_bars
from cnnlab.plots.style import BLUE, GREY, VERMILLION

BELIEF = torch.tensor([0.7, 0.2996, 0.0004])


def colours(ax):
    from matplotlib.colors import to_hex

    return [to_hex(bar.get_facecolor()).upper() for bar in ax.patches]


def test_bars_are_percent_and_say_their_value():
    ax = probability_bars(BELIEF)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([70, 29.96, 0.04])
    assert [text.get_text() for text in ax.texts] == ["70.0 %", "30.0 %", "< 0.1 %"]
    assert ax.get_xlabel() == "probability (%)"


def test_nearly_sure_is_not_written_as_100_percent():
    assert probability_bars(torch.tensor([0.99999, 0.00001])).texts[0].get_text() == "> 99.9 %"


def test_the_true_class_is_named_and_blue_a_wrong_favourite_vermillion():
    ax = probability_bars(BELIEF, classes=["cat", "dog", "owl"], label=1)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["cat", "dog (true)", "owl"]
    assert colours(ax) == [VERMILLION, BLUE, GREY]


def test_without_a_true_class_the_favourite_is_blue():
    assert colours(probability_bars(BELIEF)) == [BLUE, GREY, GREY]


def test_logits_are_refused_with_the_remedy():
    with pytest.raises(ValueError, match=r"least is -2: give probabilities, such as logits.softmax"):
        probability_bars(torch.tensor([3.0, -2.0]))


def test_nan_is_refused():
    with pytest.raises(ValueError, match="the values add up to nan"):
        probability_bars(torch.full((10,), torch.nan))


@pytest.mark.parametrize("label", [3, -1])
def test_a_label_that_is_no_class_is_refused(label):
    with pytest.raises(ValueError, match=f"label={label}, but there are 3 classes, counted from 0"):
        probability_bars(BELIEF, label=label)


def test_class_names_are_counted():
    with pytest.raises(ValueError, match="1 class names for 3 probabilities"):
        probability_bars(BELIEF, classes=["cat"])


def test_no_probabilities_are_refused():
    with pytest.raises(ValueError, match=r"no probability to draw: give one for each class"):
        probability_bars(torch.zeros(0))
