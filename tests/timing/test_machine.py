"""What a time was measured on."""

import datetime
import os
import subprocess

import pytest
import torch

from cnnlab.timing import Machine, device_name, driver_version, load, machine


def test_a_machine_says_what_a_time_depends_on():
    m = machine()
    assert isinstance(m, Machine)
    assert m.processor
    assert m.cores >= 1
    assert m.threads == torch.get_num_threads() == 1
    assert m.memory > 0.1
    assert m.device == "CPU"
    assert m.torch == torch.__version__
    assert datetime.date.fromisoformat(m.date)


def test_a_machine_is_one_line():
    m = Machine("Some CPU", 2, 1, 7.6, "CPU", "2.15.0", "3.11.7", "Linux", "2026-01-31")
    assert str(m) == "Some CPU, 2 cores, 1 thread, 8 GiB; torch 2.15.0, Python 3.11.7, Linux; 2026-01-31"


def test_a_gpu_comes_first():
    m = Machine("Some CPU", 2, 1, 7.6, "Some GPU", "2.15.0", "3.11.7", "Linux", "2026-01-31")
    assert str(m).startswith("Some GPU; Some CPU, 2 cores")


def test_device_name_of_the_cpu_and_of_an_unknown_device():
    assert device_name("cpu") == "CPU"
    with pytest.raises(ValueError, match="unknown device"):
        device_name("tpu")


def test_the_driver_is_none_where_there_is_no_nvidia_smi(monkeypatch):
    def missing(*args, **kwargs):
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", missing)
    assert driver_version() is None


def test_the_driver_is_the_first_line_of_nvidia_smi(monkeypatch):
    answer = subprocess.CompletedProcess([], 0, stdout="570.86.15\n570.86.15\n")
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: answer)
    assert driver_version() == "570.86.15"


def test_the_load_is_that_of_the_last_minute_where_the_system_knows_it(monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (1.5, 9.0, 9.0), raising=False)
    assert load() == 1.5
    monkeypatch.delattr(os, "getloadavg")
    assert load() is None
