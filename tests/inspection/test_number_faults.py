"""Another number format and a matrix of another size are named with both numbers, and mended."""

import torch
from torch import nn

from cnnlab.inspection import explain


class Mixed(nn.Module):
    """One layer in double precision behind another in single precision."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 10, 5)
        self.fc = nn.Linear(10, 10).double()

    def forward(self, x):
        return self.fc(self.conv(x).mean((2, 3)))


class ByHand(nn.Module):
    """A linear layer written as a product."""

    def __init__(self, *size, flatten=True):
        super().__init__()
        self.weight, self.flatten = nn.Parameter(torch.zeros(size)), flatten

    def forward(self, x):
        if self.flatten:
            x = x.flatten(1)
        return x @ self.weight


def test_two_number_formats_are_both_named():
    found = explain(Mixed())
    assert found.headline == "fc does not fit: it gets float32 numbers, but its weights are float64."
    assert found.remedies == ("x = x.to(torch.float64) before fc", "fc in float32: model.to(torch.float32)")
    assert explain(Mixed().to(torch.float32)).works


def test_whole_numbers_inside_forward_are_named():
    class Whole(Mixed):
        def forward(self, x):
            return self.fc(self.conv(x.long()).mean((2, 3)))

    found = explain(Whole().float())
    assert found.headline == "conv does not fit: it gets int64 numbers, but its weights are float32."
    assert found.remedies == ("x = x.to(torch.float32) before conv",)


def test_a_matrix_of_the_wrong_height_is_named_with_both_numbers():
    found = explain(ByHand(700, 10))
    assert "x @ self.weight does not fit" in found.headline
    assert (found.has, found.needs) == (784, 700)
    assert found.remedies[0] == "self.weight = nn.Parameter(torch.randn(784, 10) / 784**0.5)"
    assert explain(ByHand(784, 10)).works


def test_a_matrix_that_lies_on_its_side_is_turned():
    assert explain(ByHand(10, 784)).remedies[0] == "x @ self.weight.T"


def test_a_map_in_front_of_a_matrix_is_flattened():
    found = explain(ByHand(784, 10, flatten=False))
    assert found.remedies == ("torch.flatten(x, 1) @ self.weight: 1 × 28 × 28 = 784",)
