import torch
from torch import nn
from torch.nn import functional as F

from cnnlab.inspection import explain
from cnnlab.inspection.pair_faults import operation, sign_of
from tests.inspection.broken_models import Branches, Own
from tests.inspection.mending import mended, runs


def test_a_sum_of_rows_of_two_widths_is_mended_at_its_linear_layers():
    model = Own(
        lambda net, x: net.a(x.flatten(1)) + net.b(x.flatten(1)), a=nn.Linear(784, 10), b=nn.Linear(784, 20)
    )
    found = explain(model)
    assert found.headline == "x + y does not fit: it gets 10 and 20."
    assert (found.has, found.needs) == (20, 10)
    assert found.details == ("All sides must be equal.", "b makes 20.")
    assert found.remedies == ("self.b = nn.Linear(784, 10)", "self.a = nn.Linear(784, 20)")
    assert all(runs(mended(model, text)) for text in found.remedies)


def test_the_layers_behind_a_product_follow():
    model = Own(
        lambda net, x: net.head(net.a(x.flatten(1)) * net.b(x.flatten(1))),
        a=nn.Linear(784, 10),
        b=nn.Linear(784, 20),
        head=nn.Linear(10, 10),
    )
    assert explain(model).remedies == (
        "self.b = nn.Linear(784, 10)",
        "self.a = nn.Linear(784, 20), and self.head = nn.Linear(20, 10)",
    )


def test_rows_of_numbers_never_hear_of_a_convolution():
    found = explain(Own(lambda net, x: x.flatten(1) + x.flatten(1)[:, :9]))
    assert found.headline == "x + y does not fit: it gets 784 and 9."
    assert len(found.remedies) == 2
    assert not any("convolution" in text for text in found.remedies)


def test_the_second_thing_is_told_with_its_arithmetic():
    found = explain(Branches(lambda a, b: a + b))
    assert found.details[1] == "conv2 makes 20 × 22 × 22: floor((24 + 2·0 − 3)/1) + 1 = 22."


def test_operations_are_written_as_a_student_writes_them():
    assert (sign_of("mul"), sign_of("truediv"), sign_of("cat")) == ("x * y", "x / y", "torch.cat")


def residual(how, **parts):
    def forward(net, x):
        x = net.first(x)
        return net.fc(how(net, x).mean((2, 3)))

    return Own(forward, first=nn.Conv2d(1, 8, 3, padding=1), fc=nn.Linear(16, 10), **parts)


def test_a_residual_block_that_halves_the_map_has_two_remedies():
    model = residual(
        lambda net, x: x + net.pool(net.second(x)),
        second=nn.Conv2d(8, 16, 3, padding=1),
        pool=nn.MaxPool2d(2),
    )
    found = explain(model)
    assert found.headline == "x + y does not fit: it gets 8 × 28 × 28 and 16 × 14 × 14."
    assert (found.has, found.needs) == (16, 8)
    assert found.remedies == (
        "nn.Conv2d(8, 16, 1, stride=2) on the side with 8 channels",
        "F.adaptive_avg_pool2d(y, (14, 14)) and nn.Conv2d(8, 16, 1), where y is the map of 28 × 28",
    )


def test_one_weight_for_each_channel_is_mended_at_its_linear_layer():
    model = Own(
        lambda net, x: (net.conv(x) * net.w(net.conv(x).mean((2, 3)))[:, :, None, None]).mean((2, 3)),
        conv=nn.Conv2d(1, 16, 3),
        w=nn.Linear(16, 8),
    )
    found = explain(model)
    assert (found.has, found.needs) == (8, 16)
    assert found.remedies[0] == "self.w = nn.Linear(16, 16)"
    assert len(found.remedies) == 2
    assert runs(mended(model, found.remedies[0]))


def test_maps_that_are_stacked_stay_stacked():
    model = Own(
        lambda net, x: torch.stack([net.a(x), net.b(x)], 1).mean((1, 3, 4)),
        a=nn.Conv2d(1, 4, 3),
        b=nn.Conv2d(1, 4, 5),
    )
    found = explain(model)
    assert (found.has, found.needs) == (24, 26)
    assert found.remedies == (
        "F.interpolate(y, size=(26, 26)), where y is the map of 24 × 24",
        "padding=1 in b",
        "F.adaptive_avg_pool2d(y, (24, 24)), where y is the map of 26 × 26",
    )


def test_signs_have_a_function():
    assert (operation("iadd"), operation("mul"), operation("relu")) == (torch.add, torch.mul, None)


def test_one_number_for_each_channel_becomes_a_map_of_one_pixel():
    model = Own(
        lambda net, x: (net.conv(x) + net.b(x.flatten(1))).mean((2, 3)),
        conv=nn.Conv2d(1, 16, 3),
        b=nn.Linear(784, 16),
    )
    found = explain(model)
    assert (found.has, found.needs) == (1, 3)
    assert found.details[0] == "16 × 26 × 26 has 3 sides, 16 has 1."
    assert found.remedies == (
        "y[:, :, None, None] in that line, where y is the row of 16",
        "y.view(-1, 16, 1, 1) in that line, where y is the row of 16",
    )


def test_three_maps_are_brought_to_one_size():
    model = Own(
        lambda net, x: torch.stack([net.a(x), net.b(x), net.c(x)]).sum(0).mean((2, 3)),
        a=nn.Conv2d(1, 4, 3),
        b=nn.Conv2d(1, 4, 5),
        c=nn.Conv2d(1, 4, 7),
    )
    found = explain(model)
    assert len(found.remedies) >= 2
    assert "F.interpolate(y, size=(26, 26)), where y is each map of 24 × 24 and 22 × 22" in found.remedies


def test_a_join_tells_the_arithmetic_of_every_other_branch():
    model = Own(
        lambda net, x: net.fc(torch.cat([net.a(x), net.b(x), net.c(x)], 1).flatten(1)),
        a=nn.Conv2d(1, 4, 3, padding=1),
        b=nn.Conv2d(1, 4, 3),
        c=nn.Conv2d(1, 4, 5),
        fc=nn.Linear(12 * 28 * 28, 10),
    )
    assert explain(model).details == (
        "Maps can be joined if all other sides are equal.",
        "b makes 4 × 26 × 26: floor((28 + 2·0 − 3)/1) + 1 = 26.",
        "c makes 4 × 24 × 24: floor((28 + 2·0 − 5)/1) + 1 = 24.",
    )


class Block(nn.Module):
    """A residual block of the usual kind, without its shortcut."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(n_in, n_out, 3, padding=1), nn.BatchNorm2d(n_out)
        self.conv2, self.bn2 = nn.Conv2d(n_out, n_out, 3, padding=1), nn.BatchNorm2d(n_out)

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        out += x
        return F.relu(out)


def test_a_residual_block_that_changes_the_channels_has_two_remedies_and_the_nearest_source():
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        Block(16, 16),
        Block(16, 32),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 10),
    )
    found = explain(model)
    assert found.details[-1].startswith("layer 1.conv2 makes 16 × 28 × 28: ")
    assert found.remedies == (
        "layer 2.conv2: nn.Conv2d(32, 16, 3, padding=1), layer 2.bn2: nn.BatchNorm2d(16), "
        "and layer 5: nn.Linear(16, 10)",
        "nn.Conv2d(16, 32, 1) on the side with 16 channels",
    )
    assert runs(mended(model, found.remedies[0]))
