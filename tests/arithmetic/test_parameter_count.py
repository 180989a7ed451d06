import itertools

import pytest
from torch import nn

from cnnlab.arithmetic import batch_norm_parameters, conv_parameters, linear_parameters


def numel(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("bias", [True, False])
def test_conv_parameters_agree_with_torch(bias):
    for k_w, k_h, c_in, c_out in itertools.product((1, 3, 5), (1, 2), (1, 3), (1, 10)):
        conv = nn.Conv2d(c_in, c_out, (k_h, k_w), bias=bias)
        assert conv_parameters(k_w, k_h, c_in, c_out, bias) == numel(conv)


@pytest.mark.parametrize("bias", [True, False])
def test_linear_parameters_agree_with_torch(bias):
    for n_in, n_out in itertools.product((1, 7, 320), (1, 10)):
        assert linear_parameters(n_in, n_out, bias) == numel(nn.Linear(n_in, n_out, bias))


def test_batch_norm_parameters_agree_with_torch():
    assert batch_norm_parameters(16) == numel(nn.BatchNorm2d(16)) == 32


def test_the_320_network_has_21840_parameters():
    convs = conv_parameters(5, 5, 1, 10) + conv_parameters(5, 5, 10, 20)
    assert convs + linear_parameters(320, 50) + linear_parameters(50, 10) == 21_840


def test_parameter_counts_refuse_what_cannot_be():
    with pytest.raises(ValueError, match="c_out=0 is too small: use c_out >= 1"):
        conv_parameters(5, 5, 1, 0)
    with pytest.raises(TypeError, match=r"n_in=320\.0 is not a whole number"):
        linear_parameters(320.0, 50)
