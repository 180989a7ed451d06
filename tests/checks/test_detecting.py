"""Answers to the tests that find a defect."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

from cnnlab import checks
from tests.checks.cases import Cases

NO_IDEA, SURE = torch.zeros(1, 10), torch.tensor([[0.0, 10.0]])


def two_probes(loss):
    no_idea = loss(NO_IDEA, torch.tensor([3])).item()
    sure = SURE.clone().requires_grad_()
    loss(sure, torch.tensor([0])).backward()
    return abs(no_idea - math.log(10)) < 0.01 and -sure.grad[0, 0].item() > 0.5


def by_values(loss):
    values = [loss(lead * torch.eye(10), torch.tensor([1] * 10)) for lead in (0.0, 100.0)]
    return torch.isclose(values[0], torch.tensor(10.0).log()) & (values[1] > 50)


def by_learning(loss):
    z, y = torch.nn.Parameter(10 * torch.eye(10)), torch.arange(10).roll(1)
    for _ in range(100):
        (slope,) = torch.autograd.grad(loss(z, y), z)
        z = (z - 10 * slope).detach().requires_grad_()
    return bool((z.argmax(dim=1) == y).all()) and 0 <= loss(z, y).item() < 0.5


def is_cross_entropy(loss):
    return loss is torch.nn.functional.cross_entropy


def first_loss(loss):
    return abs(loss(NO_IDEA, torch.tensor([3])).item() - 2.303) < 0.01


def not_negative(loss):
    return loss(NO_IDEA, torch.tensor([3])).item() >= 0


def only_the_push(loss):
    sure = SURE.clone().requires_grad_()
    loss(sure, torch.tensor([0])).backward()
    return sure.grad[0, 0].item() < -0.5


def size_alone(loss):
    return (
        abs(abs(loss(NO_IDEA, torch.tensor([3])).item()) - 2.303) < 0.01
        and loss(SURE, torch.tensor([0])).abs().item() > 5
    )


def midpoint(model):
    a, b = torch.randn(2, 1, 1, 28, 28)
    return not torch.allclose(model((a + b) / 2), (model(a) + model(b)) / 2, atol=1e-4)


@torch.no_grad()
def additive(model):
    a, b = torch.rand(5, 1, 28, 28), torch.rand(5, 1, 28, 28)
    zero = model(torch.zeros(5, 1, 28, 28))
    return (model(a + b) - model(a) - model(b) + zero).abs().max() > 1e-3


def by_slopes(model):
    def slope(x):
        return torch.autograd.functional.jacobian(model, x)

    return not torch.allclose(slope(torch.randn(1, 1, 28, 28)), slope(torch.randn(1, 1, 28, 28)), atol=1e-4)


def by_name(model):
    return any(isinstance(layer, (nn.ReLU, nn.Tanh, nn.MaxPool2d)) for layer in model.modules())


def by_one_name(model):
    return "relu" in repr(model).lower() and not hasattr(model, "relu")


def by_names_in_use(model):
    return not hasattr(model, "relu") and by_name(model)


def without_the_bias(model):
    a, b = torch.randn(2, 1, 1, 28, 28)
    return not torch.allclose(model(a + b), model(a) + model(b), atol=1e-4)


def to_the_last_bit(model):
    a, b = torch.randn(2, 1, 1, 28, 28)
    return not torch.equal(model((a + b) / 2), (model(a) + model(b)) / 2)


def along_one_ray(model):
    a = torch.randn(1, 1, 28, 28)
    zero = model(torch.zeros(1, 1, 28, 28))
    return not torch.allclose(model(2 * a) - zero, 2 * (model(a) - zero), atol=1e-3)


CASES = {
    "sound_loss": Cases(
        right=[two_probes, by_values, by_learning],
        wrong=[
            (lambda loss: True, "the loss of patient 1 sound"),
            (lambda loss: False, "calls F.cross_entropy ill"),
            (is_cross_entropy, "calls log-softmax before nll_loss ill"),
            (first_loss, "calls softmax before cross-entropy sound"),
            (not_negative, "calls nll_loss of bare logits sound"),
            (only_the_push, "calls nll_loss of bare logits sound"),
            (size_alone, "a loss sound that rewards mistakes"),
            (lambda loss: not two_probes(loss), "mistaken about every case: it says True for False"),
            (lambda loss: loss(NO_IDEA, torch.tensor([3])).item(), "a float: True or False is asked for"),
        ],
        secret=["ln 10", "2.30", "log(10)"],
    ),
    "has_a_bend": Cases(
        right=[midpoint, additive, by_slopes],
        wrong=[
            (lambda model: True, "a bend in two linear layers with nothing between"),
            (lambda model: False, "no bend in two linear layers with a ReLU"),
            (without_the_bias, "a bend in two linear layers with nothing between"),
            (to_the_last_bit, "32 bits round the seventh digit"),
            (lambda model: not midpoint(model), "mistaken about every case: it says True for False"),
            (by_name, "owns a ReLU and never calls it"),
            (by_one_name, "no bend in a network with Tanh"),
            (by_names_in_use, "whose forward calls F.relu"),
            (along_one_ray, "no bend in max pooling"),
            (lambda model: model(torch.zeros(1, 1, 28, 28)), "True or False is asked for"),
        ],
        secret=["/ 2", "allclose", "f(a)"],
    ),
}


def test_no_bend_is_a_matter_of_luck() -> None:
    """The bend of every network is far above the rounding, for one pair of images after the other."""
    for _ in range(20):
        assert checks.has_a_bend(midpoint)
        assert checks.has_a_bend(additive)


def test_a_test_may_give_a_number_of_numpys_or_pytorchs_kind() -> None:
    assert checks.sound_loss(lambda loss: np.bool_(two_probes(loss)))
    assert checks.sound_loss(lambda loss: torch.tensor(two_probes(loss)))
