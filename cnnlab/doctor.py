"""Say what of this computer's set-up works, and how to mend what does not.

PyTorch and what builds on it are tried in another process: a PyTorch that cannot be imported, or
that ends the process, is one of the faults to be named here.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cnnlab.probe import Answers, probe

PASS, NOTE, FIX = "PASS", "NOTE", "FIX"
PIP = f"{sys.executable} -m pip install"
INSTALL = f"In the project's folder: {PIP} -c constraints.txt -e ."
KERNEL_SECONDS = 60
MEMORY_NEEDED, MEMORY_WANTED = 1.0, 2.0  # GB
CONTAINER = Path("/sys/fs/cgroup")  # what a container, such as a JupyterHub's, is allowed
DISK_NEEDED, DISK_WANTED = 0.2, 1.0  # GB; unpacked MNIST is 0.05, a checkpoint less


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    subject: str
    state: str  # PASS, NOTE (works, but worth knowing) or FIX
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.state:4}  {self.subject:12}  {self.text}"
        return "\n".join([line, *(f"{'':20}{text}" for text in self.remedy.splitlines())])


def examine() -> Iterator[Finding]:
    """Look at everything that the course needs, one finding at a time."""
    answers: Answers = {}
    for subject, check in CHECKS.items():
        try:
            if subject == "torch":
                answers = probe()
            yield check(answers)
        except ImportError as error:
            yield Finding(subject, FIX, f"cannot be looked at: {error}", INSTALL)


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Python is 3.11 or newer."""
    text = f"{'.'.join(map(str, version))} ({sys.executable})"
    if version < (3, 11):
        return Finding("Python", FIX, text, "cnnlab needs Python 3.11 or newer: make PYTHON=python3.12 test")
    return Finding("Python", PASS, text)


def check_torch(answers: Answers) -> Finding:
    """PyTorch can be imported."""
    answer = answers["torch"]
    if "error" in answer:
        return Finding("torch", FIX, f"cannot be imported: {answer['error']}", _PAIR)
    return Finding("torch", PASS, answer["version"])


_PAIR = f"Install both in one command, so that they fit together:\n{PIP} --upgrade torch torchvision"


def check_torchvision(answers: Answers) -> Finding:
    """torchvision can be imported and was built for the PyTorch that is here."""
    answer = answers["torchvision"]
    if "error" in answers["torch"]:
        return Finding("torchvision", NOTE, "not tried, because torch cannot be imported")
    mismatch = _mismatch()
    if "error" in answer:
        text = f"cannot be imported: {answer['error']}"
        return Finding("torchvision", FIX, f"{mismatch}; it {text}" if mismatch else text, _PAIR)
    if mismatch:
        return Finding("torchvision", NOTE, mismatch, _PAIR)
    return Finding("torchvision", PASS, answer["version"])


def _mismatch() -> str:
    """What does not fit between torch and torchvision, by torchvision's own word; empty if nothing."""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(text) for text in importlib.metadata.requires("torchvision") or []]
        found = importlib.metadata.version("torch")
        vision = importlib.metadata.version("torchvision")
    except importlib.metadata.PackageNotFoundError:
        return ""
    bounds = next((r.specifier for r in wanted if r.name == "torch"), None)
    if bounds is None or bounds.contains(found, prereleases=True):
        return ""
    return f"torchvision {vision} was built for torch{bounds}, and torch {found} is installed"


def check_packages() -> Finding:
    """Every package that cnnlab needs is installed, in a version that it works with."""
    from packaging.requirements import Requirement

    try:
        texts = importlib.metadata.requires("cnnlab") or []
    except importlib.metadata.PackageNotFoundError:
        return Finding("packages", FIX, "cnnlab itself is not installed", INSTALL)
    needed = [r for r in map(Requirement, texts) if not r.marker or r.marker.evaluate({"extra": ""})]
    faults = []
    for package in needed:
        try:
            version = importlib.metadata.version(package.name)
        except importlib.metadata.PackageNotFoundError:
            faults.append(f"{package.name} is missing")
        else:
            if not package.specifier.contains(version, prereleases=True):
                faults.append(f"{package.name} is {version}, needed is {package.specifier}")
    if faults:
        return Finding("packages", FIX, "; ".join(faults), INSTALL)
    return Finding("packages", PASS, f"all {len(needed)} that cnnlab needs")


def check_widgets(answers: Answers) -> Finding:
    """ipywidgets can be imported, and JupyterLab has the half of it that draws."""
    from jupyter_core.paths import jupyter_path

    answer = answers["ipywidgets"]
    if "error" in answer:
        return Finding("ipywidgets", FIX, f"cannot be imported: {answer['error']}", f"{PIP} ipywidgets")
    manager = Path("@jupyter-widgets", "jupyterlab-manager", "package.json")
    if not any(os.path.exists(Path(folder) / manager) for folder in jupyter_path("labextensions")):
        text = f"{answer['version']}, but JupyterLab lacks its extension: sliders would not be shown"
        return Finding("ipywidgets", FIX, text, f"{PIP} --force-reinstall --no-deps jupyterlab_widgets")
    return Finding("ipywidgets", PASS, answer["version"])


def check_jupyterlab(answers: Answers) -> Finding:
    """JupyterLab is here."""
    answer = answers["jupyterlab"]
    if "error" in answer:
        return Finding("JupyterLab", FIX, f"cannot be imported: {answer['error']}", f"{PIP} jupyterlab")
    return Finding("JupyterLab", PASS, answer["version"])


def check_kernel() -> Finding:
    """The kernel that the notebooks name starts, and is this Python."""
    from jupyter_client.kernelspec import NoSuchKernel

    renew = f"{sys.executable} -m ipykernel install --sys-prefix"
    begun = time.perf_counter()
    try:
        prefix = _prefix_of_kernel()
    except NoSuchKernel:
        return Finding("kernel", FIX, "there is no kernel python3, which the notebooks name", renew)
    except Exception as error:  # whatever keeps a kernel from starting is what this line is for
        return Finding("kernel", FIX, f"python3 does not start: {error or type(error).__name__}", renew)
    seconds = time.perf_counter() - begun
    if os.path.realpath(prefix) != os.path.realpath(sys.prefix):
        return Finding("kernel", FIX, f"python3 is that of {prefix}, not of {sys.prefix}", renew)
    return Finding("kernel", PASS, f"python3 is this Python, and answered in {seconds:.1f} s")


def _prefix_of_kernel() -> str:
    """Where the Python of the kernel python3 is installed, by its own word."""
    from jupyter_client.manager import start_new_kernel

    said: list[str] = []
    manager, client = start_new_kernel(KERNEL_SECONDS, "python3", stderr=subprocess.DEVNULL)
    try:
        client.execute_interactive(
            "import sys; print(sys.prefix)",
            timeout=KERNEL_SECONDS,
            output_hook=lambda message: said.append(message["content"].get("text", "")),
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return "".join(said).strip()


def check_data(answers: Answers) -> Finding:
    """MNIST is where `load_data` looks first, whole and unchanged."""
    answer = answers["data"]
    if "error" in answers["torch"]:
        return Finding("data", NOTE, "not tried, because torch cannot be imported")
    if "error" in answer:
        text, *rest = answer["error"].splitlines()
        return Finding("data", FIX, text, "\n".join(rest) or "cnnlab data verify says more.")
    if not answer["folder"]:
        remedy = "cnnlab data fetch downloads it; or let CNNLAB_DATA name a folder that holds MNIST/raw."
        text = "no MNIST: notebooks download it, or run on the bundled digits"
        return Finding("data", NOTE, text, remedy)
    return Finding("data", PASS, f"{answer['found']}, in {answer['folder']} ({answer['place']})")


def check_device(answers: Answers) -> Finding:
    """Where training would run."""
    answer = answers["torch"]
    if "error" in answer:
        return Finding("device", NOTE, "not tried, because torch cannot be imported")
    if answer["trouble"]:
        remedy = "CUDA_VISIBLE_DEVICES= (empty) in the environment leaves the GPU out."
        return Finding("device", FIX, f"the GPU does not compute: {answer['trouble']}", remedy)
    if answer["device"] == "cpu" and shutil.which("nvidia-smi"):
        text = f"CPU, although there is an NVIDIA driver: torch {answer['version']} cannot use it"
        return Finding("device", NOTE, text, f"A newer driver, or: {PIP} --upgrade torch torchvision")
    if answer["device"] == "cpu":
        return Finding("device", PASS, "CPU, which is enough for the whole course")
    return Finding("device", PASS, answer["device"])


def check_threads(answers: Answers) -> Finding:
    """PyTorch uses the cores there are."""
    answer = answers["torch"]
    if "error" in answer:
        return Finding("threads", NOTE, "not tried, because torch cannot be imported")
    threads, cores = answer["threads"], answer["cores"]
    text = f"{threads} on {cores} cores"
    if threads > cores or (threads == 1 and cores > 1):
        slower = "Training is many times slower so" if threads > cores else "Training is slower so"
        remedy = f"{slower}; OMP_NUM_THREADS={cores} in the environment gives each core one."
        return Finding("threads", NOTE, text, remedy)
    return Finding("threads", PASS, text)


def check_memory() -> Finding:
    """There is memory for MNIST, a network and a kernel."""
    import psutil

    free = psutil.virtual_memory().available / 1e9
    limit, used = CONTAINER / "memory.max", CONTAINER / "memory.current"
    if limit.is_file() and (allowed := limit.read_text().strip()) != "max":
        free = min(free, (int(allowed) - int(used.read_text())) / 1e9)
    return _space("free memory", free, MEMORY_NEEDED, MEMORY_WANTED, "", "Close other notebooks' kernels.")


def check_disk() -> Finding:
    """There is room for the data sets where they are kept."""
    import platformdirs

    folder = Path(platformdirs.user_cache_dir("cnnlab", appauthor=False))
    there = next(parent for parent in [folder, *folder.parents] if os.path.exists(parent))
    if not os.access(there, os.W_OK | os.X_OK):
        remedy = "Let CNNLAB_DATA name a folder with MNIST, or XDG_CACHE_HOME one that you may write."
        return Finding("free disk", NOTE, f"{there} cannot be written, so nothing can be downloaded", remedy)
    free = shutil.disk_usage(there).free / 1e9
    return _space("free disk", free, DISK_NEEDED, DISK_WANTED, f" in {there}", "Delete what you do not need.")


def _space(subject: str, free: float, needed: float, wanted: float, where: str, remedy: str) -> Finding:
    text = f"{free:.1f} GB{where}"
    if free < needed:
        return Finding(subject, FIX, f"{text}; the course needs {needed:g} GB", remedy)
    if free < wanted:
        return Finding(subject, NOTE, f"{text}; {wanted:g} GB are comfortable", remedy)
    return Finding(subject, PASS, text)


CHECKS: dict[str, Callable[[Answers], Finding]] = {
    "Python": lambda _: check_python(),
    "torch": check_torch,
    "torchvision": check_torchvision,
    "packages": lambda _: check_packages(),
    "ipywidgets": check_widgets,
    "JupyterLab": check_jupyterlab,
    "kernel": lambda _: check_kernel(),
    "data": check_data,
    "device": check_device,
    "threads": check_threads,
    "free memory": lambda _: check_memory(),
    "free disk": lambda _: check_disk(),
}
