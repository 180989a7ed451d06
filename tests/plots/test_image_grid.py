import numpy as np
import pytest
import torch

from cnnlab.plots import image_grid


def test_image_grid_draws_the_first_rows_times_columns_images_row_by_row(split):
    axes = image_grid(split.images, 3, 5)
    assert axes.shape == (3, 5)
    assert np.array_equal(axes[1, 2].images[0].get_array(), split.images[7, 0].numpy())


def test_all_images_share_one_grey_scale(split):
    axes = image_grid(split.normalised(), 2, 5)
    assert len({ax.images[0].get_clim() for ax in axes.flat}) == 1


def test_places_beyond_the_last_image_stay_empty(split):
    axes = image_grid(split.images[:7], 2, 5)
    assert [len(ax.images) for ax in axes.flat] == [1] * 7 + [0] * 3


def test_titles_may_be_a_tensor_of_labels(split):
    axes = image_grid(split.images, 1, 3, titles=split.labels)
    assert [ax.get_title() for ax in axes.flat] == ["0", "1", "2"]


def test_too_few_titles_are_counted():
    with pytest.raises(ValueError, match="2 titles for 4 images"):
        image_grid(torch.zeros(4, 1, 28, 28), 2, 2, titles=["a", "b"])


def test_a_grid_without_rows_is_refused():
    with pytest.raises(ValueError, match="rows=0, columns=5: both must be at least 1"):
        image_grid(torch.zeros(4, 1, 28, 28), 0, 5)


def test_half_a_row_is_refused(split):
    with pytest.raises(TypeError, match=r"rows=1.5 is not a whole number"):
        image_grid(split.images, 1.5, 5)


def test_a_split_in_place_of_its_images_is_refused(split):
    with pytest.raises(TypeError, match=r"images are a Split: give split\.images"):
        image_grid(split, 1, 5)
