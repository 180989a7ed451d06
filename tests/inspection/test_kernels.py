import pytest
import torch
from torch import nn

from cnnlab.inspection import kernels


def net():
    return nn.Sequential(nn.Conv2d(1, 10, 5), nn.ReLU(), nn.Flatten(), nn.Linear(5760, 10))


def test_kernels_are_a_copy_of_the_weights():
    model = net()
    taken = kernels(model, "0")
    assert torch.equal(taken, model[0].weight)
    taken.zero_()
    assert model[0].weight.abs().sum() > 0


def test_kernels_refuses_a_linear_layer_and_names_the_convolutions():
    with pytest.raises(
        ValueError, match=r"'3' is Linear with weights of shape \(10, 5760\).*convolutions here are 0"
    ):
        kernels(net(), "3")


def test_kernels_says_so_where_there_is_no_convolution():
    with pytest.raises(ValueError, match=r"'0' is ReLU without weights.*no convolution"):
        kernels(nn.Sequential(nn.ReLU()), "0")


def test_kernels_suggests_the_nearest_layer_name():
    model = nn.Sequential()
    model.add_module("conv1", nn.Conv2d(1, 2, 3))
    with pytest.raises(ValueError, match="did you mean 'conv1'"):
        kernels(model, "Conv1")


def test_kernels_says_what_to_do_where_a_lazy_convolution_has_none_yet():
    with pytest.raises(
        ValueError, match=r"layer '0' is a LazyConv2d, which has no weights.*send one through"
    ):
        kernels(nn.Sequential(nn.LazyConv2d(4, 3)), "0")
