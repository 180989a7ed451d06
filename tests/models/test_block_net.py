"""A network of blocks, each with sizes of its own."""

import re

import pytest
import torch

from cnnlab import models
from cnnlab.models.block_net import Block, BlockNet


def test_it_begins_as_a_lab_network_layer_by_layer():
    deep = BlockNet([Block(32, 3, 1, convolutions=2), Block(64, 3, 1, convolutions=2)], hidden=256)
    lab = models.build("cnn_deep")
    assert [(n, repr(m)) for n, m in deep.named_children()] == [(n, repr(m)) for n, m in lab.named_children()]
    deep.load_state_dict(lab.state_dict())
    images = torch.rand(3, 1, 28, 28)
    assert torch.equal(deep.eval()(images), lab.eval()(images))


def test_pooling_first_moves_only_the_last_relu_of_a_block():
    net = BlockNet([Block(4, 3, convolutions=2, batch_norm=True, dropout=0.5)], hidden=0, pool_first=True)
    assert [name for name, _ in net.named_children()] == [
        "conv1", "norm1", "relu1", "conv2", "norm2", "pool1", "relu2", "dropout1", "flatten", "fc1",
    ]  # fmt: skip


def test_without_pooling_the_relu_stays_behind_its_convolution():
    net = BlockNet([Block(4, pooling="none")], hidden=0, pool_first=True)
    assert [name for name, _ in net.named_children()] == ["conv1", "relu1", "flatten", "fc1"]
    assert net(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


@pytest.mark.parametrize(
    ("blocks", "text"),
    [
        (
            [Block(), Block(kernel=11), Block()],
            "conv3 does not fit: it gets 1×1 pixels, and k=5 is wider than the padded input (1 px): "
            "use k <= 1, or p >= 2.",
        ),
        (
            [Block(kernel=4, padding="same", stride=2)],
            "conv1 does not fit: padding='same' keeps the size, which stride=2 does not: "
            "use stride=1, or padding=2.",
        ),
        (
            [Block(kernel=11, stride=4), Block(kernel=2, pool_size=3)],
            "pool2 does not fit: it has a 3×3 window and gets 1×1 pixels: use pool_size <= 1 "
            "or more padding, or stop after block 1.",
        ),
        (
            [Block(kernel=11, stride=4, padding=5, pool_size=8)],
            "pool1 does not fit: it has a 8×8 window and gets 7×7 pixels: use pool_size <= 7 "
            "or more padding.",
        ),
    ],
)
def test_a_layer_that_does_not_fit_is_named_with_a_remedy(blocks, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        BlockNet(blocks)


@pytest.mark.parametrize(
    ("sizes", "text"),
    [
        ({"kernel": 0}, "kernel=0 is too small: use kernel >= 1."),
        ({"padding": -1}, "padding=-1 is too small"),
        ({"padding": "valid"}, "padding='valid': give a number of pixels, or 'same'."),
        ({"pooling": "maxx"}, "unknown pooling 'maxx': did you mean 'max'?"),
        ({"dropout": 1}, "dropout=1 is a chance: use 0 <= dropout < 1."),
    ],
)
def test_a_block_refuses_what_cannot_be(sizes, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        Block(**sizes)


def test_a_block_refuses_a_chance_that_is_no_number():
    with pytest.raises(TypeError, match="dropout='a' is a str: it is a chance: use 0 <= dropout < 1"):
        Block(dropout="a")
