"""How exactly a GPU multiplies 32-bit numbers: all bits, or TF32, which rounds them to 19 bits first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from cnnlab.device import pick_device


@contextmanager
def products_in(kind: str) -> Iterator[None]:
    """Inside, CUDA multiplies matrices and convolves float32 numbers in this way; afterwards as before.

    Args:
        kind: "ieee" for all 32 bits, "tf32" for TF32.
    """
    places = _places(kind)
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in places]
    try:
        for owner, name, value in places:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


def has_tf32(device: str | torch.device = "auto") -> bool:
    """Whether a device has TF32: CUDA devices from Ampere (compute capability 8.0) on."""
    device = pick_device(device)
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


def _places(kind: str) -> list[tuple[Any, str, object]]:
    """Where PyTorch keeps the choice, and what to write there; since 2.9 there is one name for both."""
    matrices, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
    if hasattr(convolutions, "conv"):  # the old names must not be used beside the new ones
        return [(matrices, "fp32_precision", kind), (convolutions.conv, "fp32_precision", kind)]
    return [(matrices, "allow_tf32", kind == "tf32"), (convolutions, "allow_tf32", kind == "tf32")]
