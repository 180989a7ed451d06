from __future__ import annotations

import pytest
import torch

from cnnlab import evaluate, load_data, models, plots
from cnnlab.plots.evaluated import check_evaluation

TEST = load_data("digits").test
EVALUATION = evaluate(models.build("logistic"), TEST)


def test_what_evaluate_returned_passes() -> None:
    check_evaluation(EVALUATION)


@pytest.mark.parametrize(
    "draw",
    [
        plots.confusion_matrix,
        plots.per_class_accuracy,
        lambda split: plots.mistakes_gallery(split, split),
        lambda split: plots.prediction_gallery(split, split, [0]),
    ],
)
def test_a_split_in_place_of_an_evaluation_is_told(draw) -> None:
    with pytest.raises(
        TypeError, match=r"evaluation is a Split: give what evaluate\(model, split\) returned"
    ):
        draw(TEST)


def test_a_mask_chooses_images_and_is_no_list_of_numbers() -> None:
    threes = TEST.labels == 3
    axes = plots.prediction_gallery(EVALUATION, TEST, threes)
    assert len(axes) == int(threes.sum())
    assert {ax.get_title()[0] for ax in axes} == {"3"}
    with pytest.raises(ValueError, match="the mask has 2 entries for 360 images"):
        plots.prediction_gallery(EVALUATION, TEST, torch.tensor([True, False]))


@pytest.mark.parametrize("n", [-1, 0])
def test_a_gallery_of_fewer_than_one_mistake_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match=f"n={n} is too small: use n >= 1"):
        plots.mistakes_gallery(EVALUATION, TEST, n)
