"""Muon takes orthogonal steps for convolutions, and plain ones for everything else."""

from __future__ import annotations

import io

import pytest
import torch
from torch import nn

from cnnlab import fit, models
from cnnlab.data import load_data
from cnnlab.training.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(16, 25), (32, 144), (96, 288), (288, 96), (8, 8)])
def test_singular_values_come_near_to_one(shape: tuple[int, int]) -> None:
    before = torch.randn(shape) @ torch.diag(torch.linspace(0.05, 1, shape[1]))
    old, values = torch.linalg.svdvals(before), torch.linalg.svdvals(orthogonal(before))
    assert values.max() < 1.3
    assert values.median() > 0.6
    assert values.min() / values.max() > 2 * old.min() / old.max()


def test_the_directions_stay() -> None:
    before = torch.randn(6, 20)
    u, _, v = torch.linalg.svd(before, full_matrices=False)
    core = u.T @ orthogonal(before) @ v.T  # diagonal if the singular vectors are the same
    assert (core - torch.diag(core.diag())).abs().max() < 1e-5
    assert (core.diag() > 0).all()


def test_the_length_of_the_gradient_does_not_matter_and_zero_stays_zero() -> None:
    matrix = torch.randn(4, 9)
    assert torch.allclose(orthogonal(matrix), orthogonal(1000 * matrix), atol=1e-4)
    assert torch.equal(orthogonal(torch.zeros(3, 5)), torch.zeros(3, 5))


def test_biases_and_linear_layers_take_the_steps_of_sgd() -> None:
    torch.manual_seed(0)
    one = nn.Linear(5, 3)
    other = nn.Linear(5, 3)
    other.load_state_dict(one.state_dict())
    mine = Muon(one.parameters(), lr=0.1, momentum=0.8, weight_decay=0.01)
    theirs = torch.optim.SGD(other.parameters(), lr=0.1, momentum=0.8, nesterov=True, weight_decay=0.01)
    for _ in range(4):
        x = torch.randn(7, 5)
        for model, optimizer in ((one, mine), (other, theirs)):
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()
    assert torch.allclose(one.weight, other.weight, atol=1e-6)
    assert torch.allclose(one.bias, other.bias, atol=1e-6)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_convolution_moves_equally_far_in_all_directions(layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 8, 3).to(memory_format=layout)
    before = conv.weight.detach().clone()
    conv(torch.randn(4, 3, 9, 9).to(memory_format=layout)).square().mean().backward()
    wanted = orthogonal(((1 + 0.8) * conv.weight.grad).flatten(1)).view(8, 3, 3, 3)  # the first step of all
    Muon(conv.parameters(), lr=0.1, momentum=0.8).step()
    assert torch.allclose(before - conv.weight, 0.1 * wanted, atol=1e-5)


def test_a_parameter_without_a_gradient_stays_and_a_closure_is_called() -> None:
    used, unused = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
    optimizer = Muon([used, unused], lr=0.1)

    def closure() -> float:
        optimizer.zero_grad()
        loss = (2 * used).sum()
        loss.backward()
        return loss.item()

    assert optimizer.step(closure) == 6.0
    assert torch.allclose(used, torch.full((3,), 1 - 0.1 * 2 * 1.8))
    assert torch.equal(unused, torch.ones(3))


def test_its_state_can_be_kept_and_brought_back() -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(1, 2, 3)
    optimizer = Muon(conv.parameters(), lr=0.1)
    conv(torch.randn(2, 1, 5, 5)).square().mean().backward()
    optimizer.step()
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)
    again = Muon(conv.parameters(), lr=0.5)
    again.load_state_dict(torch.load(file, weights_only=True))
    assert again.param_groups[0]["lr"] == 0.1
    assert torch.equal(again.state[conv.weight]["momentum"], optimizer.state[conv.weight]["momentum"])


def test_fit_knows_it_by_name() -> None:
    digits = load_data("digits").train
    torch.manual_seed(0)
    history = fit(models.build("cnn_320"), digits, epochs=2, batch_size=32, optimizer="muon", progress=False)
    assert history.epochs[-1].accuracy > 80
