"""Change all images alike: move them, or shuffle their pixels."""

from __future__ import annotations

import operator

import torch


def shift(images: torch.Tensor, dx: int, dy: int) -> torch.Tensor:
    """Move images by whole pixels; what comes in from outside is 0.

    Args:
        images: (N, 1, H, W), any type.
        dx: pixels to the right; negative moves left.
        dy: pixels down; negative moves up.
    Returns:
        A new tensor of the same shape and type.
    Raises:
        TypeError: dx or dy is not an integer.
        ValueError: the whole image would be moved out of sight.

    >>> shift(torch.tensor([[[[1, 2, 3]]]]), dx=1, dy=0)
    tensor([[[[0, 1, 2]]]])
    """
    _check(images)
    height, width = images.shape[-2:]
    for name, step, size in (("dx", dx, width), ("dy", dy, height)):
        if not hasattr(step, "__index__"):
            raise TypeError(f"{name}={step!r} is not a whole number of pixels.")
        if abs(step) >= size:
            raise ValueError(f"{name}={step} moves all {size} pixels out of sight: use at most {size - 1}.")
    moved = torch.zeros_like(images)
    to_y, to_x = _overlap(dy, height), _overlap(dx, width)
    moved[..., to_y, to_x] = images[..., _overlap(-dy, height), _overlap(-dx, width)]
    return moved


def permute_pixels(images: torch.Tensor, seed: int) -> torch.Tensor:
    """Shuffle the pixels of every image by one and the same permutation.

    Args:
        images: (N, 1, H, W), any type.
        seed: which permutation.
    Returns:
        A new tensor of the same shape and type.

    >>> permute_pixels(torch.arange(4).view(1, 1, 2, 2), seed=0).flatten().sort().values
    tensor([0, 1, 2, 3])
    """
    _check(images)
    order = torch.randperm(images[0].numel(), generator=torch.Generator().manual_seed(operator.index(seed)))
    return images.flatten(1).index_select(1, order.to(images.device)).view_as(images)


def _overlap(step: int, size: int) -> slice:
    """The positions that a move by `step` fills."""
    return slice(max(step, 0), size + min(step, 0))


def _check(images: torch.Tensor) -> None:
    if not isinstance(images, torch.Tensor) or images.ndim != 4:
        found = f"shape {tuple(images.shape)}" if isinstance(images, torch.Tensor) else type(images).__name__
        raise ValueError(f"images must be a tensor (N, 1, H, W), not {found}: use split.images.")
