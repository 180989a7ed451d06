"""PyTorch is the oracle: on every small setting both give the same width, or both refuse."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from cnnlab.arithmetic import pool_w_out, same_padding, transposed_w_out, unread_pixels, w_out

WIDTHS = range(1, 13)
KERNELS, PADDINGS, STRIDES, DILATIONS = range(1, 8), range(5), range(1, 5), range(1, 4)
SETTINGS = list(itertools.product(KERNELS, PADDINGS, STRIDES, DILATIONS))


def width_or_none(make: Callable[[], Tensor | int]) -> int | None:
    """The width, or None where the setting is refused."""
    try:
        made = make()
    except (ValueError, RuntimeError):
        return None
    return made if isinstance(made, int) else made.shape[-1]


def row(w_in: int) -> Tensor:
    """One row of pixels: (N, C, W) = (1, 1, w_in). Real, because the meta device checks less."""
    return torch.zeros(1, 1, w_in)


@torch.inference_mode()
def disagreements(ours: Callable[..., int], torchs: Callable[..., Tensor], settings) -> list[object]:
    found = []
    for setting in settings:
        for w_in in WIDTHS:
            image = row(w_in)
            a = width_or_none(lambda: ours(w_in, *setting))  # noqa: B023
            b = width_or_none(lambda: torchs(image, *setting))  # noqa: B023
            if a != b:
                found.append((w_in, setting, a, b))
    return found


def test_w_out_agrees_with_torch_conv1d_on_every_setting():
    kernels = {k: torch.zeros(1, 1, k) for k in KERNELS}
    assert not disagreements(
        w_out,
        lambda x, k, p, s, d: F.conv1d(x, kernels[k], padding=p, stride=s, dilation=d),
        SETTINGS,
    )


def test_pool_w_out_agrees_with_torch_max_pool_on_every_setting():
    settings = [(k, s, p, d, c) for (k, p, s, d) in SETTINGS for c in (False, True)]
    assert not disagreements(
        pool_w_out,
        lambda x, k, s, p, d, c: F.max_pool2d(x[None], (1, k), (1, s), (0, p), (1, d), c),
        settings,
    )


def test_pool_w_out_agrees_with_torch_average_pool_on_every_setting():
    settings = [(k, s, p, 1, c) for (k, p, s, d) in SETTINGS if d == 1 for c in (False, True)]
    assert not disagreements(
        pool_w_out, lambda x, k, s, p, d, c: F.avg_pool2d(x[None], (1, k), (1, s), (0, p), c), settings
    )


def test_pool_w_out_steps_by_the_window_when_no_stride_is_given():
    assert pool_w_out(28, 2) == pool_w_out(28, 2, 2) == 14


def test_transposed_w_out_agrees_with_torch_on_every_setting():
    kernels = {k: torch.zeros(1, 1, k) for k in KERNELS}
    settings = [(*setting, extra) for setting in SETTINGS for extra in (0, 1, 3)]
    assert not disagreements(
        transposed_w_out,
        lambda x, k, p, s, d, extra: F.conv_transpose1d(
            x, kernels[k], padding=p, stride=s, dilation=d, output_padding=extra
        ),
        settings,
    )


@pytest.mark.filterwarnings("ignore:Using padding=.same. with even kernel lengths")
@pytest.mark.parametrize("d", DILATIONS)
@pytest.mark.parametrize("k", KERNELS)
def test_same_padding_makes_the_values_that_torch_makes(k, d):
    image, kernel = torch.rand(1, 1, 20), torch.rand(1, 1, k)
    ours = F.conv1d(F.pad(image, same_padding(k, d)), kernel, dilation=d)
    assert torch.allclose(ours, F.conv1d(image, kernel, dilation=d, padding="same"), atol=1e-5)


def test_unread_pixels_are_those_with_no_gradient_at_the_right_edge():
    for (k, p, s, d), w_in in itertools.product(SETTINGS, WIDTHS):
        if d > 1 or s > k:
            continue  # pixels between kernel elements, or between kernel positions, are another matter
        image = torch.ones(1, 1, w_in, requires_grad=True)
        try:
            F.conv1d(image, torch.ones(1, 1, k), padding=p, stride=s, dilation=d).sum().backward()
        except RuntimeError:
            continue
        read = image.grad[0, 0].nonzero()
        if len(read):  # otherwise the kernel sees padding only
            assert unread_pixels(w_in, k, p, s, d) == w_in - 1 - int(read.max()), (w_in, k, p, s, d)


def test_widths_stay_whole_numbers_for_numpy_integers():
    assert type(w_out(np.int64(28), np.int32(5), np.uint8(2))) is int


def test_without_a_padding_there_is_none_as_in_torch():
    assert w_out(28, 5) == w_out(28, 5, 0) == F.conv1d(torch.zeros(1, 1, 28), torch.zeros(1, 1, 5)).shape[-1]
    assert unread_pixels(28, k=3, s=2) == unread_pixels(28, k=3, p=0, s=2) == 1


def test_w_out_floors_where_true_division_would_give_half_pixels():
    assert w_out(28, k=3, p=0, s=2) == 13


def test_w_out_says_how_to_fit_a_kernel_wider_than_its_input():
    with pytest.raises(
        ValueError, match=r"k=7 is wider than the padded input \(4 px\): use k <= 4, or p >= 2\."
    ):
        w_out(4, k=7, p=0)
    assert w_out(4, k=4, p=0) == 1
    assert w_out(4, k=7, p=2) == 2


def test_w_out_says_how_far_a_dilated_kernel_reaches():
    with pytest.raises(
        ValueError,
        match=r"k=3 with d=3 spans 7 px and is wider than the padded input \(5 px\): use k <= 2, or p >= 1",
    ):
        w_out(5, k=3, p=0, d=3)


def test_the_remedies_for_a_kernel_that_is_too_wide_are_the_smallest_that_work():
    for k, p, _, d in SETTINGS:
        for w_in in WIDTHS:
            try:
                w_out(w_in, k, p, 1, d)
            except ValueError as error:
                fits, needed = (
                    int(part.split(">= ")[-1].split("<= ")[-1]) for part in str(error)[:-1].split(", or ")
                )
                assert w_out(w_in, fits, p, 1, d) >= 1
                assert w_out(w_in, k, needed, 1, d) >= 1
                for still_wrong in ((w_in, fits + 1, p, 1, d), (w_in, k, needed - 1, 1, d)):
                    with pytest.raises(ValueError, match=r"wider|too small"):
                        w_out(*still_wrong)


def test_pool_w_out_says_how_much_padding_is_allowed():
    with pytest.raises(ValueError, match=r"p=2 is more than half of the pooling window \(2 px\): use p <= 1"):
        pool_w_out(28, k=2, p=2)


def test_pool_w_out_says_that_a_window_does_not_fit():
    with pytest.raises(
        ValueError, match=r"k=2 is wider than the padded input \(1 px\): use k <= 1, or p >= 1\."
    ):
        pool_w_out(1, k=2)


def test_transposed_w_out_says_what_it_refuses():
    with pytest.raises(ValueError, match=r"p=3 cuts 6 px off a map of 3 px: use p <= 1\."):
        transposed_w_out(1, k=3, p=3)
    with pytest.raises(
        ValueError, match=r"output_padding=2 must be smaller than s=2 or d=1: use output_padding <= 1"
    ):
        transposed_w_out(14, k=3, p=1, s=2, output_padding=2)


@pytest.mark.parametrize(("name", "value"), [("w_in", 0), ("k", 0), ("p", -1), ("s", 0), ("d", 0)])
def test_w_out_refuses_sizes_out_of_range(name, value):
    setting = {"w_in": 28, "k": 5, "p": 0, "s": 1, "d": 1, name: value}
    with pytest.raises(ValueError, match=rf"{name}={value} is too small"):
        w_out(**setting)


def test_w_out_refuses_a_width_that_came_from_true_division():
    with pytest.raises(TypeError, match=r"w_in=13\.5 is not a whole number.*w_out, which floors"):
        w_out(27 / 2, k=2, p=0)


def test_unread_pixels_leaves_out_the_gaps_that_a_stride_makes():
    assert unread_pixels(7, k=1, s=3) == 0  # columns 0, 3 and 6 are read
    assert "gaps" in (unread_pixels.__doc__ or "")
