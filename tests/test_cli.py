"""The `cnnlab` command: what it runs, what it prints, and how it fails."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from cnnlab import doctor as doctor_module
from cnnlab.cli import app
from cnnlab.doctor import FIX, NOTE, PASS, Finding
from cnnlab.errors import DataError
from tests.data.closed import close


def cnnlab(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer without MNIST."""
    monkeypatch.delenv("CNNLAB_DATA", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))
    return tmp_path


def test_help_names_every_command() -> None:
    for arguments in ([], ["--help"]):
        text = cnnlab(*arguments).output
        assert all(name in text for name in ("doctor", "data", "reproduce", "bench"))


@pytest.mark.parametrize(("states", "code"), [((PASS, NOTE), 0), ((PASS, FIX, NOTE, FIX), 1)])
def test_doctor_prints_every_line_and_fails_if_something_must_be_fixed(
    monkeypatch: pytest.MonkeyPatch, states: tuple[str, ...], code: int
) -> None:
    findings = [Finding(f"thing {n}", state, "text", "remedy") for n, state in enumerate(states)]
    monkeypatch.setattr(doctor_module, "examine", lambda: iter(findings))
    run = cnnlab("doctor")
    assert run.exit_code == code
    assert [line[:4].strip() for line in run.output.splitlines() if "thing" in line] == list(states)
    assert run.output.splitlines()[-1] == ("2 of 4 must be fixed." if code else "Ready.")


def test_data_show_says_where_it_looks(nowhere: Path) -> None:
    run = cnnlab("data", "show")
    assert run.exit_code == 0
    assert "CNNLAB_DATA" in run.output
    assert str(nowhere / "cache") in run.output


def test_data_show_of_an_unknown_name_is_one_message(nowhere: Path) -> None:
    run = cnnlab("data", "show", "mnitst")
    assert run.exit_code == 1
    assert "did you mean 'mnist'?" in run.output
    assert "Traceback" not in run.output


def test_data_show_of_a_root_that_is_not_there_fails_and_says_so(nowhere: Path) -> None:
    run = cnnlab("data", "show", "--root", str(nowhere / "wrong"))
    assert run.exit_code == 1
    assert "wrong', which is not a folder. Correct it, or leave it out." in run.stderr


def test_data_verify_without_data_says_how_to_get_it(nowhere: Path) -> None:
    run = cnnlab("data", "verify")
    assert run.exit_code == 1
    assert "cnnlab data fetch mnist" in run.output


def test_data_verify_of_what_is_no_folder_says_so(nowhere: Path) -> None:
    run = cnnlab("data", "verify", "--root", str(nowhere / "wrong"))
    assert run.exit_code == 1
    assert run.stderr.strip() == f"{nowhere / 'wrong'} is not a folder: name the one that holds MNIST/raw."


def test_data_verify_names_the_damaged_file_and_fails(nowhere: Path) -> None:
    raw = nowhere / "mine" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03")
    for arguments in (["--root", str(nowhere / "mine")], []):
        run = CliRunner().invoke(
            app, ["data", "verify", *arguments], env={"CNNLAB_DATA": str(nowhere / "mine")}
        )
        assert run.exit_code == 1
        assert "cut off" in run.output
        assert "missing" in run.output


def test_data_verify_of_whole_data_passes() -> None:
    if not os.environ.get("CNNLAB_DATA"):
        pytest.skip("needs MNIST: set CNNLAB_DATA")
    run = cnnlab("data", "verify")
    assert run.exit_code == 0, run.output
    assert run.output.count("verified") == 4


def test_data_alone_fetches_and_shows(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("cnnlab.data.fetch", lambda *given: asked.append(given) or "the files")
    run = cnnlab("data")
    assert run.exit_code == 0
    assert asked == [("mnist", None)]
    assert "the files" in run.output
    assert "looks in" in run.output


def test_a_download_that_fails_is_one_message(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object) -> None:
        raise DataError("no server answered: copy the files by hand")

    monkeypatch.setattr("cnnlab.data.fetch", no_network)
    run = cnnlab("data", "fetch")
    assert run.exit_code == 1
    assert run.output.strip() == "no server answered: copy the files by hand"


def test_data_without_a_network_still_shows_what_is_used(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object) -> None:
        raise DataError("no server answered: copy the files by hand")

    monkeypatch.setattr("cnnlab.data.fetch", no_network)
    run = cnnlab("data")
    assert run.exit_code == 1
    assert "no server answered: copy the files by hand" in run.output
    assert "looks in" in run.output


def test_reproduce_of_an_unknown_network_suggests_the_nearest() -> None:
    run = cnnlab("reproduce", "cnn_321")
    assert run.exit_code == 1
    assert "did you mean 'cnn_320'?" in run.output


@pytest.mark.parametrize(("holds", "code"), [(True, 0), (None, 0), (False, 1)])
def test_reproduce_prints_its_table_and_fails_where_a_band_is_missed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, holds: bool | None, code: int
) -> None:
    from cnnlab.reproduce import Reproduced
    from cnnlab.table import Table

    fields = {field.name: 0 for field in dataclasses.fields(Reproduced)}
    row = Reproduced(**fields | {"network": "cnn_320", "holds": holds})  # type: ignore[arg-type]
    asked: list[Any] = []

    def reproduce(*given: object, **options: object) -> Table[Reproduced]:
        asked.append((given, options))
        return Table([row])

    monkeypatch.setattr("cnnlab.reproduce.reproduce", reproduce)
    run = cnnlab("reproduce", "cnn_320", "--seeds", "1", "--out", str(tmp_path / "r.md"), "--epochs", "2")
    assert run.exit_code == code
    assert "cnn_320" in run.output
    assert asked == [((["cnn_320"], 1, None, tmp_path / "r.md"), {"epochs": 2, "device": "auto"})]


def test_bench_writes_where_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(
        "cnnlab.benchmark.benchmark", lambda *given, **options: asked.append((given, options)) or "the table"
    )
    run = cnnlab("bench", "--quick", "--out", str(tmp_path / "b.md"))
    assert run.exit_code == 0
    assert run.output.strip().endswith("the table")
    assert asked == [((tmp_path / "b.md",), {"root": None, "quick": True, "rounds": 5})]


@pytest.mark.skipif(torch.cuda.is_available() or torch.backends.mps.is_available(), reason="has a GPU")
def test_record_gpu_without_a_gpu_is_one_message(tmp_path: Path) -> None:
    run = cnnlab("record-gpu", str(tmp_path / "times.json"))
    assert run.exit_code == 1
    assert "there is no GPU here, so there is nothing to record" in run.output
    assert not (tmp_path / "times.json").exists()


def test_record_gpu_says_what_was_measured_and_where_notebook_7_looks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    times = SimpleNamespace(machine="a machine", driver="1.2")
    monkeypatch.setattr("cnnlab.timing.record_gpu", lambda out, replace: times)
    run = cnnlab("record-gpu", str(tmp_path / "times.json"), "--replace")
    assert run.exit_code == 0
    assert "a machine; driver 1.2" in run.output
    assert "recorded_gpu.json" in run.output


def test_bench_of_too_few_rounds_is_one_message() -> None:
    run = cnnlab("bench", "--quick", "--rounds", "1")
    assert run.exit_code == 1
    assert "rounds" in run.output
    assert "Traceback" not in run.output


def test_data_show_of_a_wrong_CNNLAB_DATA_fails_as_a_wrong_root_does(nowhere: Path) -> None:
    run = CliRunner().invoke(app, ["data", "show"], env={"CNNLAB_DATA": str(nowhere / "wrong")})
    assert run.exit_code == 1
    assert "CNNLAB_DATA names" in run.stderr
    assert "wrong', which is not a folder. Correct it, or leave it out." in run.stderr


@pytest.mark.parametrize("command", ["fetch", "verify", "show"])
def test_a_folder_that_may_not_be_entered_is_one_message(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (nowhere / "home" / "mine").mkdir(parents=True)
    close(nowhere / "home", monkeypatch)
    run = cnnlab("data", command, "--root", str(nowhere / "home" / "mine"))
    assert run.exit_code == 1
    assert f"you may not read {nowhere / 'home'}. Change its permissions" in run.stderr


@pytest.mark.parametrize("command", [["verify"], ["show"], ["fetch"]])
def test_a_home_folder_of_nobody_is_said_in_words(command):
    result = cnnlab("data", *command, "--root", "~nosuchuser/x")
    assert result.exit_code == 1
    assert "there is no user of that name" in result.output
    assert not result.exception or isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("name", ["kmnist", "mnist", "fashion_mnist"])
def test_a_data_set_without_a_command_gets_the_command_suggested(name):
    result = cnnlab("data", name)
    assert result.exit_code == 2
    assert f"cnnlab data fetch {name}" in result.output


def test_an_option_in_front_of_the_command_is_said_to_belong_behind_it():
    result = cnnlab("data", "--root", "somewhere", "show")
    assert result.exit_code == 2
    assert "cnnlab data show --root" in result.output


def test_a_folder_for_the_weights_that_cannot_be_made_is_said_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    result = cnnlab("pretrain", "mlp", "--epochs", "1", "--out", str(tmp_path / "file" / "y"))
    assert result.exit_code == 1
    assert "Errno" not in result.output
    assert "cannot be a folder" in result.output


def test_a_code_page_without_a_sign_shows_a_question_mark() -> None:
    code = (
        "from cnnlab.cli import app\ntry: app(['data', 'show', 'mnist'])\nfinally: print('8 \\u2212 5 = 3')"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        capture_output=True,
        check=False,
    )
    assert said.stdout.endswith((b"8 ? 5 = 3\n", b"8 ? 5 = 3\r\n"))
