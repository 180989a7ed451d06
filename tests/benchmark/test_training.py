"""The rows of the training: every speed with its accuracy, and in words what is left out."""

import os

import pytest
import torch

from cnnlab.benchmark import training
from cnnlab.benchmark.loops import lab_002_epoch
from cnnlab.benchmark.training import Trial, training_rows


@pytest.fixture
def one_network(monkeypatch):
    """Only the small network, with bfloat16 as well, and `compile` that compiles nothing."""
    monkeypatch.setattr(training, "LABS", {"cnn_320": (lab_002_epoch, "≥ 5 times", "≥ 6 times")})
    monkeypatch.setattr(training.torch, "compile", lambda model: model)


def test_each_way_of_training_has_a_row_with_both_accuracies(one_network, few, monkeypatch):
    monkeypatch.setattr(training, "has_bfloat16", lambda device: True)
    notes = []
    plain, bfloat16, compiled = training_rows(few, 3, notes)
    assert plain.what == "train an epoch of cnn_320, batch 50"
    assert plain.against == bfloat16.against == "lab 002's loop"
    assert (plain.wanted, bfloat16.wanted, compiled.wanted) == ("≥ 5 times", "≥ 6 times", "")
    assert "steps only, after" in compiled.what
    assert (compiled.other_seconds, compiled.other_accuracy) == (plain.seconds, plain.accuracy)
    assert compiled.accuracy == plain.accuracy  # the same seeds, and nothing was compiled
    assert all(0 < row.accuracy < 100 for row in (plain, bfloat16, compiled))
    assert notes == []


def test_where_nothing_can_be_compiled_or_multiplied_in_16_bits_that_is_said(one_network, few, monkeypatch):
    def no_compiler(model):
        raise RuntimeError("No working C++ compiler found")

    monkeypatch.setattr(training.torch, "compile", no_compiler)
    monkeypatch.setattr(training, "has_bfloat16", lambda device: False)
    notes = []
    assert len(list(training_rows(few, 3, notes))) == 1
    assert "does not multiply 16-bit numbers" in notes[0]
    assert "for want of a C++ compiler" in notes[1]


def test_what_was_compiled_before_is_not_found(monkeypatch):
    monkeypatch.setenv(training.CACHE, "mine")
    with training._fresh_cache():
        assert os.environ[training.CACHE] != "mine"
    assert os.environ[training.CACHE] == "mine"


def test_the_first_call_of_a_trial_only_warms_up(few):
    seeds = []

    def train(seed):
        seeds.append(seed)
        fixed = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
        torch.nn.init.zeros_(fixed[1].weight)
        with torch.no_grad():
            fixed[1].bias.copy_(torch.eye(10)[seed])  # always answers `seed`
        return fixed

    trial = Trial(train)
    for _ in range(3):
        trial()
    counts = few.test.class_counts()
    assert seeds == [0, 1, 2]
    assert trial.accuracy(few.test) == pytest.approx(float(counts[1] + counts[2]))  # of 50, two trials
