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
from cnnlab.device import has_bfloat16, pick_device
from cnnlab.table import Table
from cnnlab.timing.machine import Machine, driver_version, machine
from cnnlab.timing.precision import has_tf32
from cnnlab.timing.sweep import SweepRow, sweep
from cnnlab.timing.transfer import TransferRow, time_transfer
from cnnlab.whole_file import check_replaceable, whole_file

SHIPPED = Path(__file__).with_name("recorded_gpu.json")


@dataclass(frozen=True)
class Recorded:
    """Times of one machine, with all that is needed to judge them."""

    machine: Machine
    driver: str | None  # NVIDIA's driver; None for another device
    cudnn: int | None  # version of the library that convolves, 90100 being 9.1.0; None for another device
    training: dict[str, dict[str, Table[SweepRow]]]  # network -> precision -> training steps over batch sizes
    transfer: dict[int, Table[TransferRow]]  # batch size, where it fits -> ways to the device


def record(
    path: str | os.PathLike[str],
    names: Sequence[str] = ("mlp", "cnn_320", "cnn_padded", "cnn_deep"),
    batch_sizes: Sequence[int] = (1, 8, 64, 256, 1024, 4096),
    device: str | torch.device = "auto",
    min_seconds: float = 0.3,
    precisions: Sequence[str] | None = None,
) -> Recorded:
    """Measure networks on this machine and write the times to a JSON file.

    Args:
        path: the file; it is written when everything is measured, in place of older times.
        names: the networks, by name.
        batch_sizes: images in a step.
        device: where to run.
        min_seconds: how long to measure each time.
        precisions: of `PRECISIONS`; None takes those that the device has in hardware.
    Returns:
        What was written.
    Raises:
        ValueError: a name is wrong, or the file cannot be written.
    """
    device = pick_device(device)
    precisions = precisions_of(device) if precisions is None else precisions
    target, batch_sizes = Path(path), tuple(batch_sizes)
    check_replaceable(target, "cnnlab record-gpu", mark='"transfer": {')
    networks = {name: models.build(name) for name in names}
    training = {
        name: {
            precision: sweep(network, batch_sizes, device, precision=precision, min_seconds=min_seconds)
            for precision in precisions
        }
        for name, network in networks.items()
    }
    tables = [table for of_network in training.values() for table in of_network.values()]
    fitting = {row.batch_size for table in tables for row in table if row.ms_per_step is not None}
    recorded = Recorded(
        machine=machine(device),
        driver=driver_version() if device.type == "cuda" else None,
        cudnn=torch.backends.cudnn.version() if device.type == "cuda" else None,  # type: ignore[no-untyped-call]
        training=training,
        transfer={n: time_transfer(n, device, min_seconds) for n in sorted(fitting)},
    )
    content = {
        "machine": dataclasses.asdict(recorded.machine),
        "driver": recorded.driver,
        "cudnn": recorded.cudnn,
        "training": {
            name: {precision: _as_lists(table) for precision, table in tables.items()}
            for name, tables in recorded.training.items()
        },
        "transfer": {str(n): _as_lists(table) for n, table in recorded.transfer.items()},
    }
    with whole_file(target) as file:
        file.write((json.dumps(content, indent=1) + "\n").encode())
    return recorded


def record_gpu(path: str | os.PathLike[str], replace: bool = False) -> Recorded:
    """Measure this machine's GPU as `record` does, and nothing else.

    Args:
        path: the file.
        replace: write over older times that are there; a file with anything else in it stays.
    Raises:
        ValueError: there is no GPU, or a file is there already that may not be replaced.
    """
    device = pick_device("auto")
    if device.type == "cpu":
        raise ValueError(
            "there is no GPU here, so there is nothing to record: run this on a machine with one. "
            "cnnlab doctor says what PyTorch sees."
        )
    if not replace and Path(path).exists():
        raise ValueError(f"{path} is there already: name another file, or write over it with --replace.")
    return record(path, device=device)


def precisions_of(device: str | torch.device = "auto") -> tuple[str, ...]:
    """The precisions of `time_step` that a device has in hardware.

    >>> "float32" in precisions_of("cpu"), "tf32" in precisions_of("cpu")
    (True, False)
    """
    found = {"float32": True, "tf32": has_tf32(device), "bfloat16": has_bfloat16(device)}
    return tuple(name for name, there in found.items() if there)


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
            cudnn=content["cudnn"],
            training={
                name: {
                    precision: Table((SweepRow(**row) for row in rows), [precision, str(on)])
                    for precision, rows in tables.items()
                }
                for name, tables in content["training"].items()
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
