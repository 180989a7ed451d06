"""Kernels that do something one can see, in every size."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from cnnlab.errors import did_you_mean

KERNELS = ("identity", "blur", "sharpen", "vertical edges", "horizontal edges")


def preset(name: str, size: int) -> torch.Tensor:
    """A kernel that does something one can see.

    Args:
        name: one of `KERNELS`.
        size: width and height in pixels.
    Returns:
        (size, size) float.
    Raises:
        ValueError: the name is unknown.

    >>> preset("vertical edges", 3)
    tensor([[-1.,  0.,  1.],
            [-1.,  0.,  1.],
            [-1.,  0.,  1.]])
    """
    identity, blur = torch.zeros(size, size), torch.full((size, size), 1 / size**2)
    identity[size // 2, size // 2] = 1
    side = (torch.arange(size) - (size - 1) / 2).sign()  # −1 left of the middle, +1 right of it
    made = {
        "identity": identity,
        "blur": blur,
        "sharpen": 2 * identity - blur,
        "vertical edges": side.repeat(size, 1),
        "horizontal edges": side.repeat(size, 1).T.contiguous(),
    }
    if name not in made:
        raise ValueError(f"unknown kernel {name!r}: {did_you_mean(name, KERNELS)}")
    return made[name]


def resized(kernel: torch.Tensor, size: int) -> torch.Tensor:
    """The same kernel with rows and columns of 0 added around it, or the outermost ones cut off.

    Args:
        kernel: (k, k).
        size: the new width and height in pixels.
    """
    more = size - len(kernel)
    before = more // 2 if more > 0 else -(-more // 2)
    return F.pad(kernel, (before, more - before, before, more - before))
