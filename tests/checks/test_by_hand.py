"""Answers to the exercises on convolution by hand."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from cnnlab import checks
from tests.checks.cases import Cases


def with_lists(image, kernel):
    rows, columns = len(image) - len(kernel) + 1, len(image[0]) - len(kernel[0]) + 1
    return [
        [
            sum(
                float(image[r + i][c + j]) * float(kernel[i][j])
                for i in range(len(kernel))
                for j in range(len(kernel[0]))
            )
            for c in range(columns)
        ]
        for r in range(rows)
    ]


def with_a_loop(image, kernel):
    h, w = kernel.shape
    out = torch.empty(image.shape[0] - h + 1, image.shape[1] - w + 1)
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            print("at", r, c)
            out[r, c] = (image[r : r + h, c : c + w] * kernel).sum()
    return out


def with_numpy(image, kernel):
    patches = np.lib.stride_tricks.sliding_window_view(image.numpy(), tuple(kernel.shape))
    return np.einsum("rcij,ij->rc", patches, kernel.numpy())


SEVEN = torch.arange(784.0).reshape(28, 28)


def matrix_product(image, kernel):
    h, w = kernel.shape
    out = torch.empty(image.shape[0] - h + 1, image.shape[1] - w + 1)
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            window = image[r : r + h, c : c + w]
            out[r, c] = (window @ kernel).sum()
    return out


def matrix_product_by_name(image, kernel):
    return torch.matmul(image[: len(kernel), : len(kernel[0])], kernel)


def with_sizes(side, k):
    def convolve(image, kernel):
        out = torch.zeros(side - k + 1, side - k + 1)
        for r in range(side - k + 1):
            for c in range(side - k + 1):
                out[r, c] = (image[r : r + k, c : c + k] * kernel).sum()
        return out

    return convolve


def one_side_for_both(image, kernel):
    h, w = kernel.shape
    out = torch.zeros(len(image) - h + 1, len(image) - w + 1)
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[r, c] = (image[r : r + h, c : c + w] * kernel).sum()
    return out


def one_side_of_the_kernel_for_both(image, kernel):
    k = kernel.shape[0]
    out = torch.zeros(image.shape[0] - k + 1, image.shape[1] - k + 1)
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[r, c] = (image[r : r + k, c : c + k] * kernel).sum()
    return out


def one_place_early(image, kernel):
    return with_a_loop(image, kernel)[:-1, :-1]


def one_place_too_far(image, kernel):
    return [image[r] for r in range(len(image) + 1)]


CASES = {
    "one_patch": Cases(
        right=[19, 19.0, np.float32(19), torch.tensor(19), (np.array(checks.PATCH) * checks.KERNEL).sum()],
        wrong=[
            (-19, "You give −19: you turned the kernel round"),
            (-9, "rows and columns"),
            (29, "lost the minus signs"),
            (25, "sum of the patch"),
            (2.11, "That is a mean"),
            (0, "multiply pixel by weight first"),
            (20, "write the nine products down"),
            ([1, 2], "is a list: a number is asked for"),
        ],
        secret=["19"],
    ),
    "convolution_map": Cases(
        right=[
            with_lists,
            with_a_loop,
            with_numpy,
            lambda i, k: F.conv2d(i[None, None], k[None, None])[0, 0],
        ],
        wrong=[
            (lambda i, k: with_numpy(i, k.flip(0, 1)), "turned the kernel round"),
            (one_place_early, "the loop stops one place early"),
            (lambda i, k: with_numpy(i, k) / k.numel(), "You took the mean"),
            (lambda i, k: with_numpy(i, torch.ones_like(k)), "without the weights"),
            (
                lambda i, k: F.conv2d(F.pad(i, (1, 1, 1, 1))[None, None], k[None, None])[0, 0],
                "that is not the map",
            ),
            (matrix_product, "@ makes the product of two matrices, rows times columns"),
            (matrix_product_by_name, "matmul makes the product of two matrices"),
            (matrix_product, "The sign * multiplies number by number"),
            (with_sizes(28, 3), "read the sizes of both sides from image.shape and kernel.shape"),
            (with_sizes(5, 3), "images of several sizes and kernels that are not square"),
            (one_side_for_both, "kernels that are not square"),
            (one_side_of_the_kernel_for_both, "kernels that are not square"),
            (lambda i, k: with_a_loop(SEVEN, k), "does your loop read an image from outside"),
            (one_place_too_far, "An index points past the end"),
            (
                lambda i, k: F.conv2d(i[None, None], k[None, None]),
                "has the shape (1, 1, 3, 3): 2 dimensions of size 1 are too many",
            ),
            (lambda i, k: with_numpy(i, k)[None], "a dimension of size 1 is too many"),
            (lambda i, k: i * k, "RuntimeError"),
            (lambda i, k: with_numpy(i, k).int(), "that is not the map"),
            (lambda i, k: with_a_loop(i, k).T, "exchanged rows and columns"),
        ],
        secret=["conv2d"],
    ),
}


def test_the_map_may_be_a_list_an_array_or_a_tensor() -> None:
    assert checks.one_patch(19)
    assert all(checks.convolution_map(answer) for answer in CASES["convolution_map"].right)
    assert len(checks.PATCH) == len(checks.KERNEL) == 3
