"""Networks outside a function are found, watched and left as they were."""

from __future__ import annotations

import functools

import torch
from torch import nn

from cnnlab.checks.outside import left_as_they_were, networks_outside

GLOBAL = nn.Linear(2, 1)
IN_A_DICTIONARY = {"network": nn.Linear(2, 1)}
IN_A_LIST = [nn.Linear(2, 1)]


def inner(network):
    return lambda: network


def test_networks_are_found_by_global_names_in_containers_and_in_the_function_around() -> None:
    mine = nn.Linear(2, 1)
    found = networks_outside(functools.partial(inner(mine)), 3, None)
    everything = [GLOBAL, IN_A_DICTIONARY["network"], IN_A_LIST[0], mine]
    assert {id(one) for one in found} == {id(one) for one in everything}


def test_weights_and_gradients_are_put_back() -> None:
    network = nn.Linear(2, 1)
    with torch.no_grad():
        network.bias.fill_(float("nan"))
    before = network.weight.clone()
    with left_as_they_were([network]) as watched:
        assert not watched.touched()
        network.weight.sum().backward()
        assert watched.touched()
        assert not watched.moved()
        with torch.no_grad():
            network.weight.zero_()
        assert watched.moved()
    assert torch.equal(network.weight, before)
    assert network.weight.grad is None
