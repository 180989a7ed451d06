import pytest
import torch

from cnnlab.data import shift
from cnnlab.widgets import ShiftExplorer
from cnnlab.widgets.shift_explorer import FARTHEST


@pytest.fixture
def images():
    """(11, 1, 28, 28): an image and ten averages."""
    return torch.randint(0, 256, (11, 1, 28, 28), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


def shown(explorer):
    return explorer.children[1].value


def test_the_distances_are_those_that_torch_computes(images):
    explorer = ShiftExplorer(images[0], images[1:])
    for dx, dy in ((0, 0), (3, 0), (-2, 5)):
        explorer.dx.value, explorer.dy.value = dx, dy
        moved = shift(images[:1], dx, dy).flatten(1).double() / 255
        expected = torch.cdist(moved, images[1:].flatten(1).double() / 255)[0]
        torch.testing.assert_close(explorer.distances, expected)
        assert explorer.answer == expected.argmin()


def test_the_nearest_average_is_named_in_text_and_not_by_colour_alone(images):
    explorer = ShiftExplorer(images[4], images[1:])
    assert explorer.answer == 3
    assert "nearest average: 3" in shown(explorer)
    assert shown(explorer).count(" nearest</td>") == 1
    assert 'alt="the image"' in shown(explorer)


def test_moving_the_image_changes_what_is_shown(images):
    explorer = ShiftExplorer(images[0], images[1:])
    before = shown(explorer)
    explorer.dy.value = 2
    assert shown(explorer) != before


def test_a_move_that_is_too_far_stops_at_the_end(images):
    explorer = ShiftExplorer(images[0], images[1:])
    explorer.dx.value = 100
    assert explorer.dx.value == FARTHEST


def test_images_of_two_sizes_are_refused(images):
    with pytest.raises(ValueError, match=r"\(14, 14\).*averages \(28, 28\): give images of one size"):
        ShiftExplorer(images[0, :, :14, :14], images[1:])


def test_its_text_is_the_same_for_every_data_set(images):
    assert repr(ShiftExplorer(images[0], images[1:])) == "ShiftExplorer(moved 0 to the right, 0 down)"
