import numpy as np
import pytest
import torch

from cnnlab.plots import kernel_grid


def test_the_kernels_of_a_first_layer_stand_in_rows_with_their_numbers():
    kernels = torch.randn(10, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    ax = kernel_grid(kernels)
    assert len(ax.images) == 10
    assert np.array_equal(ax.images[7].get_array(), kernels[7, 0].numpy())
    assert [text.get_text() for text in ax.texts] == [str(number) for number in range(10)]


def test_all_kernels_share_a_scale_with_zero_in_its_middle():
    ax = kernel_grid(torch.tensor([1.0, -3.0]).reshape(2, 1, 1, 1))
    assert {image.get_clim() for image in ax.images} == {(-3, 3)}


def test_two_grids_may_share_one_scale():
    ax = kernel_grid(torch.ones(2, 1, 3, 3), largest=5)
    assert ax.images[0].get_clim() == (-5, 5)


def test_a_layer_with_several_input_channels_is_a_table():
    kernels = torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    ax = kernel_grid(kernels)
    (sheet,) = ax.images
    assert sheet.get_array().shape == (3 * 6 - 1, 4 * 6 - 1)
    assert np.array_equal(sheet.get_array()[12:17, 6:11], kernels[1, 2].numpy())
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("output channel", "input channel")


def test_columns_are_how_many_stand_side_by_side():
    ax = kernel_grid(torch.ones(10, 1, 3, 3), columns=10)
    assert len({text.get_position()[1] for text in ax.texts}) == 1


def test_the_colours_are_explained():
    ax = kernel_grid(torch.ones(1, 1, 3, 3))
    assert ax.figure.axes[-1].get_ylabel() == "weight"


def test_what_is_no_kernel_is_refused():
    with pytest.raises(ValueError, match=r"shape \(50, 320\): \(c_out, c_in, k_h, k_w\) is needed"):
        kernel_grid(torch.zeros(50, 320))


@pytest.mark.parametrize("largest", [-1, float("nan"), float("inf")])
def test_a_scale_that_is_no_range_is_refused(largest):
    with pytest.raises(ValueError, match=rf"largest={largest}: give a weight above 0, or None"):
        kernel_grid(torch.ones(2, 1, 3, 3), largest=largest)


def test_no_columns_are_refused():
    with pytest.raises(ValueError, match=r"columns=-1 is too small: use columns >= 1"):
        kernel_grid(torch.ones(2, 1, 3, 3), columns=-1)
