"""What another process says of PyTorch, whole or broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnlab import probe as module
from cnnlab.probe import probe


def fake(folder: Path, name: str, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that takes the place of the real one in the other process."""
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_a_working_set_up_answers_every_question(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import torch

    monkeypatch.setenv("CNNLAB_DATA", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    answers = probe()
    assert list(answers) == list(module.QUESTIONS)
    assert [name for name, found in answers.items() if "error" in found] == []
    assert answers["torch"]["version"] == torch.__version__
    assert answers["torch"]["trouble"] == ""
    assert answers["data"] == {"folder": ""}


def test_a_pytorch_that_ends_the_process_hides_no_earlier_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = "import os, sys; print('gone', file=sys.stderr, flush=True); os._exit(3)"
    fake(tmp_path, "torch", source, monkeypatch)
    answers = probe()
    assert answers["torch"] == {"error": "Python ended with status 3: gone"}
    assert answers["data"] == {"error": "Python ended with status 3: gone"}
    assert "version" in answers["ipywidgets"]


def test_what_a_package_prints_is_no_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake(tmp_path, "ipywidgets", "print('hello'); __version__ = '8.0'", monkeypatch)
    (tmp_path / "torch.py").write_text("raise OSError('libcudart.so.13: cannot open shared object file')")
    answers = probe()
    assert answers["ipywidgets"] == {"version": "8.0"}
    assert answers["torch"] == {"error": "libcudart.so.13: cannot open shared object file"}


def test_a_process_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.01)
    assert probe()["torch"] == {"error": "no answer in 0.01 s"}
