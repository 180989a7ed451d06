"""Preparing a drawing: MNIST's own way gives MNIST's digits back, the naive way does not."""

import re

import pytest
import torch
import torch.nn.functional as F

from cnnlab.data import PREPARATIONS, centre_of_mass, load_data, prepare_drawing, shift
from cnnlab.data.drawing import resized


def sheet(top, left, height, width, side=140):
    ink = torch.zeros(side, side, dtype=torch.uint8)
    ink[top : top + height, left : left + width] = 255
    return ink


def box(image):
    """Top, left, height and width of the ink."""
    rows, columns = image[0].any(dim=1).nonzero(), image[0].any(dim=0).nonzero()
    top, left = rows[0].item(), columns[0].item()
    return top, left, rows[-1].item() - top + 1, columns[-1].item() - left + 1


def magnified(image, times):
    return image[0].repeat_interleave(times, 0).repeat_interleave(times, 1)


def test_mnists_digits_come_back_unchanged_from_any_place(mnist_root):
    images = load_data("mnist", mnist_root).test.images[:500]
    for number, image in enumerate(images):
        drawing = torch.zeros(200, 200, dtype=torch.uint8)
        top, left = (number * 7) % 60, (number * 13) % 60
        drawing[top : top + 140, left : left + 140] = magnified(image, 5)
        assert torch.equal(prepare_drawing(drawing), image), f"test image {number}"


@pytest.mark.parametrize(("top", "left"), [(0, 0), (3, 90), (70, 41), (100, 120)])
@pytest.mark.parametrize("size", [0.5, 1, 2])
def test_place_and_size_do_not_matter_when_prepared_as_mnist_was(top, left, size):
    image = prepare_drawing(sheet(top, left, int(40 * size), int(20 * size), side=240))
    assert torch.equal(image, prepare_drawing(sheet(50, 50, 40, 20)))
    assert box(image) == (4, 10, 20, 10)
    assert image.dtype == torch.uint8
    assert image.shape == (1, 28, 28)


def test_they_do_matter_after_a_plain_resize():
    assert box(prepare_drawing(sheet(0, 0, 40, 20), "naive")) == (0, 0, 8, 4)
    assert box(prepare_drawing(sheet(100, 70, 20, 10), "naive")) == (20, 14, 4, 2)


def test_the_longer_side_becomes_20_pixels_and_the_proportions_stay():
    assert box(prepare_drawing(sheet(0, 0, 30, 60)))[2:] == (10, 20)
    assert box(prepare_drawing(sheet(0, 0, 100, 1)))[2:] == (20, 1)  # never thinner than a pixel
    assert box(prepare_drawing(sheet(5, 5, 1, 1)))[2:] == (20, 20)


def test_the_centre_of_mass_comes_to_lie_in_pixel_14():
    ink = sheet(20, 10, 80, 10)
    ink[20:35, 10:70] = 255  # heavier at the top
    x, y = centre_of_mass(prepare_drawing(ink))
    assert 14 <= x < 15
    assert 14 <= y < 15
    top, left, height, width = box(prepare_drawing(ink))
    assert (top + height / 2, left + width / 2) != pytest.approx(
        (14, 14), abs=0.6
    )  # so the box is not centred


def test_ink_that_balances_far_from_its_middle_is_not_pushed_out():
    ink = sheet(0, 0, 140, 2)
    ink[:6, :60] = 255
    ink[130:, :] = 255
    ink[110:, 30:110] = 255
    assert max(box(prepare_drawing(ink))[2:]) == 20


def test_resizing_by_areas_agrees_with_torch_where_the_sizes_divide():
    ink = torch.randint(0, 256, (140, 84), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    expected = F.avg_pool2d(ink[None].double(), (5, 3))[0].round().to(torch.uint8)
    assert torch.equal(resized(ink, 28, 28), expected)
    assert torch.equal(resized(ink, 280, 84), ink.repeat_interleave(2, 0))
    total = ink.double().mean()
    assert resized(ink, 31, 37).double().mean() == pytest.approx(total.item(), abs=0.5)  # no ink is lost


def test_a_drawing_may_have_a_channel_and_is_left_as_it_was():
    ink = sheet(30, 40, 40, 20)
    before = ink.clone()
    assert torch.equal(prepare_drawing(ink[None]), prepare_drawing(ink))
    assert torch.equal(ink, before)
    moved = shift(prepare_drawing(ink)[None], 3, -2)[0]
    assert torch.equal(prepare_drawing(moved), prepare_drawing(ink))


@pytest.mark.parametrize(
    ("ink", "error", "words"),
    [
        (torch.zeros(28, 28, dtype=torch.uint8), ValueError, "nothing is drawn"),
        (torch.zeros(28, 28), TypeError, r"ink is float32, not uint8: use \(ink \* 255\)"),
        ([[0]], TypeError, "ink is a list: give a uint8 tensor"),
        (torch.zeros(2, 28, 28, dtype=torch.uint8), ValueError, r"the shape \(2, 28, 28\): give one drawing"),
        (torch.zeros(0, 28, dtype=torch.uint8), ValueError, r"the shape \(0, 28\)"),
    ],
)
def test_what_is_no_drawing_is_refused_in_words(ink, error, words):
    with pytest.raises(error, match=words):
        prepare_drawing(ink)


def test_an_unknown_preparation_suggests_the_nearest():
    assert PREPARATIONS == ("mnist", "naive")
    with pytest.raises(ValueError, match="unknown preparation 'mnits': did you mean 'mnist'"):
        prepare_drawing(sheet(0, 0, 9, 9), "mnits")


def test_an_empty_sheet_may_be_resized_naively():
    assert not prepare_drawing(torch.zeros(140, 140, dtype=torch.uint8), "naive").any()


def test_ink_that_is_too_faint_to_be_left_is_told() -> None:
    ink = torch.zeros(140, 140, dtype=torch.uint8)
    ink[0, 0] = ink[139, 139] = 20
    with pytest.raises(ValueError, match="too faint"):
        prepare_drawing(ink)


@pytest.mark.parametrize(
    ("dtype", "remedy"), [(torch.int64, "use ink.to(torch.uint8)"), (torch.bool, "255 * ink.to(torch.uint8)")]
)
def test_ink_of_whole_numbers_gets_its_own_remedy(dtype, remedy):
    with pytest.raises(TypeError, match=re.escape(remedy)):
        prepare_drawing(torch.ones(28, 28, dtype=dtype))
