import pytest
import torch

from cnnlab.plots import pixel_histogram


def test_the_shares_of_all_pixels_add_up_to_100_percent(split):
    ax = pixel_histogram(split.images)
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(100)
    assert len(ax.patches) == 64
    assert ax.get_yscale() == "log"
    assert ax.get_ylabel() == "share of pixels (%)"
    assert ax.get_xlabel() == "pixel value (0 is black, 255 is white)"


def test_a_bar_holds_four_neighbouring_bytes():
    ax = pixel_histogram(torch.tensor([0, 3, 4, 255], dtype=torch.uint8))
    assert ax.patches[0].get_height() == 50
    assert ax.patches[1].get_height() == 25
    assert ax.patches[63].get_height() == 25


def test_no_pixel_is_refused():
    with pytest.raises(ValueError, match=r"shape \(0, 1, 28, 28\) and no pixel: give one image or more"):
        pixel_histogram(torch.zeros(0, 1, 28, 28, dtype=torch.uint8))


def test_mean_and_standard_deviation_are_written_down(split):
    pixels = split.normalised()
    ax = pixel_histogram(pixels)
    assert f"mean {pixels.mean():.2f}" in ax.texts[0].get_text().replace("-0.00", "0.00")
    assert f"standard deviation {pixels.std():.2f}" in ax.texts[0].get_text()
    assert ax.get_xlabel() == "pixel value"


def test_a_split_in_place_of_its_images_is_refused(split):
    with pytest.raises(TypeError, match=r"images are a Split, not a tensor: give split\.images"):
        pixel_histogram(split)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_pixels_that_are_not_finite_are_counted(wrong):
    with pytest.raises(
        ValueError,
        match=r"2 of 4 pixels are not finite \(NaN or infinite\): .* draw images\[images.isfinite\(\)\]",
    ):
        pixel_histogram(torch.tensor([0.5, wrong, 1.0, -wrong]))
