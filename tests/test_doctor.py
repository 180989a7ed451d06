"""Every line of `cnnlab doctor`, with its fault injected and its remedy named."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cnnlab import doctor
from cnnlab.doctor import FIX, NOTE, PASS
from cnnlab.probe import Answers
from tests.data.closed import close

NMS = "operator torchvision::nms does not exist"


def answers(**other: dict[str, Any]) -> Answers:
    """What `probe` says where all is well, but for `other`."""
    torch = {"version": "2.15.0", "device": "cpu", "trouble": "", "threads": 2, "cores": 2}
    return {
        "jupyterlab": {"version": "4.6.6"},
        "ipywidgets": {"version": "8.1.9"},
        "torch": torch | other.pop("torch", {}),
        "torchvision": {"version": "0.29.2"},
        "data": {"folder": "/mnist", "found": "MNIST, verified", "place": "CNNLAB_DATA"},
    } | other


def distribution(folder: Path, name: str, version: str, *needs: str) -> None:
    """An installed package, as far as its metadata tell."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    (info / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {need}" for need in needs), "", ""]))


def test_a_line_shows_the_state_first_and_the_remedy_below() -> None:
    finding = doctor.Finding("kernel", FIX, "python3 does not start", "one\ntwo")
    assert str(finding).splitlines() == [
        "FIX   kernel        python3 does not start",
        "                    one",
        "                    two",
    ]


def test_python_must_be_new_enough() -> None:
    assert doctor.check_python().state == PASS
    old = doctor.check_python((3, 10, 12))
    assert old.state == FIX
    assert "needs Python 3.11 or newer" in old.remedy


def test_a_torch_that_cannot_be_imported_is_named_with_the_remedy() -> None:
    assert doctor.check_torch(answers()).state == PASS
    broken = doctor.check_torch(answers(torch={"error": "libcudart.so.13: cannot open"}))
    assert broken.state == FIX
    assert "libcudart.so.13" in broken.text
    assert "pip install --upgrade torch torchvision" in broken.remedy


def test_a_mismatched_pair_is_named_with_both_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distribution(tmp_path, "torch", "2.13.0+cpu")
    distribution(tmp_path, "torchvision", "0.29.2", "numpy", "torch==2.15.0")
    monkeypatch.syspath_prepend(tmp_path)
    finding = doctor.check_torchvision(answers(torchvision={"error": NMS}))
    assert finding.state == FIX
    assert "torchvision 0.29.2 was built for torch==2.15.0, and torch 2.13.0+cpu is installed" in finding.text
    assert NMS in finding.text
    assert "Install both in one command" in finding.remedy
    assert "pip install --upgrade torch torchvision" in finding.remedy
    works = doctor.check_torchvision(answers())
    assert works.state == NOTE, "a pair that was not built together but works is worth knowing, no more"


def test_torchvision_fits_a_local_build_of_the_same_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distribution(tmp_path, "torch", "2.15.0+cu132")
    distribution(tmp_path, "torchvision", "0.29.2", "torch==2.15.0")
    monkeypatch.syspath_prepend(tmp_path)
    assert doctor.check_torchvision(answers()).state == PASS


def test_without_torch_nothing_that_needs_it_is_blamed() -> None:
    broken = answers(torch={"error": "gone"}, torchvision={"error": "gone"}, data={"error": "gone"})
    for check in (doctor.check_torchvision, doctor.check_data, doctor.check_device, doctor.check_threads):
        finding = check(broken)
        assert finding.state == NOTE
        assert finding.text == "not tried, because torch cannot be imported"


def test_missing_and_old_packages_are_all_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.check_packages().state == PASS
    distribution(tmp_path, "cnnlab", "0.1.0", "tqdm>=4.66", "nowhere>=1", 'absent; extra == "test"')
    distribution(tmp_path, "tqdm", "4.1.0")
    monkeypatch.syspath_prepend(tmp_path)
    finding = doctor.check_packages()
    assert finding.state == FIX
    assert finding.text == "tqdm is 4.1.0, needed is >=4.66; nowhere is missing"
    assert "pip install -c constraints.txt -e ." in finding.remedy


def test_a_cnnlab_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> list[str]:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", missing)
    assert doctor.check_packages().text == "cnnlab itself is not installed"


def test_widgets_need_both_halves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.check_widgets(answers()).state == PASS
    broken = doctor.check_widgets(answers(ipywidgets={"error": "No module named 'ipywidgets'"}))
    assert broken.state == FIX
    assert broken.remedy.endswith("pip install ipywidgets")
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [str(tmp_path)])
    half = doctor.check_widgets(answers())
    assert half.state == FIX
    assert "JupyterLab lacks its extension" in half.text
    assert "jupyterlab_widgets" in half.remedy


def test_jupyterlab_must_be_there() -> None:
    assert doctor.check_jupyterlab(answers()).state == PASS
    broken = doctor.check_jupyterlab(answers(jupyterlab={"error": "No module named 'jupyterlab'"}))
    assert broken.state == FIX
    assert broken.remedy.endswith("pip install jupyterlab")


def test_the_kernel_of_this_environment_passes() -> None:
    finding = doctor.check_kernel()
    assert finding.state == PASS, finding
    assert "python3 is this Python" in finding.text


def test_a_kernel_that_cannot_start_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    argv = [str(tmp_path / "removed" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "x", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    finding = doctor.check_kernel()
    assert finding.state == FIX
    assert "python3 does not start" in finding.text
    assert "ipykernel install --sys-prefix" in finding.remedy


def test_a_kernel_of_another_python_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_prefix_of_kernel", lambda: str(tmp_path))
    finding = doctor.check_kernel()
    assert finding.state == FIX
    assert finding.text == f"python3 is that of {tmp_path}, not of {sys.prefix}"


def test_a_missing_kernel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyter_client.kernelspec import NoSuchKernel

    def missing() -> str:
        raise NoSuchKernel("python3")

    monkeypatch.setattr(doctor, "_prefix_of_kernel", missing)
    assert "there is no kernel python3" in doctor.check_kernel().text


def test_data_says_which_and_where() -> None:
    assert doctor.check_data(answers()).text == "MNIST, verified, in /mnist (CNNLAB_DATA)"


def test_no_mnist_is_a_note_with_the_way_to_get_it() -> None:
    finding = doctor.check_data(answers(data={"folder": ""}))
    assert finding.state == NOTE
    assert "cnnlab data fetch" in finding.remedy
    assert "CNNLAB_DATA" in finding.remedy


def test_corrupt_data_must_be_fixed() -> None:
    finding = doctor.check_data(
        answers(data={"error": "train-images: cut off\nPut the published file there."})
    )
    assert finding.state == FIX
    assert finding.text == "train-images: cut off"
    assert finding.remedy == "Put the published file there."


def test_a_cut_off_file_of_mnist_is_found_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnlab.probe import QUESTIONS

    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03")
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    with pytest.raises(Exception, match="train-images-idx3-ubyte") as caught:
        QUESTIONS["data"]()
    finding = doctor.check_data(answers(data={"error": str(caught.value)}))
    assert finding.state == FIX
    assert finding.remedy


def test_a_gpu_that_does_not_compute_must_be_left_out() -> None:
    assert doctor.check_device(answers(torch={"device": "NVIDIA H200"})).text == "NVIDIA H200"
    finding = doctor.check_device(answers(torch={"device": "old", "trouble": "no kernel image is available"}))
    assert finding.state == FIX
    assert "no kernel image is available" in finding.text
    assert "CUDA_VISIBLE_DEVICES" in finding.remedy


@pytest.mark.parametrize(("driver", "state"), [(None, PASS), ("/usr/bin/nvidia-smi", NOTE)])
def test_the_cpu_is_enough_unless_a_gpu_lies_idle(
    monkeypatch: pytest.MonkeyPatch, driver: str | None, state: str
) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda _: driver)
    finding = doctor.check_device(answers())
    assert finding.state == state
    assert ("there is an NVIDIA driver" in finding.text) == bool(driver)


@pytest.mark.parametrize(
    ("threads", "cores", "state"), [(2, 2, PASS), (1, 1, PASS), (4, 8, PASS), (1, 2, NOTE), (8, 2, NOTE)]
)
def test_threads_are_compared_with_the_cores(threads: int, cores: int, state: str) -> None:
    finding = doctor.check_threads(answers(torch={"threads": threads, "cores": cores}))
    assert finding.state == state
    assert (f"OMP_NUM_THREADS={cores}" in finding.remedy) == (state == NOTE)


@pytest.mark.parametrize(("free", "state"), [(0.5e9, FIX), (1.5e9, NOTE), (8e9, PASS)])
def test_memory_is_what_is_free(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: float, state: str
) -> None:
    monkeypatch.setattr(doctor, "CONTAINER", tmp_path)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=free))
    assert doctor.check_memory().state == state


def test_memory_is_no_more_than_a_container_allows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "CONTAINER", tmp_path)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=8e9))
    (tmp_path / "memory.max").write_text("max\n")
    assert doctor.check_memory().text == "8.0 GB"
    (tmp_path / "memory.max").write_text("2000000000\n")
    (tmp_path / "memory.current").write_text("1500000000\n")
    assert doctor.check_memory().text.startswith("0.5 GB; the course needs 1 GB")


@pytest.mark.parametrize(("free", "state"), [(0.1e9, FIX), (0.5e9, NOTE), (8e9, PASS)])
def test_disk_is_measured_where_data_are_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: float, state: str
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: str(tmp_path / "not" / "yet"))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    finding = doctor.check_disk()
    assert finding.state == state
    assert str(tmp_path) in finding.text


def test_a_cache_that_cannot_be_written_is_a_note(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: str(tmp_path))
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    finding = doctor.check_disk()
    assert finding.state == NOTE
    assert "cannot be written" in finding.text
    assert "CNNLAB_DATA" in finding.remedy


def test_a_cache_below_a_folder_that_may_not_be_entered_is_a_note(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: str(tmp_path / "home" / ".cache"))
    (tmp_path / "home" / ".cache").mkdir(parents=True)
    close(tmp_path / "home", monkeypatch)
    finding = doctor.check_disk()
    assert finding.state == NOTE
    assert finding.text.startswith(f"{tmp_path / 'home'} cannot be written")


def test_widgets_are_looked_for_past_a_folder_that_may_not_be_entered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "home" / "jupyter").mkdir(parents=True)
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda _: [str(tmp_path / "home" / "jupyter")])
    close(tmp_path / "home", monkeypatch)
    assert doctor.check_widgets(answers()).state == FIX


def test_a_check_whose_own_tool_is_missing_becomes_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "probe", answers)
    monkeypatch.setattr(doctor, "_prefix_of_kernel", lambda: sys.prefix)
    monkeypatch.setitem(sys.modules, "psutil", None)
    findings = {finding.subject: finding for finding in doctor.examine()}
    assert list(findings) == list(doctor.CHECKS)
    assert findings["free memory"].state == FIX
    assert "psutil" in findings["free memory"].text
    assert findings["Python"].state == PASS


def test_the_command_names_a_pair_that_cannot_be_imported_and_exits_1(tmp_path: Path) -> None:
    (tmp_path / "torchvision.py").write_text(f"raise RuntimeError({NMS!r})")
    distribution(tmp_path, "torchvision", "0.29.2", "torch==2.0.1")
    run = subprocess.run(
        [sys.executable, "-c", "from cnnlab.cli import app; app()", "doctor"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "Traceback" not in run.stdout + run.stderr
    lines = run.stdout.splitlines()
    (torchvision,) = [line for line in lines if line.startswith(FIX)]
    for subject in ("Python", "torch", "packages", "ipywidgets", "JupyterLab", "kernel"):
        assert [line for line in lines if line.startswith(f"PASS  {subject} ")], run.stdout
    assert "torchvision 0.29.2 was built for torch==2.0.1, and torch" in torchvision
    assert NMS in torchvision
    assert lines[-1] == "1 of 12 must be fixed."
