"""The network with every size as an argument: it fits for all of them, or says which block does not."""

import itertools

import pytest
import torch
from torch import nn

from cnnlab.models import ConvNet
from cnnlab.models.convnet import ACTIVATIONS, POOLINGS


def layers(model: nn.Module) -> list[str]:
    return [name for name, _ in model.named_children()]


def test_the_default_is_the_320_network():
    assert ConvNet().fc1.in_features == 320
    assert sum(p.numel() for p in ConvNet().parameters()) == 21_840


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("padding", [0, 1, 2, "same"])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_fc1_fits_what_the_convolutions_leave(kernel, padding):
    strides = (1,) if padding == "same" else (1, 2, 3)
    x = torch.zeros(2, 1, 28, 28)
    for channels, stride, pooling, pool_size in itertools.product(
        [(3,), (2, 3)], strides, POOLINGS, (1, 2, 3)
    ):
        try:
            model = ConvNet(channels, kernel, padding, stride, pooling, pool_size, hidden=4)
        except ValueError:
            continue  # the next test asks whether torch would refuse it too
        assert model(x).shape == (2, 10)


def test_it_refuses_only_what_torch_cannot_run():
    x = torch.zeros(1, 1, 28, 28)
    for kernel, stride, pool_size in itertools.product((3, 7, 13, 28, 29), (1, 2, 4), (2, 5, 14)):
        by_hand = nn.Sequential(
            nn.Conv2d(1, 2, kernel, stride), nn.MaxPool2d(pool_size),
            nn.Conv2d(2, 2, kernel, stride), nn.MaxPool2d(pool_size),
        )  # fmt: skip
        try:
            by_hand(x)
        except RuntimeError:
            with pytest.raises(ValueError, match="does not fit"):
                ConvNet((2, 2), kernel, stride=stride, pool_size=pool_size)
        else:
            ConvNet((2, 2), kernel, stride=stride, pool_size=pool_size)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_activation_stands_behind_every_layer_but_the_last(activation):
    model = ConvNet(channels=(2, 3), activation=activation, hidden=(6, 5))
    found = [name for name in layers(model) if name.startswith(activation)]
    assert found == ([] if activation == "none" else [f"{activation}{i}" for i in (1, 2, 3, 4)])
    assert layers(model)[-1] == "fc3"


def test_a_block_is_conv_norm_activation_pooling_and_dropout_comes_before_a_linear_layer():
    model = ConvNet(channels=(4,), batch_norm=True, dropout=0.2, activation="tanh", pooling="avg", hidden=7)
    assert layers(model) == [
        "conv1", "norm1", "tanh1", "pool1", "flatten", "dropout1", "fc1", "tanh2", "dropout2", "fc2",
    ]  # fmt: skip
    assert isinstance(model.pool1, nn.AvgPool2d)
    assert model.dropout1.p == 0.2


def test_a_list_an_empty_tuple_and_zero_are_fine():
    assert layers(ConvNet(channels=[2], hidden=[5]))[-1] == "fc2"
    assert layers(ConvNet(channels=(2,), hidden=())) == layers(ConvNet(channels=(2,), hidden=0))


def test_gradients_reach_every_weight():
    model = ConvNet(channels=(3, 4), batch_norm=True, hidden=(8, 8))
    model(torch.randn(4, 1, 28, 28)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels": (4, 4, 4)}, r"conv3 does not fit: it gets 4×4 pixels, and k=5 is wider .*p >= 1"),
        ({"pool_size": 5}, r"conv2 does not fit: it gets 4×4 pixels, and k=5 is wider"),
        ({"kernel": 29}, r"conv1 does not fit: it gets 28×28 pixels, and k=29 .*use k <= 28"),
        (
            {"channels": (2,) * 5, "padding": "same"},
            r"pool5 does not fit: it has a 2×2 window and gets 1×1 pixels: .*or stop after block 4\.",
        ),
        ({"activation": "rellu"}, r"unknown activation 'rellu': did you mean 'relu'\?"),
        ({"pooling": "maxx"}, r"unknown pooling 'maxx': did you mean 'max'\?"),
        ({"padding": "valid"}, r"padding='valid': give a number of pixels, or 'same'"),
        ({"padding": "same", "stride": 2}, r"which stride=2 does not: use stride=1, or padding=2"),
        ({"channels": (10, 0)}, r"channels=0 is too small: use channels >= 1"),
        ({"hidden": -3}, r"hidden=-3 is too small"),
        ({"hidden": (50, 0)}, r"hidden=0 is too small: use hidden >= 1"),
        ({"stride": 0}, r"stride=0 is too small"),
        ({"dropout": 1.5}, r"dropout=1\.5 is a chance"),
    ],
)
def test_what_cannot_be_built_is_refused_with_the_number_and_the_remedy(arguments, message):
    with pytest.raises(ValueError, match=message):
        ConvNet(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channels": 10}, r"channels=10 is not a tuple: write channels=\(10,\)"),
        ({"kernel": 2.5}, r"kernel=2\.5 is not a whole number"),
        ({"hidden": 28 / 2}, r"hidden=14\.0 is not a whole number"),
        ({"dropout": "a"}, r"dropout='a' is a str: it is a chance: use 0 <= dropout < 1"),
        ({"dropout": None}, r"dropout=None is a NoneType: it is a chance"),
        ({"batch_norm": "yes"}, r"batch_norm='yes' is a str: use batch_norm=True or False"),
    ],
)
def test_a_number_of_the_wrong_type_is_named(arguments, message):
    with pytest.raises(TypeError, match=message):
        ConvNet(**arguments)
