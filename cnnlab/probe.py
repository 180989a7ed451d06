"""Try in another process what may fail badly: PyTorch and what builds on it.

An answer is a dict of what was found, or {"error": the message}. Each is printed before the next
question is asked, as an import that ends its process must not hide what was known before it.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

Answers = dict[str, dict[str, Any]]  # question -> answer

PROBE_SECONDS = 180  # the first import of PyTorch on a network drive takes long


def probe() -> Answers:
    """Try in another process what may fail badly."""
    command = [sys.executable, "-m", "cnnlab.probe"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False)
        lines, last = run.stdout.splitlines(), run.stderr.strip().splitlines()[-1:]
        silent = ": ".join([f"Python ended with status {run.returncode}", *last])
    except subprocess.TimeoutExpired:
        lines, silent = [], f"no answer in {PROBE_SECONDS} s"
    answers: Answers = {name: {"error": silent} for name in QUESTIONS}
    for line in lines:
        if line.startswith('{"asked": '):  # other packages may print, too
            found = json.loads(line)
            answers[found["asked"]] = found["answer"]
    return answers


def answer() -> None:
    """Print what comes of each question, at once: the next one may end the process."""
    for name, ask in QUESTIONS.items():
        try:
            found = ask()
        except BaseException as error:
            found = {"error": str(error) or type(error).__name__}
        print(json.dumps({"asked": name, "answer": found}), flush=True)


def _ask_version(name: str) -> dict[str, Any]:
    return {"version": importlib.import_module(name).__version__}


def _ask_torch() -> dict[str, Any]:
    import torch

    from cnnlab.device import pick_device

    device, trouble = pick_device(), ""
    try:
        (torch.ones(1, device=device) + 1).item()
    except RuntimeError as error:
        trouble = str(error).splitlines()[0]
    try:
        from joblib import cpu_count  # knows of a container's quota, too
    except ImportError:
        cpu_count = os.cpu_count
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
    threads = torch.get_num_threads()
    return {
        "version": torch.__version__,
        "device": name,
        "trouble": trouble,
        "threads": threads,
        "cores": cpu_count(),
    }


def _ask_data() -> dict[str, Any]:
    from cnnlab.data import describe_sources, load_data

    sources = describe_sources()
    used = next((s for s in sources if s.used and s.folder), None)
    if any(not source.ok for source in sources) and used is None:
        load_data("mnist", download=False)  # raises, and says what is wrong and what to do
    if used is None:
        return {"folder": ""}
    return {"folder": used.folder, "found": used.found, "place": used.place}


QUESTIONS: dict[str, Callable[[], dict[str, Any]]] = {
    "jupyterlab": lambda: _ask_version("jupyterlab"),
    "ipywidgets": lambda: _ask_version("ipywidgets"),
    "torch": _ask_torch,
    "torchvision": lambda: _ask_version("torchvision"),
    "data": _ask_data,
}

if __name__ == "__main__":
    answer()
