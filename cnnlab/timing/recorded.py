"""Times measured once on a GPU and kept, for those who have none.

cnnlab ships such figures only if they were measured: where there is no file, there are none.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from cnnlab import models
from cnnlab.device import pick_device
from cnnlab.table import Table
from cnnlab.timing.machine import Machine, driver_version, machine
from cnnlab.timing.sweep import SweepRow, sweep
from cnnlab.timing.transfer import TransferRow, time_transfer

SHIPPED = Path(__file__).with_name("recorded_gpu.json")


@dataclass(frozen=True)
class Recorded:
    """Times of one machine, with all that is needed to judge them."""

    machine: Machine
    driver: str | None  # NVIDIA's driver; None for another device
    training: dict[str, Table[SweepRow]]  # network name -> training steps over batch sizes
    transfer: dict[int, Table[TransferRow]]  # batch size, where it fits -> ways to the device


def record(
    path: str | os.PathLike[str],
    names: Sequence[str] = ("mlp", "cnn_320", "cnn_padded", "cnn_deep"),
    batch_sizes: Sequence[int] = (1, 8, 64, 256, 1024, 4096),
    device: str | torch.device = "auto",
    min_seconds: float = 0.3,
) -> Recorded:
    """Measure networks on this machine and write the times to a JSON file.

    Args:
        path: the file; it is written when everything is measured.
        names: the networks, by name.
        batch_sizes: images in a step.
        device: where to run.
        min_seconds: how long to measure each time.
    Returns:
        What was written.
    """
    device = pick_device(device)
    training = {
        name: sweep(models.build(name), batch_sizes, device, min_seconds=min_seconds) for name in names
    }
    fitting = {row.batch_size for table in training.values() for row in table if row.ms_per_step is not None}
    recorded = Recorded(
        machine=machine(device),
        driver=driver_version() if device.type == "cuda" else None,
        training=training,
        transfer={n: time_transfer(n, device, min_seconds) for n in sorted(fitting)},
    )
    content = {
        "machine": dataclasses.asdict(recorded.machine),
        "driver": recorded.driver,
        "training": {name: _as_lists(table) for name, table in recorded.training.items()},
        "transfer": {str(n): _as_lists(table) for n, table in recorded.transfer.items()},
    }
    target = Path(path)
    unfinished = target.with_name(target.name + ".part")
    unfinished.write_text(json.dumps(content, indent=1) + "\n")
    unfinished.replace(target)
    return recorded


def read_recorded(path: str | os.PathLike[str] | None = None) -> Recorded | None:
    """Read recorded times.

    Args:
        path: a file that `record` wrote; None for the one that cnnlab ships.
    Returns:
        The times, or None where there is no such file: then nobody has measured any.
    Raises:
        ValueError: the file was not written by `record`.
    """
    file = SHIPPED if path is None else Path(path)
    if not file.is_file():
        return None
    try:
        content = json.loads(file.read_text())
        on = Machine(**content["machine"])
        return Recorded(
            machine=on,
            driver=content["driver"],
            training={
                name: Table((SweepRow(**row) for row in rows), [str(on)])
                for name, rows in content["training"].items()
            },
            transfer={
                int(n): Table((TransferRow(**row) for row in rows), [str(on)])
                for n, rows in content["transfer"].items()
            },
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"{file} does not hold recorded times ({error}): measure them again with cnnlab.timing.record."
        ) from error


def _as_lists(table: Table[SweepRow] | Table[TransferRow]) -> list[dict[str, object]]:
    return [dataclasses.asdict(row) for row in table]
