"""What a step frees is kept for the next one; measured in a process of its own, as it cannot be undone."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

from cnnlab import memory

STEPS = """
import resource
import torch
from cnnlab import models
from cnnlab.memory import keep_memory

if {kept}:
    assert keep_memory()
model = models.build("cnn_padded")
images, labels = torch.randn(100, 1, 28, 28), torch.randint(10, (100,))
faults = []
for _ in range(16):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.nn.functional.cross_entropy(model(images), labels).backward()
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(sorted(faults[8:])[4])
"""
ONE_MAP = 100 * 32 * 28 * 28 * 4 // 4096  # pages of the largest map of a step
glibc = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None) if os.name == "posix" else None, "gnu_get_libc_version"),
    reason="the C library is not glibc",
)


@pytest.fixture
def asked(monkeypatch):
    """What is asked of a library that only listens."""
    calls = []

    class Library:
        gnu_get_libc_version = staticmethod(lambda: b"2.36")

        @staticmethod
        def mallopt(name, value):
            calls.append((name, value))
            return 1

    for name in (*memory._CHOSEN, "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(memory.sys, "platform", "linux")
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: Library)
    memory.keep_memory.cache_clear()
    yield calls
    memory.keep_memory.cache_clear()


def test_both_thresholds_are_asked_for_once(asked):
    assert memory.keep_memory() is True
    assert memory.keep_memory() is True
    assert asked == [(-3, memory.KEPT), (-1, memory.KEPT)]


@pytest.mark.parametrize(
    ("name", "value"),
    [("MALLOC_TRIM_THRESHOLD_", "1000000"), ("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")],
)
def test_what_the_user_has_chosen_stays(asked, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert memory.keep_memory() is False
    assert asked == []


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_are_not_asked(asked, monkeypatch, platform):
    monkeypatch.setattr(memory.sys, "platform", platform)
    assert memory.keep_memory() is False
    assert asked == []


def test_another_c_library_is_not_asked(asked, monkeypatch):
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())
    assert memory.keep_memory() is False


@glibc
def test_a_step_of_training_uses_its_pages_again():
    free = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    faults = {}
    for kept in (True, False):
        done = subprocess.run(
            [sys.executable, "-c", STEPS.format(kept=kept)],
            capture_output=True,
            text=True,
            env=free,
            timeout=120,
            check=True,
        )
        faults[kept] = int(done.stdout)
    assert faults[True] < ONE_MAP / 10
    assert faults[True] <= faults[False]
