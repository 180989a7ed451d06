import pytest
import torch

from cnnlab.plots import image_numbers


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_every_pixel_is_written_into_its_cell(split):
    ax = image_numbers(split.images[0])
    assert texts(ax) == [str(int(value)) for value in split.images[0].flatten()]


def test_a_crop_keeps_the_coordinates_of_the_whole_image(split):
    ax = image_numbers(split.images[0], rows=(5, 8), columns=(10, 14))
    assert texts(ax) == [str(int(value)) for value in split.images[0, 0, 5:8, 10:14].flatten()]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["5", "6", "7"]
    assert ax.texts[0].get_position() == (10, 5)
    assert ax.images[0].get_extent() == [9.5, 13.5, 7.5, 4.5]


def test_floats_are_written_with_one_decimal():
    assert texts(image_numbers(torch.tensor([[0.25, -1.0]]))) == ["0.2", "-1.0"]


def test_numbers_are_white_on_dark_and_black_on_bright_cells():
    ax = image_numbers(torch.tensor([[0, 255]], dtype=torch.uint8))
    assert [text.get_color() for text in ax.texts] == ["white", "black"]


def test_axes_are_labelled(split):
    ax = image_numbers(split.images[0], rows=(0, 3))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("column", "row")


def test_an_empty_crop_is_refused_with_the_size_of_the_image(split):
    with pytest.raises(ValueError, match="rows 9 to 5 and columns 0 to 28 hold no pixel of the 28×28 image"):
        image_numbers(split.images[0], rows=(9, 5))
