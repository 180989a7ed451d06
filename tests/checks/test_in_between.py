"""What stands between two layers is compared with ReLU and max pooling."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cnnlab.checks.in_between import (
    cut_into_pieces,
    features_as_asked,
    gets_the_images,
    head_as_asked,
    relu_and_pool,
    same_columns,
)
from cnnlab.checks.verdict import Wrong
from cnnlab.checks.watching import watch
from tests.checks.nets import Net, net, sequential


def test_columns_may_stand_in_any_order_and_rows_may_not() -> None:
    table = torch.randn(16, 320)
    assert same_columns(table, table.flip(1))
    assert not same_columns(table, table.flip(0))
    assert not same_columns(table, table[:, :300])
    assert not same_columns(table, table + (torch.arange(320) == 7))


def test_relu_and_pooling_pass_in_either_order() -> None:
    for model in (Net().eval(), sequential().eval()):
        seen = watch(model)
        gets_the_images(seen)
        relu_and_pool(model, seen, 0, ("conv1", "conv2"))
        relu_and_pool(model, seen, 1, ("conv2", "fc1"))
        relu_and_pool(model, seen, 2, ("fc1", "fc2"))
        assert not cut_into_pieces(seen)


def test_another_activation_is_refused_by_name() -> None:
    model = sequential(activation=nn.ReLU6).eval()
    with pytest.raises(Wrong, match="What reaches fc2 is not what ReLU makes of fc1's numbers"):
        relu_and_pool(model, watch(model), 2, ("fc1", "fc2"))


def test_images_that_were_changed_before_the_first_layer_are_seen() -> None:
    with pytest.raises(Wrong, match="conv1 gets other numbers than the images hold"):
        gets_the_images(watch(net(forward=lambda self, x: Net.forward(self, x + 1))().eval()))


def test_features_are_computed_anew_from_the_weights() -> None:
    assert features_as_asked(Net().eval())
    assert not features_as_asked(net(features=lambda self, x: Net.features(self, x).clamp(max=6))().eval())
    assert not features_as_asked(nn.Linear(28, 320))


@pytest.mark.parametrize(
    ("head", "right"),
    [
        (lambda self, x: self.fc2(self.fc1(x).relu()), True),
        (lambda self, x: self.fc2(self.fc1(x)), False),
        (lambda self, x: self.fc2(self.fc1(x).relu().clamp(max=6)), False),
        (lambda self, x: self.fc2(self.fc1(x).relu()).tanh(), False),
    ],
)
def test_a_head_is_judged_by_the_linear_map_that_fits_it(head: object, right: bool) -> None:
    model = net(head=head)().eval()
    assert head_as_asked(model, watch(model)) is right


def test_a_head_with_other_parameters_is_not_judged_by_its_map() -> None:
    model = Net(fc2=nn.Sequential(nn.Linear(50, 10), nn.Linear(10, 10))).eval()
    assert not head_as_asked(model, watch(model))
