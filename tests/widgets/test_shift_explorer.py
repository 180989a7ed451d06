import pytest
import torch
import traitlets

from cnnlab.data import shift
from cnnlab.widgets import ShiftExplorer
from cnnlab.widgets.shift_explorer import FARTHEST
from tests.widgets.node import run


@pytest.fixture
def images():
    """(11, 1, 28, 28): an image and ten averages."""
    return torch.randint(0, 256, (11, 1, 28, 28), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


def test_the_distances_are_those_that_torch_computes(images):
    explorer = ShiftExplorer(images[0], images[1:])
    for dx, dy in ((0, 0), (3, 0), (-2, 5)):
        explorer.dx, explorer.dy = dx, dy
        moved = shift(images[:1], dx, dy).flatten(1).double() / 255
        expected = torch.cdist(moved, images[1:].flatten(1).double() / 255)[0]
        torch.testing.assert_close(explorer.distances, expected)
        assert explorer.answer == expected.argmin()


def test_the_page_moves_and_measures_as_python_does(images):
    small, averages = images[0, :, :9, :7], images[1:, :, :9, :7].double() + 0.25
    explorer = ShiftExplorer(small, averages)
    moves = [[dx, dy] for dx in range(-6, 7) for dy in range(-8, 9)]
    found = run(
        '{ distancesTo, movedImage, smallest } from "shift_explorer.js"',
        """const [image, averages, moves] = given;
        return moves.map(([dx, dy]) => {
          const distances = distancesTo(movedImage(image, 9, 7, dx, dy), averages);
          return [distances, smallest(distances)];
        });""",
        [small.flatten().tolist(), averages.flatten().tolist(), moves],
    )
    for (explorer.dx, explorer.dy), (distances, answer) in zip(moves, found):
        torch.testing.assert_close(explorer.distances, torch.tensor(distances, dtype=torch.double))
        assert explorer.answer == answer


def test_the_browser_gets_the_image_and_the_averages(images):
    explorer = ShiftExplorer(images[0], images[1:].double())
    floats = torch.frombuffer(bytearray(explorer.averages), dtype=torch.float32)
    assert torch.equal(floats.reshape(10, 1, 28, 28), images[1:].float())
    assert len(explorer.pixels) == 784 * 4
    assert explorer.size == (28, 28)


def test_the_nearest_average_is_the_image_itself_where_it_is_among_them(images):
    explorer = ShiftExplorer(images[4], images[1:])
    assert explorer.answer == 3
    assert explorer.distances[3] == 0


def test_all_bars_have_the_scale_of_the_longest_distance_of_any_move(images):
    image, averages = images[0, 0, :6, :6], images[1:4, 0, :6, :6]
    explorer = ShiftExplorer(image, averages)
    longest = 0.0
    for explorer.dx in range(-2, 3):
        for explorer.dy in range(-1, 2):
            longest = max(longest, float(explorer.distances.max()))
    found = run(
        '{ longestDistance } from "shift_explorer.js"',
        "return longestDistance(given[0], given[1], 6, 6, [2, 1]);",
        [image.flatten().tolist(), averages.flatten().tolist()],
    )
    assert found == pytest.approx(longest)


@pytest.mark.parametrize(("name", "value"), [("dx", FARTHEST + 1), ("dx", -100), ("dy", 9)])
def test_a_move_out_of_the_image_is_refused(images, name, value):
    explorer = ShiftExplorer(images[0], images[1:])
    message = f"{name}={value} moves the digit out of the image: choose -8 to 8 pixels"
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(explorer, name, value)
    assert getattr(explorer, name) == 0


def test_a_move_is_a_whole_number_of_pixels(images):
    with pytest.raises(traitlets.TraitError, match=r"dx=1\.5 is no whole number"):
        ShiftExplorer(images[0], images[1:]).dx = 1.5


def test_a_small_image_moves_less_far(images):
    explorer = ShiftExplorer(images[0, :, :5, :12], images[1:, :, :5, :12])
    explorer.dx = 8
    with pytest.raises(traitlets.TraitError, match="choose -4 to 4 pixels"):
        explorer.dy = 5


def test_a_wrong_move_from_the_page_is_shown_in_the_widget(images):
    explorer = ShiftExplorer(images[0], images[1:])
    explorer.set_state({"dx": 20})
    assert "choose -8 to 8 pixels" in explorer.problem
    assert explorer.dx == 0


def test_images_of_two_sizes_are_refused(images):
    with pytest.raises(ValueError, match=r"\(14, 14\).*averages \(28, 28\): give images of one size"):
        ShiftExplorer(images[0, :, :14, :14], images[1:])


def test_pixels_that_are_no_numbers_are_refused(images):
    spoilt = images[0].float()
    spoilt[0, 3, :2] = float("nan")
    with pytest.raises(
        ValueError, match="the image: 2 of 784 pixels are no finite numbers; replace them by 0"
    ):
        ShiftExplorer(spoilt, images[1:])
    with pytest.raises(ValueError, match=r"the averages: 7,840 of 7,840 .*average of no images is nan"):
        ShiftExplorer(images[0], images[1:] * float("inf"))
    with pytest.raises(TypeError, match="the image: the pixels are complex64, and cannot be drawn"):
        ShiftExplorer(images[0].to(torch.complex64), images[1:])
    with pytest.raises(ValueError, match="the averages: the rows differ in length"):
        ShiftExplorer(images[0], [[[1, 2], [3]]])


def test_pixels_of_half_precision_are_taken(images):
    explorer = ShiftExplorer((images[0] // 2).bfloat16(), images[1:].half())
    assert explorer.distances[0] == pytest.approx(
        float((images[0] // 2 - images[1].double()).square().sum().sqrt() / 255)
    )


def test_the_page_cannot_set_what_only_python_knows(images):
    explorer = ShiftExplorer(images[0], images[1:])
    explorer.set_state({"farthest": [100, 100], "dx": 20})
    assert explorer.farthest == (8, 8)
    assert "choose -8 to 8" in explorer.problem


def test_its_text_is_the_same_for_every_data_set(images):
    assert repr(ShiftExplorer(images[0], images[1:])) == "ShiftExplorer(moved 0 to the right, 0 down)"


def test_a_move_is_told_in_words():
    body = "return given.map(([dx, dy]) => moveText(dx, dy));"
    assert run('{ moveText } from "shift_explorer.js"', body, [[0, 0], [3, 0], [-1, -2]]) == [
        "not moved",
        "moved 3 to the right",
        "moved 1 to the left, 2 up",
    ]
