import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnlab.inspection import explain
from cnnlab.inspection.diagnosis import diagnose
from cnnlab.inspection.tracing import trace
from tests.inspection import student_models
from tests.inspection.broken_models import Between, Branches


def test_a_sum_of_maps_with_other_channels_and_sizes():
    found = explain(Branches(lambda a, b: a + b))
    assert found.headline == "x + y does not fit: it gets 10 × 24 × 24 and 20 × 22 × 22."
    assert found.remedies == (
        "self.conv2 = nn.Conv2d(10, 10, 3, padding=1), and self.fc1 = nn.Linear(5760, 10)",
        "padding=1 in conv2, and nn.Conv2d(10, 20, 1) on the side with 10 channels",
    )


def test_a_sum_of_maps_with_other_sizes_only():
    found = explain(Branches(lambda a, b: a + b, c_out=10, width=5760))
    assert found.headline == "x + y does not fit: it gets 10 × 24 × 24 and 10 × 22 × 22."
    assert "padding=1 in conv2" in found.remedies
    assert "F.interpolate(y, size=(24, 24)), where y is the map of 22 × 22" in found.remedies


def test_a_sum_of_maps_with_other_channels_only():
    found = explain(Branches(lambda a, b: torch.add(a, b), padding=1))
    assert found.headline == "x + y does not fit: it gets 10 × 24 × 24 and 20 × 24 × 24."
    assert "nn.Conv2d(10, 20, 1) on the side with 10 channels" in found.remedies


def test_maps_that_cannot_be_joined():
    found = explain(Branches(lambda a, b: torch.cat([a, b], dim=1), width=17280))
    assert found.headline == "torch.cat does not fit: it gets 10 × 24 × 24 and 20 × 22 × 22."
    assert found.details == (
        "Maps can be joined if all other sides are equal.",
        "conv2 makes 20 × 22 × 22: floor((24 + 2·0 − 3)/1) + 1 = 22.",
    )
    assert "F.interpolate(y, size=(24, 24)), where y is the map of 22 × 22" in found.remedies


def test_a_permute_that_moves_the_batch_is_blamed():
    def turned(x):
        return x.permute(1, 0, 2, 3).flatten(1)

    found = explain(Between(turned, 288))
    assert found.headline == "permute turns 2 images into 10 rows."
    assert found.line.endswith(": return x.permute(1, 0, 2, 3).flatten(1)")
    assert len(found.remedies) == 2


def test_a_layer_nobody_thought_of_keeps_pytorchs_message():
    found = explain(nn.Sequential(nn.Conv2d(1, 6, 3), nn.PixelUnshuffle(4), nn.Flatten()))
    assert found.layer == "1"
    assert found.headline.startswith("layer 1 stops at an input of (6, 26, 26): ")
    assert "divisible by downscale_factor" in found.headline
    assert len(found.remedies) == 2


def test_a_step_inside_that_moves_the_batch_for_a_while_is_not_blamed():
    found = explain(Between(lambda x: x.view(-1, 144).view(x.size(0), -1)))
    assert found.works


def test_side_branches_are_not_blamed():
    def with_statistics(x):
        x.std()
        return x.flatten(1)

    found = explain(Between(with_statistics, width=320))
    assert (found.layer, found.has) == ("fc1", 1440)


def test_there_is_nothing_to_say_about_an_error_outside_the_steps():
    def divides(x):
        return x / 1 if x is None else 1 / 0

    model, images = Between(divides), torch.zeros(2, 1, 28, 28)
    assert diagnose(model, images, trace(model, images)) is None


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_the_fault_knows_its_step(batch):
    model, images = student_models.Flattening(padding=2), torch.zeros(batch, 1, 28, 28)
    made = trace(model, images)
    assert made.steps[diagnose(model, images, made).number].name == "fc1"


class CallsTheClass(nn.Module):
    """nn.ReLU(x) in place of F.relu(x): what comes out is a layer."""

    def __init__(self, then):
        super().__init__()
        self.conv1, self.conv2, self.then = nn.Conv2d(1, 10, 5), nn.Conv2d(10, 20, 5), then

    def forward(self, x):
        return self.then(self, nn.ReLU(self.conv1(x)))


@pytest.mark.parametrize(
    ("then", "headline"),
    [
        (lambda net, x: net.conv2(x), "conv2 gets a layer, an nn.ReLU, where it needs numbers"),
        (lambda net, x: F.max_pool2d(x, 2), "stops with TypeError: max_pool2d(): argument 'input'"),
        (lambda net, x: x.view(-1, 320), "stops with AttributeError: 'ReLU' object has no attribute 'view'"),
        (lambda net, x: x, "returns a layer, an nn.ReLU: nn.ReLU(x) makes a layer, but does not call it."),
    ],
)
def test_a_layer_that_was_made_and_not_called_is_named(then, headline):
    found = explain(CallsTheClass(then))
    assert headline in found.headline
    assert found.remedies == (
        "make it in __init__, self.name = nn.ReLU(…), and call it in forward(): x = self.name(x)",
        "nn.ReLU(…)(x) in place of nn.ReLU(x, …), for a layer without weights",
    )
    assert found.heading == "What to try:"


def test_maps_joined_along_the_batch_are_blamed_and_not_the_layer_behind_them():
    found = explain(Branches(lambda a, b: torch.cat([a, b]), c_out=10, padding=1, width=11520))
    assert found.headline == "cat turns 2 images into 4 rows."
    assert found.remedies == (
        "torch.cat(…, dim=1), which joins channels",
        "the sum of the maps in place of torch.cat, and self.fc1 = nn.Linear(5760, 10)",
    )


def test_a_layer_on_another_device_is_told_where_to_look():
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Linear(10, 10).to("meta"))
    found = explain(model)
    assert found.layer == "2"
    assert found.remedies[0].startswith("call model.to(device) after all its layers were made")


def test_a_stride_on_one_side_of_a_sum_is_taken_away_or_matched():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(1, 8, 3, padding=1)
            self.second = nn.Conv2d(8, 8, 3, stride=2, padding=1)

        def forward(self, x):
            x = self.first(x)
            return (x + self.second(x)).mean((2, 3))

    found = explain(Block())
    assert found.remedies[:2] == (
        "self.second = nn.Conv2d(8, 8, 3, padding=1)",
        "nn.Conv2d(8, 8, 1, stride=2) on the side of 8 × 28 × 28",
    )


@pytest.mark.parametrize(
    ("made_small", "way"),
    [
        (nn.MaxPool2d(2), "leave out small"),
        (nn.Conv2d(4, 4, 4, stride=2, padding=1), "F.adaptive_avg_pool2d(y, (12, 12))"),
    ],
)
def test_maps_of_two_sizes_that_are_joined_are_mended_in_two_ways(made_small, way):
    class Joined(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.small, self.fc = nn.Conv2d(1, 4, 5), made_small, nn.Linear(100, 10)

        def forward(self, x):
            x = self.conv(x)
            return self.fc(torch.cat([x, self.small(x)], 1).flatten(1))

    found = explain(Joined())
    assert found.headline == "torch.cat does not fit: it gets 4 × 24 × 24 and 4 × 12 × 12."
    assert len(found.remedies) >= 2
    assert any(way in text for text in found.remedies)
    assert any("self.fc = nn.Linear(1152, 10)" in text for text in found.remedies)


@pytest.mark.parametrize(
    ("layer", "needs"), [(lambda: nn.GRUCell(28, 32), 28), (lambda: nn.Bilinear(700, 784, 10), 700)]
)
def test_both_numbers_are_read_from_pytorchs_message_where_it_has_them(layer, needs):
    class Reads(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = layer()

        def forward(self, x):
            x = x.flatten(1)
            return self.layer(x, x) if isinstance(self.layer, nn.Bilinear) else self.layer(x)

    found = explain(Reads())
    assert (found.layer, found.has, found.needs) == ("layer", 784, needs)


def test_an_image_that_no_memory_holds():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(10, 10))
    found = explain(model, torch.zeros(1, 1, 1, 1).expand(1, 1, 10**6, 10**6))
    assert found.headline == (
        "layer 0 stops: what it makes of 1 image of (1, 1000000, 1000000) does not fit into this machine's "
        "memory."
    )
    assert found.remedies == ("a smaller image", "a pooling or a stride before it")
