"""Times measured once and kept."""

import json

import pytest
import torch

from cnnlab.timing import Recorded, precisions_of, read_recorded, record, record_gpu, recorded
from cnnlab.timing.recorded import SHIPPED

BOTH = ("float32", "bfloat16")


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "times.json"
    return path, record(path, ["logistic"], (2, 10**12), "cpu", 0.001, BOTH)


def test_what_is_recorded_is_read_back_the_same(written):
    path, times = written
    assert isinstance(times, Recorded)
    assert read_recorded(path) == times


def test_a_record_names_the_machine_the_versions_and_the_date(written):
    content = json.loads(written[0].read_text())
    assert content["machine"]["device"] == "CPU"
    assert content["machine"]["torch"]
    assert content["machine"]["date"]
    assert content["driver"] is None  # the CPU needs none
    assert content["cudnn"] is None


def test_a_record_has_training_steps_in_each_precision_and_transfers(written):
    times = written[1]
    assert tuple(times.training["logistic"]) == BOTH
    for table in times.training["logistic"].values():
        assert table.column("batch_size") == [2, 10**12]
        assert table[1].note == "out of memory"
    assert list(times.transfer) == [2]  # what does not fit is left out


def test_the_precisions_are_those_that_the_device_has(tmp_path, monkeypatch):
    monkeypatch.setattr(recorded, "has_bfloat16", lambda device: False)
    assert precisions_of("cpu") == ("float32",)
    times = record(tmp_path / "times.json", ["logistic"], (2,), "cpu", min_seconds=0.001)
    assert list(times.training["logistic"]) == ["float32"]
    monkeypatch.setattr(recorded, "has_bfloat16", lambda device: True)
    monkeypatch.setattr(recorded, "has_tf32", lambda device: True)
    assert precisions_of("cpu") == ("float32", "tf32", "bfloat16")


def test_where_there_is_no_gpu_nothing_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(recorded, "pick_device", lambda name: torch.device("cpu"))
    with pytest.raises(ValueError, match="there is no GPU here, so there is nothing to record"):
        record_gpu(tmp_path / "times.json")
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_is_there_is_written_over_only_when_asked(tmp_path, monkeypatch):
    path, measured = tmp_path / "times.json", []
    path.write_text("{}")
    monkeypatch.setattr(recorded, "pick_device", lambda name: torch.device("cuda"))
    monkeypatch.setattr(recorded, "record", lambda path, device: measured.append((path, device.type)))
    with pytest.raises(ValueError, match=r"times\.json is there already: .* --replace"):
        record_gpu(path)
    assert measured == []
    record_gpu(path, replace=True)
    assert measured == [(path, "cuda")]


def test_where_there_is_no_file_there_are_no_times(tmp_path):
    assert read_recorded(tmp_path / "nothing.json") is None


def test_what_cnnlab_ships_was_measured_on_a_gpu():
    shipped = read_recorded()
    if shipped is None:
        assert not SHIPPED.exists()
    else:
        assert shipped.machine.device != "CPU"
        assert shipped.driver


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"machine": {"processor": "x"}}'])
def test_another_file_is_refused(tmp_path, content):
    path = tmp_path / "times.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"times\.json does not hold recorded times .*measure them again"):
        read_recorded(path)


def test_nothing_is_written_when_a_name_is_wrong(tmp_path):
    with pytest.raises(ValueError, match="unknown network"):
        record(tmp_path / "times.json", ["cnn320"], (2,), "cpu", min_seconds=0.001)
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.json").write_text('{"mine": 1}')
    with pytest.raises(ValueError, match="was not written by cnnlab record-gpu: name another file"):
        record(tmp_path / "mine.json", ["logistic"], (2,), "cpu", 0.001)
    assert (tmp_path / "mine.json").read_text() == '{"mine": 1}'


def test_the_batch_sizes_may_come_one_by_one(tmp_path):
    times = record(tmp_path / "t.json", ["logistic", "mlp"], iter((2, 3)), "cpu", 0.001, ("float32",))
    assert [times.training[name]["float32"].column("batch_size") for name in ("logistic", "mlp")] == [
        [2, 3]
    ] * 2
