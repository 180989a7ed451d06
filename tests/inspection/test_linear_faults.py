import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnlab.inspection import explain
from cnnlab.inspection.linear_faults import linear
from cnnlab.inspection.tracing import trace
from cnnlab.inspection.workbench import Workbench
from tests.inspection.broken_models import Own, stack
from tests.inspection.mending import mended, runs


def channels_last(c_out, n_in):
    return Own(
        lambda net, x: net.fc(net.conv(x).permute(0, 2, 3, 1)).mean((1, 2)),
        conv=nn.Conv2d(1, c_out, 4, stride=4),
        fc=nn.Linear(n_in, 32),
    )


def tokens(n_in, how=lambda x: x):
    return Own(
        lambda net, x: net.fc(how(net.conv(x).flatten(2))).mean(1),
        conv=nn.Conv2d(1, 32, 4, stride=4),
        fc=nn.Linear(n_in, 64),
    )


def test_a_map_with_its_channels_last_is_read_by_its_last_side():
    model = channels_last(16, 8)
    found = explain(model)
    assert found.headline == "fc does not fit: it gets rows of 16 numbers, but nn.Linear(8, 32) takes 8."
    assert (found.layer, found.has, found.needs) == ("fc", 16, 8)
    assert found.details == (
        "A linear layer reads the last side only, and the last side of 7 × 7 × 16 is 16.",
        "Flattened, an image has 7 × 7 × 16 = 784 numbers, not 8.",
    )
    assert found.remedies == (
        "self.fc = nn.Linear(16, 32)",
        "self.conv = nn.Conv2d(1, 8, 4, stride=4)",
        "self.fc = nn.LazyLinear(32), which counts its inputs itself",
    )
    assert runs(mended(model, found.remedies[0]))
    assert runs(mended(model, found.remedies[1]))


def test_channels_that_come_last_are_never_averaged_away():
    found = explain(channels_last(8, 7))
    assert found.remedies[0] == "self.fc = nn.Linear(8, 32)"
    assert found.remedies[1] == "x = x.transpose(2, 3) before fc"
    assert found.remedies[2].startswith("leave out x.permute(0, 2, 3, 1) in line ")
    assert not any("x.mean" in text for text in found.remedies)


def test_tokens_in_the_wrong_order_are_turned():
    found = explain(tokens(32))
    assert found.headline == "fc does not fit: it gets rows of 49 numbers, but nn.Linear(32, 64) takes 32."
    assert found.details[1] == "Another side of 32 × 49 is 32: it fits in the last place."
    assert found.remedies[:2] == ("self.fc = nn.Linear(49, 64)", "x = x.transpose(1, 2) before fc")
    assert runs(tokens(32, lambda x: x.transpose(1, 2)))
    assert found.heading == "Any one of these mends it:"


def test_tokens_of_another_width_name_both_numbers():
    found = explain(tokens(48, lambda x: x.transpose(1, 2)))
    assert (found.has, found.needs) == (32, 48)
    assert found.remedies[:2] == ("self.fc = nn.Linear(32, 64)", "self.conv = nn.Conv2d(1, 48, 4, stride=4)")


def test_a_map_with_as_many_channels_as_the_layer_takes_is_turned_where_no_flatten_helps():
    model = Own(
        lambda net, x: net.fc(net.conv(x)).mean((1, 2)),
        conv=nn.Conv2d(1, 8, 4, stride=4),
        fc=nn.Linear(8, 32),
    )
    assert explain(model).remedies[:2] == (
        "self.fc = nn.Linear(7, 32)",
        "x = x.permute(0, 2, 3, 1) before fc",
    )


def test_a_turn_is_not_offered_inside_a_sequential():
    model = stack(nn.Conv2d(1, 32, 4, stride=4), nn.Flatten(2), flatten=False, width=32)
    found = explain(model)
    assert found.remedies[:2] == (
        "layer 2: nn.Linear(49, 10)",
        "nn.Flatten() before layer 2, and layer 2: nn.Linear(1568, 10)",
    )
    assert all(runs(mended(model, text)) for text in found.remedies)


@pytest.mark.parametrize("width", [1440, 320])
def test_a_map_straight_from_a_convolution_still_misses_its_flatten(width):
    found = explain(stack(nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), flatten=False, width=width))
    assert found.headline.endswith("the flatten is missing.")


def test_linear_has_nothing_to_say_about_a_layer_that_fits():
    images = torch.zeros(2, 1, 28, 28)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    assert linear(Workbench(model, images, trace(model, images), 1)) is None


def test_a_weight_for_tokens_of_another_width():
    model = Own(
        lambda net, x: F.linear(net.conv(x).flatten(2).transpose(1, 2), net.w).mean(1),
        conv=nn.Conv2d(1, 32, 4, stride=4),
        w=nn.Parameter(torch.zeros(10, 48)),
    )
    assert explain(model).remedies == (
        "self.w = nn.Parameter(torch.randn(10, 32) / 32**0.5)",
        "self.conv = nn.Conv2d(1, 48, 4, stride=4)",
    )


def two_rows(bilinear):
    """A network whose last layer multiplies 320 numbers with the first 50 of them."""
    return Own(
        lambda net, x: net.bi(net.rows(x), net.rows(x)[:, :50]),
        rows=nn.Sequential(nn.Conv2d(1, 20, 25), nn.Flatten()),
        bi=bilinear,
    )


@pytest.mark.parametrize(
    ("widths", "said", "has", "needs"),
    [
        ((300, 50), "its first input has 320 numbers, but nn.Bilinear(300, 50, 10) takes 300", 320, 300),
        ((320, 40), "its second input has 50 numbers, but nn.Bilinear(320, 40, 10) takes 40", 50, 40),
        ((300, 40), "its first input has 320 numbers, but nn.Bilinear(300, 40, 10) takes 300", 320, 300),
    ],
)
def test_a_bilinear_layer_of_other_widths(widths, said, has, needs):
    model = two_rows(nn.Bilinear(*widths, 10))
    found = explain(model)
    assert (found.headline, found.layer) == (f"bi does not fit: {said}.", "bi")
    assert (found.has, found.needs) == (has, needs)
    assert found.remedies[0] == "self.bi = nn.Bilinear(320, 50, 10)"
    assert runs(mended(model, found.remedies[0]))
    assert found.remedies[1].startswith("nn.Linear(370, 10) on torch.cat([x, y], dim=-1)")


def test_a_bilinear_function_of_other_widths():
    weight = torch.randn(10, 300, 50)
    model = Own(
        lambda net, x: F.bilinear(net.rows(x), net.rows(x)[:, :50], weight),
        rows=nn.Sequential(nn.Conv2d(1, 20, 25), nn.Flatten()),
    )
    found = explain(model)
    assert "its first input has 320 numbers, but nn.Bilinear(300, 50, 10) takes 300" in found.headline
    assert found.remedies[0] == "give it a weight of the shape (10, 320, 50)"
    assert len(found.remedies) == 2


def test_a_bilinear_layer_that_fits():
    assert explain(two_rows(nn.Bilinear(320, 50, 10))).works
