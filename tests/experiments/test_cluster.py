"""The runs of an experiment on a real Dask scheduler with real worker processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from cnnlab.experiments import cluster as cluster_module
from cnnlab.experiments import sweep
from cnnlab.experiments.cluster import performed_on
from cnnlab.experiments.run import task
from tests.experiments.test_sweep import CHANGE, SMALL

distributed = pytest.importorskip("distributed")


def test_a_scheduler_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"):
        sweep(CHANGE, out=tmp_path / "runs.jsonl", scheduler="tcp://127.0.0.1:9", progress=False, **SMALL)


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1", "here", "tcp://127.0.0.1:abc", "http://127.0.0.1:8786", "", 8786]
)
def test_what_is_no_address_is_told_how_one_looks(address: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"is no address: it looks like 'tcp://10\.0\.0\.5:8786'"):
        sweep(CHANGE, out=tmp_path / "runs.jsonl", scheduler=address, progress=False, **SMALL)


def test_a_scheduler_without_workers_is_told_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "WAIT", 0.5)
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as cluster:
        address = cluster.scheduler_address
        with pytest.raises(ValueError, match=f"has no worker: start one, with `dask worker {address}`"):
            sweep(CHANGE, out=tmp_path / "runs.jsonl", scheduler=address, progress=False, **SMALL)


def test_on_a_cluster_a_worker_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    out = tmp_path / "runs.jsonl"
    here = sweep(CHANGE, out=tmp_path / "here.jsonl", seeds=(0, 1), jobs=1, progress=False, **SMALL)
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster:

        def kill_one() -> None:
            while not (out.exists() and out.stat().st_size):
                time.sleep(0.02)
            os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

        killer = threading.Thread(target=kill_one, daemon=True)
        killer.start()
        there = sweep(
            CHANGE, out=out, seeds=(0, 1), scheduler=cluster.scheduler_address, progress=False, **SMALL
        )
        killer.join(timeout=10)
        assert not killer.is_alive()
    assert [(r.key, r.accuracy) for r in there] == [(r.key, r.accuracy) for r in here]
    assert out.read_bytes().count(b"\n") == 6


@pytest.mark.parametrize(("workers", "threads"), [(1, 1), (1, 3)])
def test_the_workers_do_the_runs_one_at_a_time_in_a_process(
    workers: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"dropout": 0.5}  # it draws random numbers in every step
    tasks = [task(settings, seed, "digits", 64) for seed in range(4)]
    here = {r.key: r.accuracy for r in map(cluster_module.perform, tasks)}

    def here_nothing_runs(*_: Any) -> None:
        raise AssertionError("a run was made in the notebook's own process")

    monkeypatch.setattr("cnnlab.experiments.run._perform", here_nothing_runs)
    options = {"n_workers": workers, "threads_per_worker": threads, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster:
        found = list(performed_on(cluster.scheduler_address, tasks, None))
    assert {r.key: r.accuracy for r in found} == here


SCHEDULER = """
import time
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        time.sleep(120)
"""


def test_a_scheduler_that_is_killed_is_told_and_what_is_done_is_kept(tmp_path: Path) -> None:
    script, out = tmp_path / "scheduler.py", tmp_path / "runs.jsonl"
    script.write_text(SCHEDULER)
    there = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert there.stdout is not None
    address = there.stdout.readline().strip()

    def kill() -> None:
        while not (out.exists() and out.stat().st_size):
            time.sleep(0.02)
        there.kill()

    threading.Thread(target=kill, daemon=True).start()
    many = {**SMALL, "seeds": range(40)}
    with pytest.raises(
        OSError, match=r"is gone: start it again: \d+ of 120 runs are kept, and the same call"
    ):
        sweep(CHANGE, out=out, scheduler=address, progress=False, **many)
    assert out.read_bytes().count(b"\n") >= 1
