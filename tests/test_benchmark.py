"""The benchmark: what it measures, what it writes, and that the labs' loops do train."""

import dataclasses

import pytest
import torch

from cnnlab import benchmark as module
from cnnlab.benchmark import Measured, benchmark, lab_002_epoch, lab_004_epoch
from cnnlab.data import load_data
from cnnlab.models import build
from cnnlab.timing import thread_count


@pytest.fixture
def few_images(monkeypatch):
    """100 digits instead of a data set, one thread, and no new Python for each import."""
    digits = load_data("digits")
    few = dataclasses.replace(digits, train=digits.train.take(100))
    monkeypatch.setattr(module, "load_data", lambda name, root: few)
    monkeypatch.setattr(module, "_import_seconds", lambda: 0.1)
    with thread_count(1):
        yield few.train


def test_it_measures_each_thing_and_writes_the_table(few_images, tmp_path, capsys):
    table = benchmark(tmp_path / "new" / "results.md", quick=True)
    assert [row.what for row in table] == [
        "import cnnlab's names, after torch",
        "load_data, with its checks",
        "read an epoch, batch 64",
        "train an epoch of cnn_320, batch 50",
        "train an epoch of cnn_padded, batch 100",
    ]
    assert all(isinstance(row, Measured) and row.seconds > 0 for row in table)
    for row in table[2:]:
        assert row.ratio == pytest.approx(row.other_seconds / row.seconds)
    written = (tmp_path / "new" / "results.md").read_text()
    assert "with digits, an epoch being 100 images" in written
    assert "| lab 002's loop |" in written
    assert "torch" in written
    assert "read an epoch, batch 64: " in capsys.readouterr().out


def test_too_few_rounds_are_refused(few_images, tmp_path):
    with pytest.raises(ValueError, match="rounds=1"):
        benchmark(tmp_path / "r.md", rounds=1)


@pytest.mark.parametrize(("loop", "passes"), [(lab_002_epoch, 3), (lab_004_epoch, 1)])
def test_a_labs_loop_trains_with_its_own_number_of_forward_passes(loop, passes, few_images):
    torch.manual_seed(0)
    model, calls = build("cnn_320"), []
    before = model.fc2.bias.detach().clone()
    model.register_forward_hook(lambda *_: calls.append(1))
    loop(model, few_images.batches(50))
    assert len(calls) == 2 * passes
    assert not torch.equal(model.fc2.bias, before)


def test_a_busy_machine_is_mentioned():
    with thread_count(1):
        assert module._about_load([1.0, 1.2, None]) == []
        assert "median load 5.0" in module._about_load([5.0, 4.0, 6.0])[0]
        assert module._about_load([None]) == []


def test_importing_the_names_costs_little_beyond_torch():
    assert module._import_seconds() < 10  # 0.1 s on an idle machine


def test_a_folder_in_the_place_of_the_file_is_refused_before_anything_is_measured(tmp_path):
    with pytest.raises(ValueError, match="is a folder: name a file in it"):
        benchmark(tmp_path, quick=True)
