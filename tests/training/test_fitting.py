"""`fit`: the same seed gives the same weights, and nothing of the caller's is disturbed."""

import functools
import inspect
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from cnnlab.errors import CheckpointError, TrainingError
from cnnlab.training import OPTIMIZER_NAMES, SCHEDULE_NAMES, evaluate, fit
from cnnlab.training.evaluation import check_validation
from tests.training.small import CLASSES, SmallSplit, net, pairs, weights


def train(model=None, data=None, **settings):
    model = model if model is not None else net(dropout=0.3)
    settings = {"epochs": 2, "batch_size": 16, "device": "cpu", "progress": False, **settings}
    return model, fit(model, data if data is not None else SmallSplit(48), **settings)


def test_the_same_seed_gives_identical_weights_twice_in_a_row():
    assert torch.equal(weights(train(seed=3)[0]), weights(train(seed=3)[0]))


def test_another_seed_gives_other_weights_by_dropout_and_by_order():
    assert not torch.equal(weights(train(seed=3)[0]), weights(train(seed=4)[0]))
    without = [weights(train(net(), seed=seed)[0]) for seed in (3, 4)]
    assert not torch.equal(*without)


def test_the_same_batches_used_twice_give_identical_weights():
    batches = SmallSplit(48).batches(16, shuffle=True)
    assert torch.equal(weights(train(data=batches)[0]), weights(train(data=batches)[0]))


def test_a_loader_that_draws_from_pytorchs_generator_gives_identical_weights():
    split = SmallSplit(48)
    loader = DataLoader(TensorDataset(split.images, split.labels), batch_size=16, shuffle=True)
    assert torch.equal(weights(train(data=loader)[0]), weights(train(data=loader)[0]))


def test_the_callers_random_numbers_are_not_disturbed():
    def draw():
        return torch.rand(1).item(), float(np.random.rand()), random.random()  # noqa: NPY002

    states = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    expected = draw()
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])  # noqa: NPY002
    random.setstate(states[2])
    model = net()
    torch.set_rng_state(states[0])  # after net(), which seeds
    train(model)
    assert draw() == expected


def test_a_validation_changes_nothing_but_the_history():
    split = SmallSplit(16)
    loader = DataLoader(TensorDataset(split.images, split.labels), batch_size=5, shuffle=True)
    without, _ = train()
    with_it, history = train(validation=loader)
    assert torch.equal(weights(with_it), weights(without))
    last = evaluate(with_it, split, device="cpu")
    assert history.epochs[-1].validation_accuracy == pytest.approx(last.accuracy)
    assert history.epochs[-1].validation_loss == pytest.approx(last.loss, abs=1e-5)


def test_without_a_validation_its_columns_are_empty():
    _, history = train()
    assert history.epochs.column("validation_loss") == [None, None]


def test_every_module_gets_its_mode_back():
    model = net(dropout=0.3)
    model.eval()
    train(model)
    assert not any(m.training for m in model.modules())


@pytest.mark.parametrize("optimizer", OPTIMIZER_NAMES)
def test_every_optimiser_learns_the_small_data(optimizer):
    lr = {"sgd": 0.1, "adadelta": None}.get(optimizer, 0.02)
    _, history = train(net(), epochs=12, optimizer=optimizer, lr=lr)
    assert history.epochs[-1].loss < 0.8 * history.epochs[0].loss


@pytest.mark.parametrize("schedule", SCHEDULE_NAMES)
def test_every_schedule_is_recorded_step_by_step(schedule):
    _, history = train(epochs=3, schedule=schedule, lr=0.1, optimizer="sgd")
    rates = history.steps.column("lr")
    assert len(rates) == 9
    assert (len(set(rates)) == 1) == (schedule == "constant")
    assert history.epochs.column("lr") == rates[2::3]


def test_a_split_batches_and_a_list_in_the_same_order_give_the_same():
    split = SmallSplit(48)
    in_order = [weights(train(data=data)[0]) for data in (split.batches(16), pairs(split))]
    assert torch.equal(*in_order)


def test_log_probabilities_train_like_logits():
    plain, end = train(net())[0], train(nn.Sequential(*net(), nn.LogSoftmax(dim=1)))[0]
    torch.testing.assert_close(weights(plain), weights(end), rtol=0, atol=1e-5)


def test_bfloat16_keeps_float32_weights_and_comes_close():
    exact, _ = train(net())
    mixed, _ = train(net(), precision="bfloat16")
    assert {p.dtype for p in mixed.parameters()} == {torch.float32}
    assert not torch.equal(weights(mixed), weights(exact))
    torch.testing.assert_close(weights(mixed), weights(exact), rtol=0, atol=0.02)


def eager(monkeypatch):
    """torch.compile without a C++ compiler: it traces the model, and builds no program of it."""
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))


def test_compiled_steps_give_the_weights_of_plain_ones_and_leave_the_model_plain(monkeypatch):
    eager(monkeypatch)
    calls = []
    model = net()
    _, plain = train(net())
    _, compiled = train(model, compile=True, callbacks=[SimpleNamespace(on_step=calls.append)])
    assert [s.loss for s in compiled.steps] == pytest.approx([s.loss for s in plain.steps], abs=1e-6)
    assert calls[0].model is model
    assert not any("_orig_mod" in name for name in model.state_dict())


def test_a_compiled_run_does_not_go_on_from_a_plain_one(monkeypatch, tmp_path):
    eager(monkeypatch)
    train(net(), checkpoint=tmp_path / "run.pt", epochs=1)
    with pytest.raises(CheckpointError, match="compile"):
        train(net(), checkpoint=tmp_path / "run.pt", epochs=2, compile=True)


def test_compile_is_yes_or_no():
    with pytest.raises(TypeError, match=r"compile='max-autotune' is a str: give True or False\."):
        train(net(), compile="max-autotune")


def test_bfloat16_that_is_only_emulated_is_said_plainly(monkeypatch):
    monkeypatch.setattr(
        torch.cpu, "get_capabilities", lambda: {"architecture": "x86_64", "avx512_bf16": False}
    )
    with pytest.warns(UserWarning, match="precision='bfloat16': this CPU does not multiply 16-bit") as warned:
        train(net(), precision="bfloat16")
    assert warned[0].filename == __file__ or "small" in warned[0].filename  # the caller's line


def test_the_stop_button_returns_what_was_learnt(capsys):
    def interrupt(state):
        if state.step == 4:
            raise KeyboardInterrupt

    model, history = train(epochs=9, callbacks=[SimpleNamespace(on_step=interrupt)])
    assert history.stopped
    assert (len(history.steps), len(history.epochs)) == (4, 1)
    assert (
        "Stopped in epoch 2, step 5: the model and the History keep what was learnt"
        in capsys.readouterr().out
    )
    assert not torch.equal(weights(model), weights(net(dropout=0.3)))


def test_a_complete_run_is_not_stopped_and_knows_its_time():
    _, history = train()
    assert not history.stopped
    assert history.seconds >= history.steps[-1].seconds >= history.steps[0].seconds > 0
    assert sum(history.epochs.column("seconds")) <= history.seconds


def test_frozen_layers_stay():
    model = net()
    model[0].requires_grad_(False)
    before = model[0].weight.clone()
    train(model)
    assert torch.equal(model[0].weight, before)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"optimizer": "sdg"}, ValueError, "unknown optimizer 'sdg': did you mean 'sgd'"),
        ({"schedule": "onecycle"}, ValueError, "unknown schedule 'onecycle': did you mean 'one_cycle'"),
        ({"precision": "float16"}, ValueError, "unknown precision 'float16': did you mean 'bfloat16'"),
        ({"device": "gpu"}, ValueError, "unknown device 'gpu'"),
        ({"seed": -1}, ValueError, "seed=-1 is out of range"),
        ({"callbacks": [print]}, TypeError, "has none of the methods on_start"),
        ({"checkpoint": 5}, TypeError, "checkpoint=5 is no path: give a file, such as 'run.pt'"),
    ],
)
def test_a_wrong_argument_is_named_before_anything_is_trained(settings, error, message):
    model = net(dropout=0.3)
    before = weights(model)
    with pytest.raises(error, match=message):
        train(model, **settings)
    assert torch.equal(weights(model), before)


def test_data_that_promise_batches_and_give_none_are_refused():
    class Nothing:
        def __iter__(self):
            return iter([])

    with pytest.raises(TrainingError, match="epoch 1: train gave no batch at all"):
        train(data=Nothing())


def test_fit_has_the_arguments_that_others_rely_on():
    parameters = inspect.signature(fit).parameters
    names = (
        "model train epochs batch_size optimizer lr momentum nesterov weight_decay schedule "
        "label_smoothing validation device"
    )
    assert list(parameters) == [
        *names.split(),
        "precision",
        "compile",
        "seed",
        "progress",
        "checkpoint",
        "callbacks",
    ]
    assert parameters["batch_size"].default == 64


def larger(n: int = 8) -> list:
    return [(torch.zeros(n, 1, 8, 8), torch.zeros(n, dtype=torch.int64))]


def test_a_validation_of_another_size_is_found_before_a_step_is_made(tmp_path):
    model = net()
    before = weights(model)
    with pytest.raises(
        TrainingError,
        match=r"^validation, batch 1: images of shape \(8, 1, 8, 8\) do not go through the model, "
        r"and train's, \(16, 1, 6, 6\), do: (.|\n)* give validation images of "
        r"\(1, 6, 6\), prepared as train's are\.",
    ):
        train(model, validation=larger(), checkpoint=tmp_path / "run.pt")
    assert weights(model).equal(before)


@pytest.mark.parametrize(
    ("batches", "said"),
    [
        ([(torch.zeros(4, 1, 6, 6), torch.full((4,), 9))], "validation, batch 1: a label is 9"),
        ([(torch.zeros(4, 1, 6, 6),)], "validation, batch 1: a batch must be two tensors"),
        (
            [(torch.zeros(4, 1, 6, 6).byte(), torch.zeros(4).long())],
            "validation, batch 1: the images are uint8",
        ),
    ],
)
def test_a_validation_that_cannot_be_measured_is_named_before_a_step_is_made(batches, said):
    model = net()
    before = weights(model)
    with pytest.raises(TrainingError, match=said):
        train(model, validation=batches)
    assert weights(model).equal(before)


def test_a_model_that_fails_on_train_as_well_is_not_blamed_on_the_validation():
    with pytest.raises(TrainingError, match=r"^epoch 1, step 1: the model failed"):
        train(nn.Sequential(nn.Conv2d(3, 1, 3)), validation=larger())


def with_pixels(mean: float, std: float, classes=CLASSES) -> SmallSplit:
    split = SmallSplit()
    split.mean, split.std, split.classes = mean, std, classes
    return split


def test_a_validation_that_is_normalised_otherwise_gets_a_warning():
    with pytest.warns(
        UserWarning,
        match=r"validation is normalised with mean 0\.5000 and std 0\.5000, train with mean 0\.1307 and std "
        r"0\.3081: .* give validation train's mean and std",
    ):
        train(data=with_pixels(0.1307, 0.3081), validation=with_pixels(0.5, 0.5))


def test_a_validation_with_other_classes_gets_a_warning():
    with pytest.warns(UserWarning, match=r"validation has 5 classes \(.*extra\), and train has 4"):
        train(data=with_pixels(0.1, 0.3), validation=with_pixels(0.1, 0.3, (*CLASSES, "extra")))


def test_a_validation_that_is_normalised_alike_gets_no_warning(recwarn):
    train(data=with_pixels(0.1307, 0.3081), validation=with_pixels(0.1325, 0.3105))
    train(validation=pairs(SmallSplit()))
    assert not recwarn


@pytest.mark.parametrize(("wrong", "right"), [("optimiser", "optimizer"), ("weight_decays", "weight_decay")])
def test_an_argument_that_is_misspelt_gets_the_nearest_name(wrong, right):
    with pytest.raises(
        TypeError, match=rf"^fit has no argument {wrong!r}: did you mean {right!r}\? There are: "
    ):
        train(**{wrong: "adam"})


class Counts(nn.Module):
    """Keeps a running number that its forward() multiplies by, and the last features it made."""

    def __init__(self):
        super().__init__()
        self.fc, self.last = nn.Linear(36, 4), None
        self.register_buffer("seen", torch.ones(1))

    def forward(self, x):
        self.seen += 0.001
        self.last = x.flatten(1).mean(0) if self.last is None else self.last * 0.5 + x.flatten(1).mean(0)
        return self.fc(x.flatten(1) + self.last) * self.seen


def test_the_look_at_the_validation_leaves_what_a_network_keeps_alone():
    torch.manual_seed(0)
    seen, alone = Counts(), Counts()
    alone.load_state_dict(seen.state_dict())
    train(seen, epochs=1, validation=SmallSplit(16))
    train(alone, epochs=1)
    assert torch.equal(seen.fc.weight, alone.fc.weight)


def test_the_look_at_the_validation_draws_no_random_numbers_of_its_loader():
    shared = torch.Generator().manual_seed(3)
    data = TensorDataset(SmallSplit(48).images.float(), SmallSplit(48).labels)
    before = shared.get_state()
    loader = DataLoader(data, 16, shuffle=True, generator=shared)
    check_validation(net(), loader, torch.device("cpu"), None, (16, 1, 6, 6))
    assert torch.equal(shared.get_state(), before)


def test_label_smoothing_is_pytorchs_and_leaves_the_validation_loss_alone():
    split = SmallSplit(16)
    model = net()
    images, labels = next(iter(split.batches(16)))
    with torch.inference_mode():
        wanted = nn.functional.cross_entropy(model.eval()(images), labels, label_smoothing=0.2)
    _, history = train(
        model, split, epochs=1, label_smoothing=0.2, lr=1e-9, optimizer="sgd", validation=split
    )
    assert history.steps[0].loss == pytest.approx(wanted.item(), abs=1e-5)
    assert history.epochs[-1].validation_loss == pytest.approx(evaluate(model, split).loss, abs=1e-5)


@pytest.mark.parametrize(
    ("value", "kind", "says"),
    [(1.0, ValueError, "out of range"), (-0.1, ValueError, "out of range"), ("0.1", TypeError, "is a str")],
)
def test_a_label_smoothing_that_is_none_is_refused(value, kind, says):
    with pytest.raises(kind, match=f"label_smoothing=.*{says}"):
        train(label_smoothing=value)


def test_a_run_is_not_continued_with_other_targets(tmp_path):
    train(checkpoint=tmp_path / "run.pt", epochs=1, label_smoothing=0.1)
    with pytest.raises(CheckpointError, match="label_smoothing"):
        train(checkpoint=tmp_path / "run.pt", epochs=1)
