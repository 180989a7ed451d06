"""A network can be trained if each image has its own answer and all weights get a gradient."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cnnlab.checks.trainable import can_learn, left_as_it_was, rows_apart, trainable
from cnnlab.checks.verdict import Wrong
from tests.checks.nets import AllInAPlainList, ByHand, DrawnAnew, Net, Normed, batch_last, net, sequential

GLOBAL = nn.Linear(50, 10)


@pytest.mark.parametrize("kind", [Net, ByHand, sequential])
def test_a_network_is_trainable_however_it_is_written(kind: type[nn.Module]) -> None:
    trainable(kind().eval())


def test_rows_that_are_mixed_are_seen_from_outside() -> None:
    rows_apart(Net().eval())
    with pytest.raises(Wrong, match="rows are mixed"):
        rows_apart(net(forward=batch_last)().eval())


def test_batch_norm_mixes_the_images_in_training_only() -> None:
    rows_apart(Normed().eval(), training=False)
    with pytest.raises(Wrong, match="batch norm"):
        rows_apart(Normed().eval(), training=True)


def test_dropout_that_always_drops_is_told_from_a_layer() -> None:
    rows_apart(nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Dropout()).eval())
    with pytest.raises(Wrong, match="in eval mode too"):
        rows_apart(net(last=lambda self, z: nn.functional.dropout(z))().eval())


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (AllInAPlainList(), "has no parameters"),
        (DrawnAnew(), "convolution 2 are drawn anew"),
        (Net(fc2=None), "linear layer 2 are none of the network's parameters"),
        (net(last=lambda self, z: (50 * z).round())(), "gets no gradient: does something"),
    ],
)
def test_what_cannot_learn_is_told_why(model: nn.Module, said: str) -> None:
    if hasattr(model, "fc2") and model.fc2 is None:
        vars(model)["fc2"] = lambda x: GLOBAL(x)
    with pytest.raises(Wrong, match=said):
        can_learn(model.eval())


def test_weights_that_are_0_or_frozen_can_learn() -> None:
    model = sequential().eval().requires_grad_(False)
    for p in model.parameters():
        p.zero_()
    can_learn(model)


def test_blanks_of_the_next_exercise_do_not_count() -> None:
    model = Net(fc2=None).eval()
    trainable(model)
    assert model.fc2 is None


def test_a_network_is_left_as_it_was() -> None:
    model = Normed().eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with left_as_it_was(model), torch.no_grad():
        model.train()(torch.randn(4, 1, 28, 28))
        model.fc1.weight.add_(1)
        model.fc1.weight.requires_grad_(False)
    assert not model.training
    assert model.fc1.weight.requires_grad
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
