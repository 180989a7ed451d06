"""The bookkeeping, also as it is on a GPU: numbers are read late, but named at their own step."""

import warnings

import pytest
import torch

from cnnlab.errors import TrainingError
from cnnlab.training import fit
from cnnlab.training import run as run_module
from cnnlab.training.history import Recorder
from tests.training.small import SmallSplit, net, pairs, weights


@pytest.fixture
def _reading_costs(monkeypatch):
    """Treat the CPU like a GPU, whose numbers are read every few steps only."""
    monkeypatch.setattr(run_module.Run, "reading_is_free", False)
    monkeypatch.setattr(run_module, "GPU_READ_EVERY", 4)


def train(model, data, **settings):
    return fit(model, data, **{"epochs": 2, "batch_size": 16, "device": "cpu", "progress": False, **settings})


@pytest.mark.usefixtures("_reading_costs")
def test_reading_late_records_the_same():
    late_model, late = net(), None
    late = train(late_model, SmallSplit(80), validation=SmallSplit(8))
    run_module.GPU_READ_EVERY = 1
    model = net()
    now = train(model, SmallSplit(80), validation=SmallSplit(8))
    assert torch.equal(weights(late_model), weights(model))
    for name in ("step", "epoch", "loss", "accuracy", "examples"):
        assert late.steps.column(name) == now.steps.column(name)
    assert late.epochs.column("loss") == now.epochs.column("loss")


@pytest.mark.usefixtures("_reading_costs")
def test_numbers_are_read_only_when_due(monkeypatch):
    readings = []
    read = Recorder.read

    def count(recorder):
        found = read(recorder)
        readings.extend([len(found)] if found else [])
        return found

    monkeypatch.setattr(Recorder, "read", count)
    train(net(), SmallSplit(112), epochs=1)  # 7 steps
    assert readings == [4, 3]


@pytest.mark.usefixtures("_reading_costs")
def test_a_loss_that_was_not_finite_is_named_at_its_own_step():
    data = pairs(SmallSplit(112))
    data[1][0].fill_(float("nan"))
    with pytest.raises(TrainingError, match="epoch 1, step 2: the loss is nan"):
        train(net(), data)


@pytest.mark.usefixtures("_reading_costs")
def test_labels_are_still_looked_at_in_the_first_epoch():
    data = pairs(SmallSplit(48))
    data[2][1][0] = 8
    with pytest.raises(TrainingError, match="epoch 1, step 3: a label is 8"):
        train(net(), data)


def test_warnings_point_no_finger_at_a_healthy_run():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(net(), SmallSplit())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_run_on_cuda_learns_and_is_repeatable():
    results = []
    for _ in range(2):
        model = net()
        history = train(model, pairs(SmallSplit()), device="cuda", epochs=12, lr=0.02)
        results.append(weights(model.cpu()))
    assert history.epochs[-1].loss < history.epochs[0].loss
    torch.testing.assert_close(*results)
