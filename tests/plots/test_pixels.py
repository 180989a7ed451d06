import numpy as np
import pytest
import torch

from cnnlab.data import load_data
from cnnlab.plots import image_grid, kernel_grid
from cnnlab.plots.pixels import grey_scale, many_images, map_scale, one_image
from cnnlab.plots.style import SIGNED


@pytest.mark.parametrize("shape", [(28, 28), (1, 28, 28), (1, 1, 28, 28)])
def test_one_image_takes_every_shape_of_a_grey_image(shape):
    assert one_image(torch.zeros(shape)).shape == (28, 28)


def test_one_image_refuses_a_batch_in_words():
    with pytest.raises(ValueError, match=r"shape \(2, 1, 28, 28\): one grey image, \(H, W\) or \(1, H, W\)"):
        one_image(torch.zeros(2, 1, 28, 28))


@pytest.mark.parametrize("images", [torch.zeros(3, 1, 5, 4), np.zeros((3, 5, 4)), [torch.zeros(5, 4)] * 3])
def test_many_images_takes_tensors_arrays_and_lists(images):
    assert many_images(images).shape == (3, 5, 4)


@pytest.mark.parametrize("shape", [(3, 3, 28, 28), (28, 28), (0, 1, 28, 28)])
def test_many_images_refuses_colour_a_lone_image_and_none(shape):
    with pytest.raises(ValueError, match=r"grey images, \(N, 1, H, W\) or \(N, H, W\), are needed"):
        many_images(torch.zeros(shape))


def test_tensors_with_gradients_can_be_drawn():
    assert one_image(torch.zeros(2, 2, requires_grad=True)).shape == (2, 2)


def test_bytes_are_grey_from_0_to_255_and_floats_from_least_to_greatest():
    assert grey_scale(np.array([[3, 9]], dtype=np.uint8))["vmax"] == 255
    floats = grey_scale(np.array([[-0.4, 2.8]]))
    assert (floats["vmin"], floats["vmax"]) == (-0.4, 2.8)


def test_one_grey_everywhere_still_has_a_scale():
    scale = grey_scale(np.zeros((2, 2)))
    assert scale["vmin"] < scale["vmax"]
    assert map_scale(np.zeros((2, 2)))["vmax"] == 1


def test_signed_maps_have_white_at_zero_and_others_start_there():
    signed = map_scale(np.array([-1.0, 3.0]))
    assert (signed["vmin"], signed["vmax"]) == (-3, 3)
    assert SIGNED(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.01)
    assert map_scale(np.array([0.5, 3.0]))["vmin"] == 0


@pytest.mark.filterwarnings("ignore:.*not finite")
def test_values_that_are_not_finite_do_not_take_the_scale_from_the_others():
    assert map_scale(np.array([-1.0, np.nan, 3.0, np.inf]))["vmax"] == 3
    assert map_scale(np.array([0.5, np.nan]))["vmax"] == 0.5
    assert grey_scale(np.array([0.25, np.nan, 0.75]))["vmax"] == 0.75
    for scale in (grey_scale, map_scale):
        assert scale(np.full((2, 2), np.nan))["vmax"] == 1


def test_numbers_that_cannot_be_drawn_are_told():
    with pytest.warns(UserWarning, match=r"2 of the 4 numbers to be drawn are not finite .* stay empty"):
        map_scale(np.array([-1.0, np.nan, 3.0, np.inf]))
    with pytest.warns(UserWarning, match="8 of the 8 numbers"):
        image_grid(torch.full((2, 1, 2, 2), torch.nan), 1, 2)
    kernel = torch.ones(1, 1, 5, 5)
    kernel[0, 0, 2, 2] = torch.nan
    with pytest.warns(UserWarning, match="1 of the 25 numbers"):
        kernel_grid(kernel)


def test_a_data_set_and_ragged_rows_are_told_in_words():
    with pytest.raises(TypeError, match=r"images are a ImageData: give one part of it, such as data\.test"):
        one_image(load_data("digits"))
    with pytest.raises(ValueError, match="the rows differ in length"):
        one_image([[1, 2], [3]])


def test_an_image_of_sixteen_bits_is_read_like_any_other() -> None:
    image = torch.arange(784.0).reshape(28, 28) / 784
    for kind in (torch.bfloat16, torch.float16):
        assert np.abs(one_image(image.to(kind)) - image.numpy()).max() < 0.01


def test_complex_numbers_and_texts_are_refused():
    with pytest.raises(TypeError, match=r"complex64, and cannot be drawn: draw their \.abs\(\)"):
        one_image(torch.fft.fft2(torch.rand(4, 4)))
    with pytest.raises(TypeError, match="and cannot be drawn: give numbers"):
        one_image([["a", "b"]])
