"""Optimisers by name, with sensible learning rates and messages."""

import re

import pytest
import torch
from torch import nn

from cnnlab.training import OPTIMIZER_NAMES, make_optimizer
from cnnlab.training.optimisers import describe_optimizer
from tests.training.small import SmallSplit, net, weights


def test_every_name_builds_an_optimiser_that_makes_a_step():
    split = SmallSplit()
    for name in OPTIMIZER_NAMES:
        model = net()
        before = weights(model)
        optimizer = make_optimizer(model, name)
        nn.functional.cross_entropy(model(split.images), split.labels).backward()
        optimizer.step()
        assert not torch.equal(weights(model), before), name


def test_the_names_are_those_that_students_ask_for():
    assert OPTIMIZER_NAMES == ("adam", "adamw", "sgd", "rmsprop", "adagrad", "adadelta", "nadam", "muon")


def test_settings_reach_the_optimiser():
    optimizer = make_optimizer(net(), "sgd", lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.001)
    assert isinstance(optimizer, torch.optim.SGD)
    group = optimizer.param_groups[0]
    assert (group["lr"], group["momentum"], group["nesterov"], group["weight_decay"]) == (
        0.05,
        0.9,
        True,
        1e-3,
    )


@pytest.mark.parametrize(("name", "lr"), [("adam", 0.001), ("sgd", 0.01), ("adadelta", 1.0)])
def test_each_optimiser_has_its_own_default_learning_rate(name, lr):
    assert make_optimizer(net(), name).param_groups[0]["lr"] == lr


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_the_fused_form_gives_the_same_weights_as_pytorchs_plain_one(name):
    split, results = SmallSplit(), []
    plain = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}[name]
    settings = {"weight_decay": 0.0, "lr": 0.01}
    for build in (
        lambda model: make_optimizer(model, name, lr=0.01),
        lambda model: plain(model.parameters(), foreach=False, **settings),
    ):
        model = net()
        optimizer = build(model)
        for _ in range(5):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(split.images), split.labels).backward()
            optimizer.step()
        results.append(weights(model))
    torch.testing.assert_close(results[0], results[1], rtol=1e-5, atol=1e-6)


def test_frozen_parameters_are_left_out():
    model = net()
    model[0].requires_grad_(False)
    assert len(make_optimizer(model, "adam").param_groups[0]["params"]) == 2


def test_a_function_may_build_the_optimiser():
    optimizer = make_optimizer(net(), lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.8, 0.99)))
    assert optimizer.param_groups[0]["betas"] == (0.8, 0.99)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(ValueError, match="unknown optimizer 'adamm': did you mean 'adam'"):
        make_optimizer(net(), "adamm")


@pytest.mark.parametrize("lr", [0, -0.1])
def test_a_learning_rate_must_be_above_zero(lr):
    with pytest.raises(ValueError, match=rf"lr={lr} is not above 0: sgd starts well from lr=0.01"):
        make_optimizer(net(), "sgd", lr=lr)


@pytest.mark.parametrize("lr", [float("nan"), float("inf")])
def test_a_learning_rate_must_be_finite(lr):
    with pytest.raises(ValueError, match="is not a finite number"):
        make_optimizer(net(), "sgd", lr=lr)


@pytest.mark.parametrize("lr", ["0.1", True])
def test_a_learning_rate_must_be_a_number(lr):
    with pytest.raises(TypeError, match="give a number"):
        make_optimizer(net(), "sgd", lr=lr)


@pytest.mark.parametrize("momentum", [-0.1, 1, 9])
def test_momentum_out_of_range_is_refused(momentum):
    with pytest.raises(ValueError, match=rf"momentum={momentum} is out of range: 0 <= momentum < 1"):
        make_optimizer(net(), "sgd", momentum=momentum)


def test_momentum_for_an_optimiser_without_it_is_refused():
    with pytest.raises(ValueError, match=r"adam takes no momentum: leave out momentum=0.9, or use 'sgd'"):
        make_optimizer(net(), "adam", momentum=0.9)


@pytest.mark.parametrize(("name", "momentum"), [("adam", 0.0), ("sgd", 0.0), ("rmsprop", 0.9)])
def test_nesterov_needs_sgd_with_momentum(name, momentum):
    with pytest.raises(ValueError, match="nesterov=True needs optimizer='sgd' and momentum above 0"):
        make_optimizer(net(), name, momentum=momentum, nesterov=True)


def test_a_negative_weight_decay_is_refused():
    with pytest.raises(ValueError, match=r"weight_decay=-1 is below 0: use 0 for none, or about 1e-4"):
        make_optimizer(net(), "adam", weight_decay=-1)


def test_settings_beside_a_function_are_refused():
    with pytest.raises(ValueError, match="optimizer is a function here: set lr"):
        make_optimizer(net(), lambda parameters: torch.optim.Adam(parameters), lr=0.1)


def test_settings_beside_a_class_are_refused_with_what_to_write():
    says = r"optimizer='sgd', or optimizer=lambda parameters: torch\.optim\.SGD\(parameters, lr=…\)"
    with pytest.raises(ValueError, match=f"optimizer is a class here.*: {says}"):
        make_optimizer(net(), torch.optim.SGD, lr=0.1)
    own = type("Own", (torch.optim.Adam,), {})
    with pytest.raises(ValueError, match=r"beside it: optimizer=lambda parameters: Own\(parameters"):
        make_optimizer(net(), own, momentum=0.9)


def test_an_optimiser_that_is_built_already_is_refused_with_how_to_write_it():
    model = net()
    with pytest.raises(TypeError, match=r"optimizer is a Adam: give a name such as 'adam', or a function"):
        make_optimizer(model, torch.optim.Adam(model.parameters()))


def test_a_function_that_returns_something_else_is_refused():
    with pytest.raises(TypeError, match="returned a list, not an Optimizer"):
        make_optimizer(net(), list)


def test_a_model_without_trainable_parameters_is_refused():
    with pytest.raises(ValueError, match="no trainable parameters: there is nothing to learn"):
        make_optimizer(nn.Flatten(), "adam")


def test_the_description_names_what_matters_and_not_what_changes_speed_only():
    found = describe_optimizer(make_optimizer(net(), "adam", lr=0.02))
    assert found["optimizer"] == "Adam"
    assert found["lr"] == 0.02
    assert "fused" not in found


def test_a_setting_that_is_a_tensor_is_described_as_text():
    optimizer = make_optimizer(net(), lambda p: torch.optim.Adam(p, lr=torch.tensor(0.02)))
    assert describe_optimizer(optimizer)["lr"].startswith("tensor(0.0200")


def test_a_lazy_layer_asks_for_one_batch_first():
    model = nn.Sequential(nn.Flatten(), nn.LazyLinear(4))
    with pytest.raises(ValueError, match=r"the size of 1.weight is not known yet: send one batch"):
        make_optimizer(model, "adam")
    model(SmallSplit().images)
    make_optimizer(model, "adam")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("momentum", "optimizer='sgd', momentum=0.9"),
        ("Nesterov", "optimizer='sgd', momentum=0.9, nesterov=True"),
    ],
)
def test_a_setting_of_sgd_that_is_taken_for_an_optimizer_is_said(name, meant):
    message = f"unknown optimizer {name!r}: it is a setting of sgd: write {meant}."
    with pytest.raises(ValueError, match=re.escape(message)):
        make_optimizer(nn.Linear(2, 2), name)


def test_an_optimiser_that_needs_a_closure_is_refused():
    with pytest.raises(ValueError, match="LBFGS runs the model several times in a step"):
        make_optimizer(net(), lambda parameters: torch.optim.LBFGS(parameters))


def test_an_optimiser_of_another_models_parameters_is_refused():
    other = net()
    with pytest.raises(ValueError, match="another model's parameters, so this model would learn nothing"):
        make_optimizer(net(), lambda parameters: torch.optim.SGD(other.parameters(), lr=0.1))


@pytest.mark.parametrize(("given", "expected"), [(None, 0.8), (0, 0), (0.0, 0.0), (0.5, 0.5)])
def test_muons_momentum_is_the_one_that_was_chosen_also_where_that_is_none_at_all(given, expected):
    assert make_optimizer(net(), "muon", momentum=given).defaults["momentum"] == expected


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_what_the_fused_form_does_not_take_is_trained_without_it(name):
    class Filter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(10, dtype=torch.complex64))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.fft.ifft(torch.fft.fft(x) * self.weight).real

    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 10), Filter())
    split = SmallSplit()
    optimizer = make_optimizer(model, name)
    nn.functional.cross_entropy(model(split.images), split.labels).backward()
    optimizer.step()
    assert not torch.equal(model[2].weight, torch.ones_like(model[2].weight))


def test_sparse_gradients_are_trained_without_the_fused_form():
    class Looked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(2, 4, sparse=True)
            self.head = nn.Linear(36 * 4, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.table((x > 0).long()).flatten(1))

    model, split = Looked(), SmallSplit()
    optimizer = make_optimizer(model, "sgd", lr=0.1)
    before = model.table.weight.detach().clone()
    nn.functional.cross_entropy(model(split.images), split.labels).backward()
    optimizer.step()
    assert not torch.equal(model.table.weight, before)
