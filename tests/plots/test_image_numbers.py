import numpy as np
import pytest
import torch
from matplotlib.textpath import TextPath

from cnnlab.plots import image_numbers


def outlines(texts, size):
    """The shape of each text, wherever it lies."""
    shapes = [TextPath((0, 0), text, size=size).vertices for text in texts]
    return [shape - shape.min(axis=0) for shape in shapes]


def drawn(ax):
    return [path.vertices - path.vertices.min(axis=0) for path in ax.collections[0].get_paths()]


def same(ours, wanted):
    return len(ours) == len(wanted) and all(
        one.shape == other.shape and np.allclose(one, other) for one, other in zip(ours, wanted)
    )


def test_every_pixel_is_written_into_its_cell(split):
    ax = image_numbers(split.images[0])
    numbers = [str(int(value)) for value in split.images[0].flatten()]
    assert same(drawn(ax), outlines(numbers, 10))
    assert not same(drawn(ax), outlines(numbers[::-1], 10))
    cells = [[column, row] for row in range(28) for column in range(28)]
    assert ax.collections[0].get_offsets().tolist() == cells


def test_a_number_lies_in_the_middle_of_its_cell():
    ax = image_numbers(torch.tensor([[7, 8], [188, 0]], dtype=torch.uint8))
    for path in ax.collections[0].get_paths():
        box = path.get_extents()
        assert abs(box.x0 + box.x1) < 1e-6
        assert abs(box.y0 + box.y1) < 1  # points


def test_a_crop_keeps_the_coordinates_of_the_whole_image(split):
    ax = image_numbers(split.images[0], rows=(5, 8), columns=(10, 14))
    numbers = [str(int(value)) for value in split.images[0, 0, 5:8, 10:14].flatten()]
    assert same(drawn(ax), outlines(numbers, 13))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["5", "6", "7"]
    assert ax.collections[0].get_offsets()[0].tolist() == [10, 5]
    assert ax.images[0].get_extent() == [9.5, 13.5, 7.5, 4.5]


def test_floats_are_written_with_one_decimal():
    assert same(drawn(image_numbers(torch.tensor([[0.25, -1.0]]))), outlines(["0.2", "-1.0"], 13))


def test_numbers_are_white_on_dark_and_black_on_bright_cells():
    ax = image_numbers(torch.tensor([[0, 255]], dtype=torch.uint8))
    assert ax.collections[0].get_facecolors().tolist() == [[1, 1, 1, 1], [0, 0, 0, 1]]


def test_axes_are_labelled(split):
    ax = image_numbers(split.images[0], rows=(0, 3))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("column", "row")


def test_an_empty_crop_is_refused_with_the_size_of_the_image(split):
    with pytest.raises(ValueError, match="rows 9 to 5 and columns 0 to 28 hold no pixel of the 28×28 image"):
        image_numbers(split.images[0], rows=(9, 5))
