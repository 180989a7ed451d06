"""The time it takes to bring a batch to the device, apart from the time to compute with it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from cnnlab.arithmetic import whole
from cnnlab.device import pick_device
from cnnlab.table import Table, column
from cnnlab.timing.clock import Timing, time_call
from cnnlab.timing.machine import machine


@dataclass(frozen=True)
class TransferRow:
    """One way to bring a batch to the device."""

    way: str = column("from")  # where the batch lies before
    megabytes: float = column("MB", ".2f")  # size of the batch, in 10^6 bytes
    ms: float = column("ms", ".3f")
    gigabytes_per_second: float = column("GB/s", ".1f")


def time_transfer(
    batch_size: int, device: str | torch.device = "auto", min_seconds: float = 0.2
) -> Table[TransferRow]:
    """Time how long a batch of float32 images (N, 1, 28, 28) takes to the device.

    To a CUDA device there are two ways: from ordinary memory, and from pinned memory, which
    the system cannot move and the GPU reads by itself. On the CPU there is nowhere to go: the
    one row is a copy within its memory.

    Args:
        batch_size: images in the batch.
        device: where it goes.
        min_seconds: how long to measure each way.
    Returns:
        One row for each way.
    """
    device = pick_device(device)
    batch = torch.zeros(whole("batch_size", batch_size, 1), 1, 28, 28)
    megabytes = batch.numel() * batch.element_size() / 1e6

    def row(way: str, timing: Timing) -> TransferRow:
        return TransferRow(way, megabytes, timing.ms, megabytes / timing.ms)

    if device.type == "cpu":
        rows = [row("memory (a copy)", time_call(batch.clone, device, min_seconds))]
    else:
        rows = [row("memory", time_call(lambda: batch.to(device), device, min_seconds))]
    if device.type == "cuda":
        pinned = batch.pin_memory()
        timing = time_call(lambda: pinned.to(device, non_blocking=True), device, min_seconds)
        rows.append(row("pinned memory", timing))
    return Table(rows, footer=[str(machine(device))])
