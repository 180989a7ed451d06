import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnnlab.arithmetic import conv_multiply_adds, linear_multiply_adds


def test_multiply_adds_are_half_of_the_flops_that_torch_counts():
    conv, linear = nn.Conv2d(3, 8, (3, 5), device="meta"), nn.Linear(320, 50, device="meta")
    with FlopCounterMode(display=False) as counter:
        out = conv(torch.zeros(1, 3, 12, 12, device="meta"))
        linear(torch.zeros(1, 320, device="meta"))
    ours = conv_multiply_adds(5, 3, 3, 8, out.shape[3], out.shape[2]) + linear_multiply_adds(320, 50)
    assert 2 * ours == counter.get_total_flops()


def test_the_second_convolution_of_lab_000_does_ten_million():
    assert conv_multiply_adds(5, 5, 32, 64, 14, 14) == 10_035_200


def test_multiply_adds_refuse_what_cannot_be():
    with pytest.raises(ValueError, match="w_out=0 is too small: use w_out >= 1"):
        conv_multiply_adds(5, 5, 1, 10, 0, 24)
    with pytest.raises(ValueError, match="n_in=0 is too small"):
        linear_multiply_adds(0, 10)
