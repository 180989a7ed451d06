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
