import numpy as np
import pytest
import torch

from cnnlab.data import Split
from cnnlab.plots import average_images


def test_each_class_shows_the_mean_of_its_images(split):
    axes = average_images(split)
    assert axes.shape == (2, 5)
    expected = split.images[split.labels == 7].float().mean(dim=0)[0].numpy()
    assert np.allclose(axes[1, 2].images[0].get_array(), expected)
    assert axes[1, 2].get_title() == "7"
    assert {ax.images[0].get_clim() for ax in axes.flat} == {(0, 255)}


def test_a_class_without_images_stays_empty():
    axes = average_images(Split(torch.zeros(3, 1, 28, 28, dtype=torch.uint8), torch.tensor([0, 1, 1])))
    assert [len(ax.images) for ax in axes.flat] == [1, 1] + [0] * 8


def test_what_is_no_split_is_refused(split):
    with pytest.raises(TypeError, match=r"split is a Tensor: give a Split, such as data\.train"):
        average_images(split.images)
