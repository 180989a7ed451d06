"""Another number format and a matrix of another size are named with both numbers, and mended."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cnnlab.inspection import explain
from tests.inspection.broken_models import Own


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
    assert found.remedies[0] == "x = x.to(torch.float32) before conv"
    assert found.remedies[1].startswith("leave out x.long() in line ")
    assert found.heading == "Any one of these mends it:"


def test_a_call_of_to_that_makes_whole_numbers_is_named_as_well():
    class Whole(Mixed):
        def forward(self, x):
            return self.fc(self.conv(x.to(dtype=torch.int64)).mean((2, 3)))

    found = explain(Whole().float())
    assert found.remedies[0] == "x = x.to(torch.float32) before conv"
    assert found.remedies[1].startswith("leave out x.to(dtype=torch.int64) in line ")


def test_an_embedding_of_an_image_is_told_that_it_is_read_by_whole_numbers():
    model = nn.Sequential(nn.Embedding(256, 4), nn.Flatten(), nn.Linear(3136, 10))
    found = explain(model)
    assert found.headline == (
        "layer 0 does not fit: nn.Embedding(256, 4) is a table of 256 rows, to be read by whole numbers from "
        "0 to 255, but it gets float32 numbers."
    )
    assert found.remedies == (
        "x = (x * 255).long() before layer 0, for pixels in 0…1",
        "leave out layer 0 (Embedding), and layer 2: nn.Linear(784, 10)",
    )
    raw = explain(model, torch.zeros(2, 1, 28, 28, dtype=torch.uint8))
    assert raw.headline.endswith("but it gets uint8 numbers.")
    assert raw.remedies[0] == "x = x.long() before layer 0"
    normalised = explain(model, torch.full((2, 1, 28, 28), -0.4))
    assert normalised.remedies[0] == "x = (x > 0).long() before layer 0, which tells ink from paper"
    small = explain(nn.Sequential(nn.Embedding(16, 4), nn.Flatten(), nn.Linear(3136, 10)))
    assert small.remedies[0] == "x = (x * 15).long() before layer 0, for pixels in 0…1"


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
    assert found.remedies == (
        "torch.flatten(x, 1) @ self.weight: 1 × 28 × 28 = 784",
        "nn.Linear(784, 10) on torch.flatten(x, 1), in place of the product, which adds a bias",
    )


def test_a_matrix_for_tokens_of_another_width():
    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.zeros(30, 10))

        def forward(self, x):
            return (x[:, 0] @ self.w).mean(1)

    found = explain(Tokens())
    assert (found.has, found.needs) == (28, 30)
    assert found.remedies[0] == "self.w = nn.Parameter(torch.randn(28, 10) / 28**0.5)"
    assert len(found.remedies) == 2


@pytest.mark.parametrize(
    ("how", "what"),
    [
        (lambda x: x[:, :, : x.shape[2] / 2], "x[…] has 13.0 in it"),
        (lambda x: F.max_pool2d(x, x.shape[2] / 2), "F.max_pool2d(x, 13.0) has 13.0 in it"),
        (
            lambda x: F.adaptive_avg_pool2d(x, (x.shape[2] / 2, 26)),
            "F.adaptive_avg_pool2d(x, (13.0, 26)) has",
        ),
        (lambda x: F.interpolate(x, size=(x.shape[2] / 2, 26)), "F.interpolate"),
    ],
)
def test_a_result_of_true_division_is_named_wherever_pytorch_counts(how, what):
    model = Own(
        lambda net, x: net.fc(how(net.conv(x)).flatten(1)), conv=nn.Conv2d(1, 8, 3), fc=nn.LazyLinear(10)
    )
    found = explain(model)
    assert found.headline.startswith(what)
    assert found.headline.endswith("a float, where PyTorch needs a whole number.")
    assert "28 // 2 is 14" in found.details[0]
    assert found.remedies == (
        "// in place of / where that number is made: 13",
        "int(…) round that number: 13",
    )


def test_a_layer_with_half_a_pixel_is_rounded_down():
    model = nn.Sequential(nn.Conv2d(1, 8, 4), nn.MaxPool2d(25 / 2), nn.Flatten(), nn.Linear(32, 10))
    found = explain(model)
    assert found.headline == (
        "layer 1, nn.MaxPool2d, has 12.5 in it, a float, where PyTorch needs a whole number."
    )
    assert found.remedies[0] == "// in place of / where that number is made: 12"


def test_a_share_between_0_and_1_is_no_fraction_of_a_pixel():
    model = Own(lambda net, x: F.dropout(x, 0.5) + "a", fc=nn.Linear(784, 10))
    assert "a float, where" not in explain(model).headline
