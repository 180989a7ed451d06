"""How long one waits before anything happens: for imports, and for a notebook's first picture."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

import cnnlab
from cnnlab.benchmark.rows import Measured
from cnnlab.timing import Timing, timing_of

FIRST_NOTEBOOK = Path(cnnlab.__file__).resolve().parents[1] / "notebooks" / "01_data.ipynb"
KERNEL_SECONDS = 300  # for its start, and for each cell

IMPORTS = {  # what is measured -> the statement
    "import cnnlab, after torch": "import cnnlab",
    "import the names of a first training, after torch": (
        "from cnnlab import evaluate, fit, load_data, models, set_seed, trace_shapes"
    ),
    "import all public names, after torch: Matplotlib, too": (
        "import cnnlab; [getattr(cnnlab, name) for name in cnnlab.__all__]"
    ),
}
WANTED = {"import cnnlab, after torch": "≤ 0.06 s"}


def import_rows(rounds: int) -> Iterable[Measured]:
    """What importing costs beyond torch, in new processes that take turns.

    Args:
        rounds: measurements of each, after one to warm the disk's cache.
    """
    taken: dict[str, list[float]] = {what: [] for what in IMPORTS}
    for _ in range(rounds + 1):
        for what, statement in IMPORTS.items():
            taken[what].append(import_seconds(statement))
    for what, seconds in taken.items():
        timing = timing_of(seconds[1:])
        yield Measured(what, timing.median, timing.iqr, wanted=WANTED.get(what, ""))


def import_seconds(statement: str) -> float:
    """Seconds that an import takes in a new Python, where torch is imported already."""
    code = f"import time, torch\nstart = time.perf_counter()\n{statement}\nprint(time.perf_counter() - start)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(run.stdout)


def picture_row(rounds: int, root: str | Path | None = None) -> Measured | None:
    """From starting a kernel to the first picture of notebook 1; None where cnnlab came without notebooks.

    Args:
        rounds: kernels that are started, after one to warm the disk's cache.
        root: the folder that holds MNIST; None looks where `load_data` does.
    """
    if not FIRST_NOTEBOOK.is_file():
        return None
    timing: Timing = timing_of([first_picture(FIRST_NOTEBOOK, root) for _ in range(rounds + 1)][1:])
    return Measured(
        "first picture of notebook 1, from a cold kernel", timing.median, timing.iqr, wanted="≤ 5 s"
    )


def first_picture(notebook: Path, root: str | Path | None = None) -> float:
    """Start a kernel and run a notebook's cells up to the first that shows a picture.

    Args:
        notebook: the file.
        root: the folder that holds MNIST; None looks where `load_data` does.
    Returns:
        Seconds from the start of the kernel to the picture.
    Raises:
        RuntimeError: a cell failed, or none shows a picture.
    """
    import nbformat  # here: it takes a second to import, and whoever imports cnnlab.race imports this module

    cells = [c.source for c in nbformat.read(notebook, as_version=4).cells if c.cell_type == "code"]
    shown: list[float] = []
    failed: list[str] = []

    def look(message: dict[str, Any]) -> None:
        if "image/png" in message["content"].get("data", {}):
            shown.append(time.perf_counter())
        if message["msg_type"] == "error":
            failed.append(message["content"]["evalue"])

    with tempfile.TemporaryDirectory() as folder:
        # a reader's predictions are not touched, and a backend of the shell's would show no picture
        environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
        environment["CNNLAB_PREDICTIONS"] = str(Path(folder) / "predictions.json")
        if root := root or environment.get("CNNLAB_DATA"):
            environment["CNNLAB_DATA"] = str(Path(root).resolve())  # the kernel runs in another folder
        # no folders to look for kernels in: then "python3" is this Python
        manager = KernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
        start = time.perf_counter()
        manager.start_kernel(cwd=str(notebook.parent), env=environment, stderr=subprocess.DEVNULL)
        client = manager.client()
        try:
            client.start_channels()
            client.wait_for_ready(timeout=KERNEL_SECONDS)
            for source in cells:
                client.execute_interactive(source, output_hook=look, timeout=KERNEL_SECONDS)
                if failed:
                    raise RuntimeError(f"a cell of {notebook.name} failed: {failed[0]}")
                if shown:
                    return shown[0] - start
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    raise RuntimeError(f"no cell of {notebook.name} shows a picture.")
