from __future__ import annotations

import pytest
import torch

from cnnlab.data import permute_pixels, shift


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (3, 0), (-3, 0), (0, 2), (0, -2), (5, -4), (27, -27)])
def test_shift_moves_every_pixel_and_fills_with_zeros(split, dx, dy):
    moved = shift(split.images, dx, dy)
    assert moved.dtype == torch.uint8
    padded = torch.nn.functional.pad(split.images, (28, 28, 28, 28))
    assert torch.equal(moved, padded[:, :, 28 - dy : 56 - dy, 28 - dx : 56 - dx])


def test_shift_takes_floats_other_sizes_and_leaves_its_input_alone():
    images = torch.rand(2, 1, 4, 6)
    before = images.clone()
    assert torch.equal(shift(images, 1, 0)[..., 1:], images[..., :-1])
    assert torch.equal(images, before)
    assert shift(images, 0, 0).data_ptr() != images.data_ptr()


@pytest.mark.parametrize(("dx", "dy", "name"), [(28, 0, "dx=28"), (0, -28, "dy=-28"), (-100, 0, "dx=-100")])
def test_shift_refuses_to_move_the_image_out_of_sight(split, dx, dy, name):
    with pytest.raises(ValueError, match=f"{name} moves all 28 pixels out of sight: use at most 27"):
        shift(split.images, dx, dy)


def test_shift_refuses_half_pixels(split):
    with pytest.raises(TypeError, match=r"dx=0\.5 is not a whole number of pixels"):
        shift(split.images, 0.5, 0)


def test_permute_pixels_shuffles_every_image_alike(split):
    images = permute_pixels(split.images, seed=0)
    assert images.dtype == torch.uint8
    assert images.shape == split.images.shape
    position = permute_pixels(torch.arange(784).view(1, 1, 28, 28), seed=0).flatten()
    assert position.sort().values.tolist() == list(range(784))
    assert position.tolist() != list(range(784))
    assert torch.equal(images.flatten(1), split.images.flatten(1)[:, position])


def test_permute_pixels_depends_on_its_seed_only(split):
    torch.manual_seed(7)
    first = permute_pixels(split.images, seed=3)
    assert torch.equal(permute_pixels(split.images, seed=3), first)
    assert not torch.equal(permute_pixels(split.images, seed=4), first)
    assert torch.equal(permute_pixels(split.images.float(), seed=3), first.float())


@pytest.mark.parametrize("change", [lambda x: shift(x, 1, 1), lambda x: permute_pixels(x, 0)])
def test_changes_need_images_with_their_channel(split, change):
    with pytest.raises(ValueError, match=r"must be a tensor \(N, 1, H, W\), not shape \(20, 28, 28\)"):
        change(split.images[:, 0])
    with pytest.raises(ValueError, match=r"not Split: use split\.images"):
        change(split)
