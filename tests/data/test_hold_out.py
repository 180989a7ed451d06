from __future__ import annotations

import numpy as np
import pytest
import torch

from cnnlab.data import ImageData, Split, hold_out
from cnnlab.data.hold_out import stratified_mask


def test_the_two_parts_are_the_whole(split):
    train, validation = hold_out(split, 10)
    assert (len(train), len(validation)) == (10, 10)
    seen = torch.cat([train.images, validation.images]).flatten(1).unique(dim=0)
    assert torch.equal(seen, split.images.flatten(1).unique(dim=0))


def test_every_class_gives_its_share():
    labels = torch.tensor([0] * 600 + [1] * 300 + [2] * 100)
    split = Split(torch.zeros(1000, 1, 28, 28, dtype=torch.uint8), labels)
    _, validation = hold_out(split, 0.1)
    assert validation.class_counts()[:3].tolist() == [60, 30, 10]


@pytest.mark.parametrize("count", [1, 7, 123, 999])
def test_the_count_is_exact_and_no_class_is_off_by_more_than_one(count):
    labels = torch.tensor([0] * 617 + [1] * 301 + [2] * 82)
    chosen = torch.bincount(labels[stratified_mask(labels, count, seed=0)], minlength=3)
    assert int(chosen.sum()) == count
    assert (chosen - torch.bincount(labels) * count / 1000).abs().max() < 1


def test_the_seed_alone_decides_which_images(split):
    torch.manual_seed(5)
    first = hold_out(split, 10, seed=1)[1].images
    torch.manual_seed(6)
    assert torch.equal(hold_out(split, 10, seed=1)[1].images, first)
    assert not torch.equal(hold_out(split, 10, seed=2)[1].images, first)


def test_both_parts_keep_classes_mean_and_std(split):
    for part in hold_out(split, 0.5):
        assert (part.classes, part.mean, part.std) == (split.classes, split.mean, split.std)


@pytest.mark.parametrize("size", [0, 20, 21, -1, np.int64(0)])
def test_a_count_that_leaves_one_part_empty_is_refused(split, size):
    with pytest.raises(ValueError, match=rf"cannot hold out {size} of 20 images: use a number from 1 to 19"):
        hold_out(split, size)


@pytest.mark.parametrize("size", [0.0, 1.0, -0.5, 1.5, float("nan")])
def test_a_fraction_outside_0_to_1_is_refused(split, size):
    with pytest.raises(ValueError, match=r"use a number between 0 and 1, such as 0.1"):
        hold_out(split, size)


def test_a_fraction_of_less_than_one_image_is_refused(split):
    with pytest.raises(
        ValueError, match=r"the fraction 0.01 of 20 images is 0: both parts need at least one"
    ):
        hold_out(split, 0.01)


@pytest.mark.parametrize("size", [True, "10%", None])
def test_a_size_that_is_no_number_is_refused(split, size):
    with pytest.raises(TypeError, match="is not a number of images or a fraction of them"):
        hold_out(split, size)


def test_a_whole_data_set_is_refused_with_the_part_to_give(split):
    data = ImageData("digits", split, split, split.classes, 0.1, 0.3, "a test")
    with pytest.raises(TypeError, match=r"of the type ImageData: give data.train"):
        hold_out(data, 0.1)
    with pytest.raises(TypeError, match=r"of the type Tensor: give a Split, such as load_data\(\).train"):
        hold_out(split.images, 0.1)


def test_a_seed_that_is_no_number_is_said(split):
    with pytest.raises(TypeError, match="seed='a' is not an integer: use a number such as 0 or 42"):
        hold_out(split, 0.5, seed="a")


def test_long_and_negative_seeds_hold_out_other_images(split):
    images = [hold_out(split, 10, seed=seed)[1].images.flatten().tolist() for seed in (0, 2**32, 2**70, -1)]
    assert len({tuple(one) for one in images}) == 4


def test_one_image_is_not_divided():
    with pytest.raises(ValueError, match="cannot divide 1 image in two"):
        hold_out(Split(torch.zeros(1, 1, 28, 28, dtype=torch.uint8), torch.tensor([0])), 1)
