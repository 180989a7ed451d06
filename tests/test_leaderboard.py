"""The leaderboard: what a try is measured on, how the laps are kept, and that nothing is lost."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from cnnlab import leaderboard as module
from cnnlab.data import load_data
from cnnlab.leaderboard import attempt, leaderboard, path
from cnnlab.models import CNNRace
from cnnlab.race import Lap

SETTINGS = {"device": "cpu", "epochs": 1, "batch_size": 64, "precision": "float32"}


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CNNLAB_LEADERBOARD", str(tmp_path / "mine.jsonl"))
    return tmp_path / "mine.jsonl"


@pytest.fixture
def digits():
    return load_data("digits")


@pytest.fixture
def laps(monkeypatch):
    """Laps that take no time: [(seconds, accuracy), …] in the order of the seeds; the warm-up takes none."""
    asked = []

    def give(*found):
        waiting = list(found)

        def lap(data, seed, build, device, **settings):
            asked.append((data, seed, settings))
            few = len(data.train) == 256
            return Lap(seed, *(0.0, 0.0)) if few else Lap(seed, *waiting.pop(0))

        monkeypatch.setattr(module, "lap", lap)
        return asked

    return give


def tiny() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def kept(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_try_is_trained_kept_and_shown(digits, file) -> None:
    table = attempt("one layer", tiny, data=digits, **SETTINGS)
    (row,) = table
    assert (row.name, row.seeds, row.parameters) == ("one layer", 1, 7850)
    assert row.seconds > 0
    (line,) = kept(file)
    assert (line["data"], line["seed"], line["parameters"]) == ("digits", 0, 7850)
    assert line["settings"]["batch_size"] == 64


def test_no_test_image_is_looked_at(digits, laps) -> None:
    asked = laps((1.0, 98.0))
    attempt("mine", tiny, data=digits)
    for data, _, _ in asked:
        assert data.test is not digits.test
        assert len(data.train) + len(data.test) in (len(digits.train), 256 + len(data.test))
    trained, measured = asked[-1][0].train, asked[-1][0].test
    assert len(trained) + len(measured) == len(digits.train)
    assert asked[-1][2]["epochs"] == 5


def test_those_who_reached_the_goal_stand_on_top_by_their_seconds(digits, laps) -> None:
    laps((3.0, 98.0), (1.0, 90.0), (2.0, 97.5), (0.5, 94.0))
    for name in ("slow", "hasty", "fast", "near"):
        table = attempt(name, tiny, data=digits)
    assert [(row.place, row.name) for row in table] == [
        ("1", "fast"),
        ("2", "slow"),
        ("", "near"),
        ("", "hasty"),
    ]
    assert table == leaderboard("digits")
    assert len(leaderboard("mnist")) == 0
    assert "97 % of the held-out images" in str(table)


def test_seeds_of_one_name_are_one_try(digits, laps) -> None:
    laps((1.0, 98.0), (3.0, 98.0), (2.0, 94.5), (2.5, 98.0))
    attempt("mine", tiny, data=digits)
    (row,) = attempt("mine ", tiny, data=digits, seeds=3)
    assert (row.seeds, row.seconds, row.worst) == (3, 2.25, 94.5)
    assert row.accuracy == pytest.approx((98 + 94.5 + 98) / 3)
    assert "lucky" not in str(leaderboard("digits"))


def test_one_name_stands_for_one_network_and_one_setting(digits, laps, file) -> None:
    laps((1.0, 98.0), (1.0, 98.0))
    attempt("mine", tiny, data=digits, lr=0.1)
    before = file.read_bytes()
    with pytest.raises(ValueError, match="'mine' is on the leaderboard with 7,850 parameters and lr=0"):
        attempt("mine", tiny, data=digits, lr=0.2)
    with pytest.raises(ValueError, match="give this try another name"):
        attempt("mine", CNNRace, data=digits, lr=0.1)
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "build", "settings", "message"),
    [
        ("", tiny, {}, "needs a name"),
        (3, tiny, {}, "name=3"),
        ("mine", tiny(), {}, "its class without brackets"),
        ("mine", "CNNRace", {}, "of the type str"),
        ("mine", lambda: 3, {}, "made is of the type int, not a network"),
        ("mine", tiny, {"seeds": 0}, "seeds"),
        ("mine", tiny, {"seed": 7}, "seed= is not yours to choose"),
        ("mine", tiny, {"validation": None}, "validation= is not yours"),
        ("mine", tiny, {"optimiser": "adam"}, "did you mean 'optimizer'"),
        ("mine", lambda: nn.Linear(3, 3), {}, "3"),
    ],
)
def test_what_cannot_be_raced_with_is_told_in_words_and_not_kept(
    digits, file, name, build, settings, message
) -> None:
    with pytest.raises(Exception, match=message):
        attempt(name, build, data=digits, **settings)
    assert not file.exists()


def test_other_data_have_no_goal(digits) -> None:
    with pytest.raises(ValueError, match="no goal for 'fashion': it is run on mnist or digits"):
        attempt("mine", tiny, data=dataclasses.replace(digits, name="fashion"))
    with pytest.raises(ValueError, match="no goal for 'letters'"):
        leaderboard("letters")


def test_damaged_lines_are_left_as_found(digits, laps, file) -> None:
    laps((1.0, 98.0), (2.0, 98.0))
    attempt("first", tiny, data=digits)
    broken = b'no lap\n{"name": "half"}\n[1]\n{"name": "cut of'
    file.write_bytes(file.read_bytes() + broken)
    table = attempt("second", tiny, data=digits)
    assert [row.name for row in table] == ["first", "second"]
    assert "lines 2, 3, 4, 5 hold no lap; left as found" in str(leaderboard("digits"))
    assert broken + b"\n" in file.read_bytes()


def test_a_file_that_cannot_be_written_costs_no_result(digits, laps, tmp_path, monkeypatch) -> None:
    laps((1.0, 98.0))
    monkeypatch.setenv("CNNLAB_LEADERBOARD", str(tmp_path / "missing" / "mine.jsonl"))
    table = attempt("mine", tiny, data=digits)
    assert [row.name for row in table] == ["mine"]
    assert "It is not kept" in str(table)
    assert "CNNLAB_LEADERBOARD" in str(table)


def test_a_folder_in_its_place_is_told(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("CNNLAB_LEADERBOARD", str(tmp_path))
    assert "cannot be read" in str(leaderboard("digits"))


def test_it_stands_beside_the_predictions_unless_it_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("CNNLAB_LEADERBOARD")
    monkeypatch.setenv("CNNLAB_PREDICTIONS", str(tmp_path / "deep" / "mine.json"))
    assert path() == tmp_path / "deep" / "leaderboard.jsonl"
    monkeypatch.delenv("CNNLAB_PREDICTIONS")
    assert path() == Path("leaderboard.jsonl")


WRITER = """
from cnnlab.leaderboard import Kept, _append
import sys
for seed in range(100):
    assert _append(Kept(sys.argv[1], "digits", seed, 1.0, 98.0, 10, {"lr": 0.1}, "2026-11-22")) == ""
"""


def test_two_kernels_at_once_lose_nothing(file) -> None:
    environment = {**os.environ, "CNNLAB_LEADERBOARD": str(file)}
    command = [sys.executable, "-c", WRITER]
    both = [subprocess.Popen([*command, name], env=environment) for name in ("one", "two")]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    assert len(kept(file)) == 200
    assert [row.seeds for row in leaderboard("digits")] == [100, 100]


@pytest.mark.parametrize(
    "odd",
    [
        {"name": ["a"]},
        {"name": "half \ud800"},
        {"parameters": 3.5},
        {"accuracy": float("nan")},
        {"accuracy": 1e9},
        {"seconds": -1.0},
        {"seconds": 10**400},
        {"data": 1},
    ],
)
def test_a_line_with_an_odd_value_is_left_out_and_told(odd, digits, laps, file) -> None:
    attempt("mine", data=digits)
    line = json.loads(file.read_text(encoding="utf-8"))
    with open(file, "a", encoding="utf-8") as kept:
        kept.write(json.dumps(line | odd) + "\n")
    assert "line 2 holds no lap" in str(leaderboard("digits"))


def test_a_line_nested_without_end_is_left_out_and_told(digits, laps, file) -> None:
    laps((1.0, 98.0))
    attempt("mine", data=digits)
    with open(file, "a", encoding="utf-8") as kept:
        kept.write("[" * 100_000 + "\n")
    assert "line 2 holds no lap" in str(leaderboard("digits"))


def test_a_name_that_no_file_can_keep_is_refused_before_any_lap(digits, laps) -> None:
    asked = laps()
    with pytest.raises(ValueError, match="holds half a character"):
        attempt("x\ud800", tiny, data=digits)
    assert asked == []


def test_a_build_that_gives_one_network_again_is_refused_before_any_lap(digits, laps) -> None:
    asked, net = laps(), tiny()
    for build in (lambda: net, lambda: copy.deepcopy(net)):
        with pytest.raises(ValueError, match=r"build\(\) gives the same weights twice"):
            attempt("again", build, data=digits)
    assert asked == []


def test_weights_that_begin_with_zeros_may_begin_so_every_time(digits, laps) -> None:
    def zeros() -> nn.Module:
        net = tiny()
        for parameter in net.parameters():
            nn.init.zeros_(parameter)
        return net

    laps((1.0, 98.0))
    assert "zeros" in attempt("zeros", zeros, data=digits).column("name")


def test_a_lambda_is_the_same_try_again(digits, laps, file) -> None:
    laps((1.0, 98.0), (1.0, 98.0))
    for _ in range(2):
        attempt("sgd", tiny, data=digits, optimizer=lambda p: torch.optim.SGD([q for q in p], lr=0.1))
    assert len(kept(file)) == 2


def test_other_layers_with_as_many_parameters_and_another_lambda_are_another_try(digits, laps) -> None:
    laps((1.0, 98.0), (1.0, 98.0))
    attempt("mine", tiny, data=digits)
    with pytest.raises(ValueError, match="'mine' is on the leaderboard"):
        attempt("mine", lambda: nn.Sequential(*tiny(), nn.ReLU()), data=digits)
    attempt("sgd", tiny, data=digits, optimizer=lambda p: torch.optim.SGD(p, lr=0.1))
    with pytest.raises(ValueError, match="'sgd' is on the leaderboard"):
        attempt("sgd", tiny, data=digits, optimizer=lambda p: torch.optim.SGD(p, lr=0.5))


def test_a_lap_of_before_the_layers_were_kept_counts_as_the_same_try(digits, laps, file) -> None:
    laps((1.0, 98.0), (2.0, 98.0))
    attempt("mine", tiny, data=digits)
    (old,) = kept(file)
    del old["network"]
    file.write_text(json.dumps(old) + "\n", encoding="utf-8")
    attempt("mine", tiny, data=digits)
    assert len(kept(file)) == 2


def test_a_disk_that_takes_half_a_line_is_told(digits, laps, file, monkeypatch) -> None:
    laps((1.0, 98.0), (2.0, 98.0))
    attempt("mine", tiny, data=digits)

    class Full:
        """A file on a disk that has room for 40 bytes more."""

        def __init__(self, *arguments, **settings) -> None:
            self.file = open(*arguments, **settings)  # noqa: SIM115

        def __enter__(self):
            return self

        def __exit__(self, *error) -> None:
            self.file.close()

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, line: bytes) -> int:
            return self.file.write(line[:40])

    monkeypatch.setattr(module, "open", Full, raising=False)
    table = attempt("mine", tiny, data=digits)
    assert "It is not kept: " in str(table)
    assert "only 40 of" in str(table)
    monkeypatch.undo()


def test_the_readers_random_numbers_are_left_alone(digits, laps) -> None:
    laps((1.0, 98.0))
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    attempt("mine", tiny, data=digits)
    assert torch.equal(torch.rand(1), expected)
