"""What another process says of PyTorch, whole or broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cnnlab import probe as module
from cnnlab.probe import Answers, probe


@pytest.fixture
def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answers]:
    """What `probe` says where these packages hold this source; the others only have a version."""

    def probe_with(**sources: str) -> Answers:
        for name in ("jupyterlab", "ipywidgets", "torch", "torchvision"):
            (tmp_path / f"{name}.py").write_text(sources.get(name, "__version__ = '1.0'"))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return probe()

    return probe_with


def test_every_question_has_an_answer(pretend: Callable[..., Answers]) -> None:
    answers = pretend()
    assert list(answers) == list(module.QUESTIONS)
    assert answers["jupyterlab"] == answers["torchvision"] == {"version": "1.0"}


def test_a_pytorch_that_raises_is_an_answer(pretend: Callable[..., Answers]) -> None:
    answers = pretend(torch="raise OSError('libcudart.so.13: cannot open shared object file')")
    assert answers["torch"] == {"error": "libcudart.so.13: cannot open shared object file"}
    assert "error" in answers["data"], "the data package needs torch"


def test_an_error_without_words_is_named_by_its_kind(pretend: Callable[..., Answers]) -> None:
    assert pretend(torch="raise ImportError")["torch"] == {"error": "ImportError"}


def test_a_pytorch_that_ends_the_process_hides_no_earlier_answer(pretend: Callable[..., Answers]) -> None:
    answers = pretend(torch="import os, sys; print('gone', file=sys.stderr, flush=True); os._exit(3)")
    assert answers["torch"] == {"error": "Python ended with status 3: gone"}
    assert answers["data"] == {"error": "Python ended with status 3: gone"}
    assert answers["ipywidgets"] == {"version": "1.0"}


def test_what_a_package_prints_is_no_answer(pretend: Callable[..., Answers]) -> None:
    assert pretend(ipywidgets="print('hello'); __version__ = '8.0'")["ipywidgets"] == {"version": "8.0"}


def test_a_process_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.01)
    assert probe()["torch"] == {"error": "no answer in 0.01 s"}
