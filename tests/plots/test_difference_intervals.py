from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from cnnlab.experiments import Difference
from cnnlab.plots import difference_intervals

ROWS = [
    Difference("nothing", "", 97.0, None, None, None, 3, ""),
    Difference("kernel", "3", 96.4, -0.6, -0.9, -0.3, 3, "worse"),
    Difference("kernel", "7", 97.4, 0.4, 0.1, 0.7, 3, "better"),
    Difference("dropout", "0.5", 97.1, 0.1, -0.8, 1.0, 3, "cannot be told apart"),
    Difference("lr", "10", None, None, None, None, 0, "3 of 3 failed"),
    Difference("hidden", "20", 96.0, -1.0, None, None, 1, "one seed says little"),
]


def test_each_change_has_a_dot_and_its_interval() -> None:
    ax = difference_intervals(ROWS)
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "kernel = 3",
        "kernel = 7",
        "dropout = 0.5",
        "hidden = 20",
    ]
    lines = [line.get_xdata() for line in ax.lines]
    assert [-0.9, -0.3] in [list(data) for data in lines]
    assert sum(len(data) == 2 for data in lines) == 4  # three intervals, and the line at 0
    assert [text.get_text() for text in ax.texts][-1] == "one seed says little"
    plt.close("all")


def test_without_a_difference_there_is_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="no change has a difference to draw"):
        difference_intervals(ROWS[:1])
