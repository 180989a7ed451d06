"""What a time was measured on: without it, a number of seconds means nothing."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from cnnlab.device import pick_device
from cnnlab.words import counted


@dataclass(frozen=True)
class Machine:
    """The machine and the software that a time belongs to."""

    processor: str  # the CPU's name
    cores: int  # CPU cores that this process may use
    threads: int  # threads that one PyTorch operation may use
    memory: float  # GiB of RAM
    device: str  # where the network ran: "CPU", or the GPU's name
    torch: str  # version
    python: str  # version
    system: str  # operating system
    date: str  # year-month-day

    def __str__(self) -> str:
        where = "" if self.device == "CPU" else f"{self.device}; "
        return (
            f"{where}{self.processor}, {counted(self.cores, 'core')}, {counted(self.threads, 'thread')}, "
            f"{self.memory:.0f} GiB; torch {self.torch}, Python {self.python}, {self.system}; {self.date}"
        )


def machine(device: str | torch.device = "cpu") -> Machine:
    """Describe this machine, now.

    Args:
        device: where the network runs.
    """
    return Machine(
        processor=_processor(),
        cores=_cores(),
        threads=torch.get_num_threads(),
        memory=psutil.virtual_memory().total / 2**30,
        device=device_name(device),
        torch=torch.__version__,
        python=platform.python_version(),
        system=platform.system(),
        date=datetime.date.today().isoformat(),
    )


def device_name(device: str | torch.device = "auto") -> str:
    """What a person calls a device: "CPU", or the GPU's name.

    >>> device_name("cpu")
    'CPU'
    """
    device = pick_device(device)
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return "Apple GPU (MPS)" if device.type == "mps" else "CPU"


def load() -> float | None:
    """Programs that want a CPU core, this one included: the mean of the last minute; None on Windows."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def driver_version() -> str | None:
    """Version of NVIDIA's driver, or None on a machine that has none."""
    try:
        answer = subprocess.run(
            ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.split("\n")[0].strip() or None


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")  # Linux: platform.processor() is empty there
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _cores() -> int:
    import joblib  # when first needed: it takes longer to import than all of this package

    return int(joblib.cpu_count())  # as many as the process may use: affinity and a container's quota, too
