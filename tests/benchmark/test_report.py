"""The command: what it measures, in which order, and what it writes."""

import pytest

from cnnlab.benchmark import BY_HAND, Measured, benchmark, floor, report, starting, training
from cnnlab.benchmark.loops import lab_002_epoch, lab_004_epoch
from cnnlab.timing import thread_count


@pytest.fixture
def quick_parts(monkeypatch, few):
    """Few images, no new Python, no kernel, no compiler, and the smallest network for the steps."""
    monkeypatch.setattr(report, "load_data", lambda name, root: few)
    monkeypatch.setattr(starting, "import_seconds", lambda statement: 0.1)
    monkeypatch.setattr(starting, "first_picture", lambda notebook, root: 2.0)
    monkeypatch.setattr(training.torch, "compile", lambda model: model)
    monkeypatch.setattr(training, "has_bfloat16", lambda device: False)
    monkeypatch.setattr(
        training,
        "LABS",
        {"cnn_320": (lab_002_epoch, "≥ 5 times", None), "cnn_padded": (lab_004_epoch, "≥ 2 times", "")},
    )
    steps = floor.floor_rows
    monkeypatch.setattr(floor, "SQUARE", 64)
    monkeypatch.setattr(report, "floor_rows", lambda train, rounds: steps(train, rounds, ("cnn_320",)))


def test_it_measures_each_thing_and_writes_both_tables(quick_parts, tmp_path, capsys):
    out = tmp_path / "new" / "results.md"
    table = benchmark(out, quick=True, rounds=3)
    assert [row.what.split(", after")[0] for row in table] == [
        "import cnnlab",
        "import the names of a first training",
        "import all public names",
        "first picture of notebook 1, from a cold kernel",
        "load_data, with its checks",
        "read an epoch, batch 64",
        "train an epoch of cnn_320, batch 50",
        "train an epoch of cnn_320, batch 50, its steps only",
        "train an epoch of cnn_padded, batch 100",
        "train an epoch of cnn_padded, batch 100, its steps only",
    ]
    assert all(isinstance(row, Measured) and row.seconds > 0 for row in table)
    written = out.read_text()
    assert "with digits, an epoch being 100 images" in written
    assert "| lab 002's loop |" in written
    assert "does not multiply 16-bit numbers" in written
    assert written.index("## A step against the floor") < written.index("| cnn_320 | 50 | float32 |")
    assert written.index(BY_HAND) < written.index(report.PLACE)
    said = capsys.readouterr().out
    assert "read an epoch, batch 64: " in said
    assert "cnn_320, float32: " in said


def test_too_few_rounds_are_refused(quick_parts, tmp_path):
    with pytest.raises(ValueError, match="rounds=1"):
        benchmark(tmp_path / "r.md", rounds=1)


def test_a_busy_machine_is_mentioned():
    with thread_count(1):
        assert report._about_load([1.0, 1.2, None]) == []
        assert "median load 5.0" in report._about_load([5.0, 4.0, 6.0])[0]
        assert report._about_load([None]) == []


def test_a_folder_in_the_place_of_the_file_is_refused_before_anything_is_measured(tmp_path):
    with pytest.raises(ValueError, match="is a folder: name a file in it"):
        benchmark(tmp_path, quick=True)


def test_a_file_of_somebody_elses_is_refused_before_anything_is_measured(tmp_path):
    (tmp_path / "notes.md").write_bytes("caf\xe9".encode("latin-1"))
    with pytest.raises(ValueError, match="was not written by cnnlab bench: name another file"):
        benchmark(tmp_path / "notes.md", quick=True)
    assert (tmp_path / "notes.md").read_bytes() == "caf\xe9".encode("latin-1")


def test_a_notebook_that_fails_is_told_below_the_table_and_the_rest_is_measured(monkeypatch, few):
    def failing(rounds, root):
        raise RuntimeError("a cell of 01_data.ipynb failed: name 'x' is not defined")

    monkeypatch.setattr(report, "import_rows", lambda rounds: iter(()))
    monkeypatch.setattr(report, "picture_row", failing)
    monkeypatch.setattr(report, "data_rows", lambda *_: iter(["data"]))
    monkeypatch.setattr(report, "training_rows", lambda *_: iter(["training"]))
    notes = []
    assert list(report._rows(few, "digits", None, 3, notes)) == ["data", "training"]
    assert notes == [
        "The first picture of notebook 1 was left out: a cell of 01_data.ipynb failed: name 'x' is not "
        "defined."
    ]
