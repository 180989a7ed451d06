"""Exercises on convolution by hand: one patch, then the whole map."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from cnnlab.checks.broken_code import words_for
from cnnlab.checks.functions import Misconception, judge_function, same
from cnnlab.checks.reading import call, function, number, shown, table, told
from cnnlab.checks.runner import exercise
from cnnlab.checks.verdict import Wrong

PATCH = ((1, 2, 0), (9, 1, 2), (5, 4, 1))  # of an image, for the exercise `one_patch`
KERNEL = ((1, 0, -1), (2, 0, -2), (1, 0, -1))  # bright on the left, dark on the right


def _patch_values() -> dict[float, str]:
    """Each known wrong result for PATCH and KERNEL, and what leads to it."""
    patch, kernel = torch.tensor(PATCH), torch.tensor(KERNEL)
    product = patch * kernel
    return {
        (patch * kernel.flip(0, 1))
        .sum()
        .item(): "you turned the kernel round; PyTorch lays it down as it is.",
        (patch * kernel.mT).sum().item(): "you exchanged the kernel's rows and columns.",
        product.abs().sum().item(): "you lost the minus signs of the kernel.",
        patch.sum().item(): "that is the sum of the patch: each pixel has a weight of its own.",
        (product.sum() / 9).item(): "that is a mean: the nine products are added up, no more.",
        (
            patch.sum() * kernel.sum()
        ).item(): "multiply pixel by weight first, then add, not the other way round.",
        product[0].sum().item(): "that is the first row alone.",
    }


@exercise(
    "Convolution of one patch by hand",
    5,
    "Multiply what lies on top of each other, then add: that is one output pixel.",
)
def one_patch(answer: object = ...) -> None:
    """Check a number: what `checks.KERNEL` makes of `checks.PATCH`, without a bias."""
    value = number(answer)
    right = (torch.tensor(PATCH) * torch.tensor(KERNEL)).sum().item()
    if abs(value - right) < 1e-6:
        return
    for wrong, says in _patch_values().items():
        if abs(value - wrong) < 0.006:  # two decimals will do
            raise Wrong(told(f"You give {shown(value)}", says))
    raise Wrong(
        f"You give {shown(value)}: write the nine products down, with their signs, and add them again."
    )


def _map(image: Tensor, kernel: Tensor) -> Tensor:
    return F.conv2d(image[None, None], kernel[None, None])[0, 0]


def _padded(image: Tensor, kernel: Tensor) -> Tensor:
    rows, columns = kernel.shape
    framed = F.pad(image, (columns // 2, (columns - 1) // 2, rows // 2, (rows - 1) // 2))
    return _map(framed, kernel)


_MAPS = [
    Misconception(
        lambda i, k: _map(i, k.flip(0, 1)), "you turned the kernel round; PyTorch lays it down as it is."
    ),
    Misconception(
        lambda i, k: _map(i, k)[:-1, :-1],
        "the last row and column are missing: the loop stops one place early.",
    ),
    Misconception(
        _padded, "it is as large as the image, so it was padded; without padding the kernel stays inside."
    ),
    Misconception(
        lambda i, k: _map(i, k) / k.numel(), "you took the mean: the products are added up, no more."
    ),
    Misconception(lambda i, k: _map(i, k).mT, "you exchanged rows and columns."),
    Misconception(
        lambda i, k: _map(i, k).relu(), "you set negative numbers to 0: that is the next layer's work."
    ),
    Misconception(lambda i, k: _map(i, k).abs(), "you lost the minus signs."),
    Misconception(lambda i, k: _map(i, torch.ones_like(k)), "you added the pixels up without the weights."),
    Misconception(
        lambda i, k: torch.zeros_like(_map(i, k)), "the map was made, and nothing was written into it."
    ),
]


_USAGE = "convolve(image, kernel)"
_SIZES = (
    "The check tries images of several sizes and kernels that are not square: "
    "read the sizes of both sides from image.shape and kernel.shape."
)


@exercise(
    "Convolution of an image with a loop: convolve(image, kernel)",
    10,
    "A convolution is this loop: the same few weights at every place.",
)
def convolution_map(answer: object = ...) -> None:
    """Check a function convolve(image, kernel): the feature map, no padding, stride 1, no bias.

    Both arguments are tensors with rows and columns, not always square.
    """
    draw = torch.Generator().manual_seed(6)
    sizes = [((5, 5), (3, 3)), ((6, 9), (3, 2)), ((8, 5), (1, 4)), ((12, 12), (5, 5)), ((3, 4), (3, 4))]
    cases = [tuple(torch.randint(-4, 9, size, generator=draw) / 2 for size in pair) for pair in sizes]
    student = function(answer, _USAGE, 2)
    try:
        given = [table(call(student, *case), "What your function returns") for case in cases]
    except (RuntimeError, IndexError, ValueError) as error:
        said = words_for(error)
        if "whose sizes do not fit" in said or "An index points" in said:
            raise Wrong(f"{said} {_SIZES}") from None
        raise
    for made, case in zip(given, cases):
        more, size = made.shape[:-2], made.shape[-2:]
        if more and set(more) == {1} and size == _map(*case).shape:
            many = "a dimension of size 1 is" if len(more) == 1 else f"{len(more)} dimensions of size 1 are"
            raise Wrong(f"Your map has the shape {tuple(made.shape)}: {many} too many.")
    try:
        judge_function(
            answer,
            _USAGE,
            _map,
            cases,
            _MAPS,
            "that is not the map. Compare its shape first, then work its upper left number out by hand.",
        )
    except Wrong as wrong:
        others = [table(call(student, 3 - image, kernel)) for image, kernel in cases]
        if all(same(one, other) for one, other in zip(given, others)) and any(
            bool(one.any()) for one in given
        ):
            raise Wrong(
                "Your map is the same for two images: does your loop read an image from outside, "
                "not the one that the function is given?"
            ) from None
        if any(one.shape != _map(*case).shape for one, case in zip(given, cases)):
            raise Wrong(f"{wrong} {_SIZES}") from None
        raise
