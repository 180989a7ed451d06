"""Times measured once and kept."""

import json

import pytest

from cnnlab.timing import Recorded, read_recorded, record
from cnnlab.timing.recorded import SHIPPED


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "times.json"
    return path, record(path, ["logistic"], (2, 10**12), "cpu", min_seconds=0.001)


def test_what_is_recorded_is_read_back_the_same(written):
    path, recorded = written
    assert isinstance(recorded, Recorded)
    assert read_recorded(path) == recorded


def test_a_record_names_the_machine_the_versions_and_the_date(written):
    content = json.loads(written[0].read_text())
    assert content["machine"]["device"] == "CPU"
    assert content["machine"]["torch"]
    assert content["machine"]["date"]
    assert content["driver"] is None  # the CPU needs none


def test_a_record_has_training_steps_and_transfers(written):
    recorded = written[1]
    assert recorded.training["logistic"].column("batch_size") == [2, 10**12]
    assert recorded.training["logistic"][1].note == "out of memory"
    assert list(recorded.transfer) == [2]  # what does not fit is left out


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
