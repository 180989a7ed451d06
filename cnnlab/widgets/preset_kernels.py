"""Kernels that do something one can see, in every size; and kernels of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from cnnlab.errors import did_you_mean

KERNELS = ("identity", "blur", "sharpen", "vertical edges", "horizontal edges")
LARGEST_KERNEL = 11  # pixels, each way
LARGEST_NUMBER = 1e6  # a larger one would hide the image; as LARGEST in short_numbers.js


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
        raise ValueError(unknown_kernel(name))
    return made[name]


def unknown_kernel(name: str, learnt: Sequence[str] = ()) -> str:
    """What to say of a name that no kernel has; `learnt` are the names of a network's."""
    return f"unknown kernel {name!r}: {did_you_mean(name, (*KERNELS, *learnt))}"


def resized(kernel: torch.Tensor, size: int) -> torch.Tensor:
    """The same kernel with rows and columns of 0 added around it, or the outermost ones cut off.

    Args:
        kernel: (k, k).
        size: the new width and height in pixels.
    """
    more = size - len(kernel)
    before = more // 2 if more > 0 else -(-more // 2)
    return F.pad(kernel, (before, more - before, before, more - before))


def square_kernel(numbers: Any) -> torch.Tensor:
    """A kernel out of rows of numbers; a copy.

    Args:
        numbers: (k, k), as lists, array or tensor.
    Returns:
        (k, k) float32.
    Raises:
        ValueError: it is no square of finite real numbers, or too large, or holds too large a number.
    """
    if isinstance(numbers, str):
        raise ValueError(f"the kernel {numbers!r} is a name: set explorer.kernel_name = {numbers!r}.")
    try:
        # PyTorch takes no array that is read backwards, such as kernel[::-1, ::-1]
        given = torch.as_tensor(numbers.copy() if isinstance(numbers, np.ndarray) else numbers)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"the kernel is not k rows of k numbers ({error}).") from error
    if given.is_complex() or given.dtype == torch.bool:
        kind = "complex numbers" if given.is_complex() else "True and False"
        raise ValueError(f"the kernel holds {kind}: give real numbers, such as 0.5 or -1.")
    kernel = given.to(torch.float32)
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or not 1 <= len(kernel) <= LARGEST_KERNEL:
        raise ValueError(
            f"the kernel has the shape {tuple(kernel.shape)}: give k rows of k numbers, "
            f"k 1 to {LARGEST_KERNEL}."
        )
    if not kernel.isfinite().all():
        raise ValueError("the kernel holds a number that is not finite (nan or inf): replace it.")
    largest = kernel.flatten()[kernel.abs().argmax()].item()
    if abs(largest) > LARGEST_NUMBER:
        raise ValueError(
            f"the kernel holds {largest:,.8g}: its numbers may go up to ±{LARGEST_NUMBER:,.0f}, "
            "larger ones would hide the image."
        )
    return kernel.detach().clone()


def as_bytes(numbers: torch.Tensor) -> bytes:
    """Numbers as a trait holds them: float32, little-endian."""
    return np.ascontiguousarray(numbers.numpy().astype("<f4")).tobytes()


def from_bytes(numbers: bytes) -> torch.Tensor:
    """The numbers of a trait, in a row; a copy."""
    return torch.from_numpy(np.frombuffer(numbers, dtype="<f4").copy())
