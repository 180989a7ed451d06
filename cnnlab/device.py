"""Choose where the arithmetic happens: CPU, CUDA or MPS."""

from __future__ import annotations

import torch

from cnnlab.errors import did_you_mean

KINDS = ("auto", "cpu", "cuda", "mps")
MEANT = {"gpu": "cuda", "nvidia": "cuda", "metal": "mps", "apple": "mps"}  # "gpu" is spelt most like "cpu"


def pick_device(name: str | torch.device = "auto") -> torch.device:
    """Turn a device name into a device that this machine has.

    Args:
        name: "auto" (CUDA, else MPS, else CPU), "cpu", "cuda", "cuda:1", "mps", or a `torch.device`.
    Returns:
        A device that can be used at once.
    Raises:
        ValueError: the name is unknown, or this machine has no such device.
        TypeError: it is None.

    >>> pick_device("cpu")
    device(type='cpu')
    """
    if name is None:
        raise TypeError("device=None is no device: leave it out, or write 'auto' or 'cpu'.")
    text = str(name)
    kind = text.split(":")[0]
    if kind not in KINDS:
        raise ValueError(f"unknown device {text!r}: {did_you_mean(MEANT.get(kind.lower(), kind), KINDS)}")
    if kind == "auto":
        if text != "auto":
            raise ValueError(f"device={text!r}: auto takes no number: use 'auto' or 'cuda:1'.")
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(text)
    except RuntimeError as error:
        raise ValueError(f"{text!r} is not a device: write 'cpu', 'cuda', 'cuda:0' or 'mps'.") from error
    if kind == "cuda":
        count = torch.cuda.device_count()
        if count == 0:
            raise ValueError(
                f"device={text!r}, but this machine has no CUDA device: use device='auto' or 'cpu'."
            )
        if (device.index or 0) >= count:
            raise ValueError(
                f"device={text!r}, but there are {count} CUDA devices, numbered from 0: use 'cuda:0'."
            )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ValueError(f"device={text!r}, but this machine has no Apple GPU: use device='auto' or 'cpu'.")
    return device


def is_out_of_memory(error: Exception) -> bool:
    """Whether PyTorch ran out of memory: CUDA has its own error, the CPU and MPS only say it in words."""
    words = ("out of memory", "can't allocate memory", "not enough memory", "status_alloc_failed")
    return isinstance(error, torch.OutOfMemoryError) or any(w in str(error).lower() for w in words)


def has_bfloat16(device: str | torch.device = "auto") -> bool:
    """Whether the device multiplies bfloat16 in hardware; True where PyTorch cannot tell.

    Where it does not, `precision="bfloat16"` is slower than float32, on a CPU up to eight times.
    """
    device = pick_device(device)
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)  # Ampere and newer
    if device.type == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        found = torch.cpu.get_capabilities()
        names = ("avx512_bf16", "amx_bf16", "bf16")  # x86, x86 with matrix units, Arm
        known = [bool(found[name]) for name in names if name in found]
        return any(known) if known else True
    return True
