from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cnnlab.experiments import sweep
from cnnlab.experiments.store import read_results

SMALL: dict[str, Any] = {"base": {"channels": (4,), "hidden": 0}, "data": "digits", "images": 200}
CHANGE = {"kernel": [3, 5], "batch_size": [32]}

SCRIPT = """
import sys
from cnnlab.experiments import sweep
base = {"channels": (8,), "epochs": 2}
sweep({"kernel": [3, 7, 9, 11]}, out=sys.argv[1], base=base, data="digits", jobs=1, progress=False)
"""


def test_every_variant_is_run_with_every_seed_and_the_base_once(tmp_path: Path) -> None:
    results = sweep(CHANGE, out=tmp_path / "runs.jsonl", seeds=(0, 1), jobs=1, **SMALL)
    said = [(r.settings["kernel"], r.settings["batch_size"], r.seed) for r in results]
    assert said == [(5, 64, 0), (3, 64, 0), (5, 32, 0), (5, 64, 1), (3, 64, 1), (5, 32, 1)]
    assert all(r.accuracy is not None for r in results)


def test_what_is_there_is_not_run_again_and_a_larger_sweep_takes_it_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "runs.jsonl"
    first = sweep(CHANGE, out=out, seeds=(0,), jobs=1, **SMALL)
    before = out.read_bytes()
    assert sweep(CHANGE, out=out, seeds=(0,), jobs=1, **SMALL) == first
    assert out.read_bytes() == before
    larger = sweep(CHANGE, out=out, seeds=(0, 1), jobs=1, **SMALL)
    assert out.read_bytes().startswith(before)
    assert list(larger)[:3] == list(first)


def test_two_jobs_give_the_same_results_as_one(tmp_path: Path) -> None:
    one = sweep(CHANGE, out=tmp_path / "one.jsonl", seeds=(0,), jobs=1, **SMALL)
    two = sweep(CHANGE, out=tmp_path / "two.jsonl", seeds=(0,), jobs=2, **SMALL)
    assert [(r.key, r.accuracy) for r in one] == [(r.key, r.accuracy) for r in two]


def test_a_killed_sweep_goes_on_and_repeats_nothing(tmp_path: Path) -> None:
    out = tmp_path / "runs.jsonl"
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, os.fspath(out)])
    end = time.monotonic() + 60
    while time.monotonic() < end and not (out.exists() and out.read_bytes().count(b"\n") >= 2):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = list(read_results(out))
    assert 2 <= len(kept) < 15
    subprocess.run([sys.executable, "-c", SCRIPT, os.fspath(out)], check=True)
    assert list(read_results(out))[: len(kept)] == kept
    assert out.read_bytes().count(b"\n") == 15  # (the base and four kernels, one of them too much) × 3 seeds


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C as usual, also where a shell started the tests in the background, which makes it be ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("jobs", [1, 2])
def test_the_stop_button_keeps_whole_runs_only_and_the_same_call_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], jobs: int
) -> None:
    out = tmp_path / "runs.jsonl"
    long: dict[str, Any] = {**SMALL, "base": {"channels": (4,), "epochs": 30}, "seeds": (0, 1), "jobs": jobs}

    def press_stop() -> None:
        while not read_results(out):
            time.sleep(0.01)
        signal.raise_signal(signal.SIGINT)

    presser = threading.Thread(target=press_stop, daemon=True)
    presser.start()
    stopped = sweep(CHANGE, out=out, progress=False, **long)
    presser.join(timeout=10)
    assert 1 <= len(stopped) < 6
    assert capsys.readouterr().out == (
        f"Stopped: {len(stopped)} of 6 runs are kept, and the same call goes on with the rest.\n"
    )
    kept = out.read_bytes()
    whole = sweep(CHANGE, out=out, progress=False, **long)
    assert out.read_bytes().startswith(kept)
    assert out.read_bytes().count(b"\n") == 6
    undisturbed = sweep(CHANGE, out=tmp_path / "other.jsonl", progress=False, **{**long, "jobs": 1})
    assert [(r.key, r.accuracy) for r in whole] == [(r.key, r.accuracy) for r in undisturbed]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"change": {"kernel": 3}}, r"change\['kernel'\]=3 is no list of values"),
        ({"change": {"optimizer": "sgd"}}, "is no list of values"),
        ({"seeds": ()}, "seeds is empty"),
        ({"images": 0}, "images=0 is too small: use images >= 1"),
        ({"images": 1.5}, "images=1.5 is a float, and a number of images is whole"),
        ({"base": 5}, "base=5 is no mapping"),
        ({"seeds": [0.5]}, "seeds holds 0.5: a seed is a whole number"),
        ({"seeds": [-1]}, "seeds holds -1: a seed is 0 to"),
        ({"change": {"optimizer": [None]}}, "optimizer is a NoneType: give a name"),
        ({"images": 5000}, "images=5000: digits leaves 1 to"),
        ({"jobs": 0}, "jobs=0: give 1 or more"),
        ({"change": {"kernel": [3, 40]}}, "conv1 does not fit"),
        ({"change": {"colour": [1]}}, "unknown setting 'colour'"),
    ],
)
def test_a_wrong_argument_is_said_before_anything_runs(
    tmp_path: Path, arguments: dict[str, Any], says: str
) -> None:
    out = tmp_path / "runs.jsonl"
    given = {"change": CHANGE, **SMALL, **arguments}
    with pytest.raises((ValueError, TypeError), match=says):
        sweep(given.pop("change"), out=out, progress=False, **given)
    assert not out.exists()


def test_a_place_that_cannot_be_written_is_said_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is a folder"):
        sweep(CHANGE, out=tmp_path, **SMALL)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"seeds": 3}, r"seeds=3 is no list of seeds: write range\(3\)"),
        ({"change": [1]}, r"change=\[1\] is no mapping"),
        ({"images": "64"}, "images='64' is a str, not a whole number"),
    ],
    ids=str,
)
def test_an_argument_of_another_kind_is_told_before_anything_runs(tmp_path, wrong, says):
    given = {"change": {}, "seeds": [0], "images": 64, "data": "digits", "jobs": 1, **wrong}
    with pytest.raises(TypeError, match=says):
        sweep(given.pop("change"), out=tmp_path / "runs.jsonl", **given)
    assert not (tmp_path / "runs.jsonl").exists()


@pytest.mark.parametrize(
    "values", [np.array([12, 13]), torch.tensor([12, 13]), range(12, 14), [np.int64(12), 13]]
)
def test_numbers_of_numpy_and_pytorch_are_pythons_in_the_file(values: Any, tmp_path: Path) -> None:
    out = tmp_path / "runs.jsonl"
    given = {**SMALL, "seeds": np.arange(1), "jobs": 1}
    found = sweep({"hidden": values}, out=out, progress=False, **given)
    assert [r.settings["hidden"] for r in found] == [0, 12, 13]
    again = sweep({"hidden": [12, 13]}, out=out, progress=False, **{**SMALL, "seeds": [0], "jobs": 1})
    assert [r.key for r in again] == [r.key for r in found]
    assert len(read_results(out)) == 3


def test_a_full_disk_says_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append, written = sys.modules["cnnlab.experiments.sweep"].append, []  # type: ignore[attr-defined]

    def full(path: Path, result: Any) -> None:
        if written:
            raise OSError(28, "No space left on device")
        written.append(append(path, result))

    out = tmp_path / "runs.jsonl"
    monkeypatch.setattr(sys.modules["cnnlab.experiments.sweep"], "append", full)
    says = r"No space left on device \(.*runs\.jsonl\): 1 of 3 runs are kept, and the same call goes on"
    with pytest.raises(OSError, match=says):
        sweep(CHANGE, out=out, progress=False, **{**SMALL, "seeds": [0], "jobs": 1})
    assert len(read_results(out)) == 1
