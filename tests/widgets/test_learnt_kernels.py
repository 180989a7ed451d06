import pytest
import torch
from torch import nn

from cnnlab import models
from cnnlab.widgets.learnt_kernels import learnt_kernels


def test_the_kernels_of_the_first_convolution_come_with_names_and_biases():
    network = models.build("cnn_320")
    state, numbers = learnt_kernels(network)
    assert (state["size"], len(state["names"])) == (5, 10)
    stack = torch.frombuffer(bytearray(numbers), dtype=torch.float32).view(10, 5, 5)
    assert torch.equal(stack, network.conv1.weight.detach()[:, 0])
    assert state["biases"] == pytest.approx(network.conv1.bias.tolist())


def test_a_grouped_convolution_is_not_taken_for_one_that_reads_the_image():
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, groups=4))
    with pytest.raises(ValueError, match=r"1 reads 4 channels, and an image has one: .*layer='0'"):
        learnt_kernels(network, "1")
    with pytest.raises(ValueError, match=r"0 reads 3 channels, .*leave model out"):
        learnt_kernels(nn.Sequential(nn.Conv2d(3, 4, 3)))


@pytest.mark.parametrize(
    ("part", "number", "words"),
    [
        ("weight", float("nan"), r"the weights of conv1 are not finite \(channel 3 has nan or inf\)"),
        ("bias", float("inf"), r"the biases of conv1 are not finite \(channel 3 .*smaller lr"),
        ("weight", -3e6, r"the weights of conv1 are too large .*channel 3 has ±3,000,000.*±1,000,000"),
        ("bias", 5e6, r"the biases of conv1 are too large .*channel 3 has ±5,000,000.*leave model out"),
    ],
)
def test_numbers_that_cannot_be_shown_are_refused_with_their_layer_and_channel(part, number, words):
    network = models.build("cnn_320")
    with torch.no_grad():
        getattr(network.conv1, part)[3] = number
    with pytest.raises(ValueError, match=words):
        learnt_kernels(network)


def test_a_convolution_without_biases_has_biases_of_0():
    state, _ = learnt_kernels(nn.Sequential(nn.Conv2d(1, 2, 3, bias=False)))
    assert state["biases"] == [0.0, 0.0]


def test_one_convolution_alone_is_model_enough():
    layer = models.build("cnn_320").conv1
    state, numbers = learnt_kernels(layer)
    assert state["names"][:2] == ["conv, channel 0", "conv, channel 1"]
    assert (state, numbers) == learnt_kernels(layer, "conv")
    with pytest.raises(ValueError, match="conv reads 3 channels"):
        learnt_kernels(nn.Conv2d(3, 4, 3))
