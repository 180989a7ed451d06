import pytest
import torch

from cnnlab.plots import unit_patch


def test_a_frame_goes_around_the_pixels_of_the_patch(split):
    ax = unit_patch(split.images[0], {"conv1 (3, 4)": (3, 4, 5, 6)})
    (frame,) = ax.patches
    assert frame.get_bbox().bounds == (3.5, 2.5, 6, 5)
    assert [text.get_text() for text in ax.get_legend().texts] == ["conv1 (3, 4)"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("column (pixels)", "row (pixels)")


def test_frames_differ_in_colour_and_line(split):
    ax = unit_patch(split.images[0], {"a": (0, 0, 5, 5), "b": (4, 4, 14, 14)})
    assert len({frame.get_edgecolor() for frame in ax.patches}) == 2
    assert len({frame.get_linestyle() for frame in ax.patches}) == 2


def test_more_patches_than_can_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="5 patches: give 4 at most"):
        unit_patch(torch.zeros(28, 28), {str(number): (0, 0, 1, 1) for number in range(5)})


def test_a_patch_of_two_numbers_is_refused(split):
    with pytest.raises(ValueError, match=r"patches\['x'\] is \(1, 2\): give \(top, left, height, width\)"):
        unit_patch(split.images[0], {"x": (1, 2)})


@pytest.mark.parametrize("patch", [(-5, 50, 0, 99), (0, 0, 0, 5), (20, 0, 9, 5), (0, -1, 3, 3)])
def test_a_patch_outside_the_image_is_refused(split, patch):
    with pytest.raises(ValueError, match=r"patches\['x'\] is .* does not lie in the image of 28×28 pixels"):
        unit_patch(split.images[0], {"x": patch})
