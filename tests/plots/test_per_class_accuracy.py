import dataclasses
import itertools

import pytest

from cnnlab.plots import per_class_accuracy
from cnnlab.table import Table


def test_each_class_has_its_accuracy_and_wilson_interval(evaluation):
    ax = per_class_accuracy(evaluation)
    (bars,) = ax.containers
    middle = bars.lines[0].get_ydata()
    assert list(middle) == [row.accuracy for row in evaluation.per_class]
    low, high = bars.lines[2][0].get_segments()[3][:, 1]
    assert (low, high) == pytest.approx((evaluation.per_class[3].low, evaluation.per_class[3].high))


def test_the_accuracy_of_all_images_is_in_the_legend(evaluation):
    ax = per_class_accuracy(evaluation)
    assert "all 40 images: 92.50 %" in [text.get_text() for text in ax.get_legend().texts]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("class", "accuracy (%)")


def test_a_class_without_images_is_left_out(evaluation):
    rows = list(evaluation.per_class)
    rows[4] = dataclasses.replace(rows[4], n=0, correct=0, accuracy=None, low=0.0, high=100.0)
    ax = per_class_accuracy(dataclasses.replace(evaluation, per_class=Table(rows)))
    assert [label.get_text() for label in ax.get_xticklabels()] == list("012356789")


def test_the_names_of_many_classes_do_not_overlap(evaluation):
    rows = [dataclasses.replace(evaluation.per_class[n % 10], label=n, name=str(n)) for n in range(60)]
    ax = per_class_accuracy(dataclasses.replace(evaluation, per_class=Table(rows)))
    ax.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
