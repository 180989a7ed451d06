from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from cnnlab.widgets.preset_kernels import KERNELS, preset, resized, square_kernel
from tests.widgets.node import run


@pytest.mark.parametrize("size", range(1, 12))
def test_python_and_javascript_have_the_same_kernels(size: int) -> None:
    found = run(
        '{ PRESETS, presetKernel } from "convolution.js"',
        "return Object.fromEntries(PRESETS.map((name) => [name, [...presetKernel(name, given)]]))",
        size,
    )
    assert tuple(found) == KERNELS
    for name, numbers in found.items():
        torch.testing.assert_close(
            torch.tensor(numbers, dtype=torch.float32).view(size, size), preset(name, size)
        )


def test_blur_and_identity_keep_the_brightness_and_edges_cancel() -> None:
    for size in (3, 5, 7):
        assert preset("blur", size).sum() == pytest.approx(1)
        assert preset("identity", size).sum() == 1
        assert preset("sharpen", size).sum() == pytest.approx(1)
        assert preset("vertical edges", size).sum() == 0


def test_an_unknown_kernel_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match="'blur'"):
        preset("blurr", 3)


@pytest.mark.parametrize("before", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("after", [1, 2, 3, 4, 5, 6])
def test_python_and_javascript_resize_a_kernel_alike(before: int, after: int) -> None:
    kernel = torch.arange(1.0, before**2 + 1).view(before, before)
    numbers = run(
        '{ resizedKernel } from "convolution.js"',
        "return [...resizedKernel(Float32Array.from(given.kernel), given.size)]",
        {"kernel": kernel.flatten().tolist(), "size": after},
    )
    assert torch.equal(torch.tensor(numbers).view(after, after), resized(kernel, after))


def test_a_larger_kernel_keeps_the_old_one_in_its_middle() -> None:
    assert resized(torch.ones(1, 1), 3).tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_a_kernel_of_ones_own_is_a_copy() -> None:
    given = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    made = square_kernel(given)
    made[0, 0] = 9
    assert given[0, 0] == 1
    assert torch.equal(square_kernel([[1, 2], [3, 4]]), given)


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ([[1, 2]], "shape (1, 2): give k rows of k numbers, k 1 to 11"),
        (torch.zeros(12, 12), "shape (12, 12)"),
        ([[1, 2], [3]], "not k rows of k numbers"),
        ("blur", "is a name: set explorer.kernel_name = 'blur'"),
        ([[float("nan")]], "not finite"),
        ([[True, False], [False, True]], "True and False: give real numbers"),
        (torch.tensor([[1 + 2j]]), "complex numbers: give real numbers"),
        ([[1000000.4]], "holds 1,000,000.4: its"),
        ([[-2e6]], "holds -2,000,000: its numbers may go up to ±1,000,000"),
    ],
)
def test_what_is_no_kernel_is_refused_in_words(numbers: object, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        square_kernel(numbers)


def test_an_array_that_is_read_backwards_is_a_kernel_like_any_other() -> None:
    numbers = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 3.0]])
    assert square_kernel(numbers[::-1, ::-1]).tolist() == numbers[::-1, ::-1].tolist()
