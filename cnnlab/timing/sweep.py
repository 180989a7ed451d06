"""How the time of a step grows with the batch size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from cnnlab.arithmetic import whole
from cnnlab.device import is_out_of_memory, pick_device
from cnnlab.table import Table, column
from cnnlab.timing.machine import machine
from cnnlab.timing.step import time_step

MNIST_IMAGES = 60_000  # an epoch, unless told otherwise


@dataclass(frozen=True)
class SweepRow:
    """One batch size; the numbers are None where it did not fit into memory."""

    batch_size: int = column("batch size", ",d")  # images
    ms_per_step: float | None = column("ms a step", ".2f")
    images_per_second: float | None = column("images/s", ",.0f")
    seconds_per_epoch: float | None = column("s an epoch", ".2f")
    note: str = column("", default="")  # why there are no numbers


def sweep(
    model: nn.Module,
    batch_sizes: Sequence[int] = (1, 8, 64, 256, 1024),
    device: str | torch.device = "auto",
    training: bool = True,
    *,
    images: int = MNIST_IMAGES,
    channels_last: bool = False,
    precision: str = "float32",
    threads: int | None = None,
    min_seconds: float = 0.3,
) -> Table[SweepRow]:
    """Time a step for several batch sizes; images are not loaded, only computed with.

    Args:
        model: a network for images (N, 1, 28, 28) with logits (N, classes); it is not changed.
        batch_sizes: images in a step, one row each.
        device: where to run it.
        training: training steps, or inference.
        images: how many images make an epoch.
        channels_last, precision, threads, min_seconds: as in `time_step`.
    Returns:
        One row for each batch size; one that does not fit into memory says so in its row.
    Raises:
        TypeError, ValueError: a number or a name is not possible, or there are no batch sizes.
    """
    device = pick_device(device)
    sizes = [] if isinstance(batch_sizes, str) or not isinstance(batch_sizes, Iterable) else list(batch_sizes)
    if not sizes:
        raise TypeError(f"batch_sizes={batch_sizes!r} is no list of sizes: write it like [1, 8, 64].")
    sizes = [whole("batch_size", size, 1) for size in sizes]
    images = whole("images", images, 1)
    rows = []
    for batch_size in sizes:
        try:
            timing = time_step(
                model,
                batch_size,
                device,
                training,
                channels_last=channels_last,
                precision=precision,
                threads=threads,
                min_seconds=min_seconds,
            )
        except RuntimeError as error:  # torch.OutOfMemoryError is one, too
            if not is_out_of_memory(error):
                raise
            if device.type == "cuda":
                torch.cuda.empty_cache()  # what the failed step had taken is free for the next one
            rows.append(SweepRow(batch_size, None, None, None, "out of memory"))
            continue
        rate = batch_size / timing.median
        rows.append(SweepRow(batch_size, timing.ms, rate, images / rate))
    kind = "training" if training else "inference"
    return Table(rows, footer=[f"{kind}; an epoch is {images:,} images", str(machine(device))])
