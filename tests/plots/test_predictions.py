import dataclasses

import numpy as np
import pytest

from cnnlab.plots import mistakes_gallery, prediction_gallery
from cnnlab.plots.style import GREEN, VERMILLION


def test_mistakes_come_most_confident_first_with_truth_prediction_and_confidence(evaluation, split):
    axes = mistakes_gallery(evaluation, split, 2)
    assert [ax.get_title() for ax in axes] == ["9 → 4 (99 %)", "3 → 5 (91 %)"]
    assert np.array_equal(axes[0].images[0].get_array(), split.images[9, 0].numpy())


def test_nearly_sure_is_not_rounded_up_to_100_percent(evaluation, split):
    evaluation.probabilities[9, 4] = 0.997
    evaluation.probabilities[7, 2] = 0.994
    axes = prediction_gallery(evaluation, split, [9, 7])
    assert [ax.get_title() for ax in axes] == ["9 → 4 (> 99 %)", "7 → 2 (99 %)"]


def test_there_are_no_more_images_than_mistakes(evaluation, split):
    assert len(mistakes_gallery(evaluation, split, 15)) == 3


def test_right_answers_are_green_and_wrong_ones_vermillion(evaluation, split):
    axes = prediction_gallery(evaluation, split, [0, 3])
    assert [ax.get_title() for ax in axes] == ["0 → 0 (91 %)", "3 → 5 (91 %)"]
    assert [ax.title.get_color() for ax in axes] == [GREEN, VERMILLION]


def test_indices_may_be_what_the_evaluation_returns(evaluation, split):
    assert len(prediction_gallery(evaluation, split, evaluation.doubtful(4))) == 4


def test_the_figure_says_how_to_read_the_titles(evaluation, split):
    axes = prediction_gallery(evaluation, split, range(3))
    assert axes[0].figure.get_suptitle() == "true class → predicted class (confidence)"


def test_a_network_without_mistakes_is_said_to_be_so(evaluation, split):
    perfect = dataclasses.replace(evaluation, predicted=evaluation.labels)
    with pytest.raises(ValueError, match="no mistake in 40 images"):
        mistakes_gallery(perfect, split, 5)


def test_another_split_than_the_evaluated_one_is_refused(evaluation, split):
    with pytest.raises(ValueError, match="40 images were evaluated, the split has 30"):
        mistakes_gallery(evaluation, split.take(30), 5)


def test_no_indices_are_refused(evaluation, split):
    with pytest.raises(ValueError, match="indices is empty"):
        prediction_gallery(evaluation, split, [])


def test_no_columns_are_refused(evaluation, split):
    with pytest.raises(ValueError, match=r"columns=0 is too small: use columns >= 1"):
        mistakes_gallery(evaluation, split, columns=0)
    with pytest.raises(TypeError, match=r"columns=2.5 is not a whole number"):
        prediction_gallery(evaluation, split, [0], columns=2.5)


@pytest.mark.parametrize("index", [9999, 40, -1])
def test_an_index_without_an_image_is_refused(evaluation, split, index):
    with pytest.raises(
        ValueError, match=rf"indices hold {index}, but the 40 images have the indices 0 to 39"
    ):
        prediction_gallery(evaluation, split, [0, index])
