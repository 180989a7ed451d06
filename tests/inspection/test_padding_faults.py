import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cnnlab.inspection import explain
from cnnlab.inspection.padding_faults import padding
from tests.inspection.broken_models import Own, stack
from tests.inspection.mending import bench_for, every_remedy_works


@pytest.mark.parametrize(
    ("model", "says", "rule", "remedies"),
    [
        (
            stack(nn.Conv2d(1, 4, 25), nn.ReflectionPad2d(4), width=576),
            "layer 1 does not fit: it reflects 4 px of padding, but the map is only 4 px wide.",
            "4 − 1 = 3",
            ("layer 1: nn.ReflectionPad2d(3), and layer 3: nn.Linear(400, 10)", "layer 1: nn.ZeroPad2d(4)"),
        ),
        (
            stack(nn.Conv2d(1, 4, 25), nn.CircularPad2d(5), width=784),
            "layer 1 does not fit: it wraps 5 px of padding, but the map is only 4 px wide.",
            "4 px at most",
            ("layer 1: nn.CircularPad2d(4), and layer 3: nn.Linear(576, 10)", "layer 1: nn.ZeroPad2d(5)"),
        ),
        (
            stack(nn.Conv2d(1, 4, 25), nn.Conv2d(4, 4, 5, padding=5, padding_mode="circular"), width=400),
            "layer 1 does not fit: it wraps 5 px of padding, but the map is only 4 px wide.",
            "4 px at most",
            (
                'layer 1: nn.Conv2d(4, 4, 5, padding=4, padding_mode="circular"), '
                "and layer 3: nn.Linear(256, 10)",
                "layer 1: nn.Conv2d(4, 4, 5, padding=5)",
            ),
        ),
    ],
)
def test_more_padding_than_the_map_has_pixels_for(model, says, rule, remedies):
    found = explain(model)
    assert found.headline == says
    assert rule in found.details[0]
    assert found.remedies[:2] == remedies
    assert every_remedy_works(model, found)


def test_a_padding_below_zero_that_cuts_everything_off():
    model = stack(nn.Conv2d(1, 4, 5), nn.ZeroPad2d(-13), width=16)
    found = explain(model)
    assert found.headline.endswith("of 24 px none is left: 24 − 13 − 13 = −2.")
    assert (found.has, found.needs) == (-2, 1)
    assert found.remedies[0] == "layer 1: nn.ZeroPad2d(-11)"
    assert every_remedy_works(model, found)


def test_a_padding_by_a_function_is_named_as_written():
    model = Own(
        lambda net, x: net.fc(F.pad(x, (30, 30, 0, 0), mode="reflect").flatten(1)), fc=nn.LazyLinear(10)
    )
    found = explain(model)
    assert (
        found.headline == "F.pad does not fit: it reflects 30 px of padding, but the map is only 28 px wide."
    )
    assert found.remedies == (
        'F.pad(x, (27, 27, 0, 0), mode="reflect")',
        "F.pad(x, (30, 30, 0, 0)), which pads with zeros",
    )
    sides = Own(lambda net, x: net.fc(F.pad(x, (1, 1, -20, -20)).flatten(1)), fc=nn.LazyLinear(10))
    assert explain(sides).headline.endswith("28 − 20 − 20 = −12.")


def test_paddings_that_fit_are_no_fault():
    for layer in (
        nn.ReflectionPad2d(27),
        nn.CircularPad2d(28),
        nn.ZeroPad2d((0, 0, -10, -17)),
        nn.ReplicationPad2d(40),
        nn.ConstantPad2d(3, 0.5),
        nn.Conv2d(1, 2, 5, padding=2, padding_mode="reflect"),
        nn.Conv2d(1, 2, 5, padding="same", padding_mode="circular"),
        nn.ReLU(),
    ):
        assert padding(bench_for(nn.Sequential(layer))) is None, layer
        assert explain(stack(layer)).works
    assert explain(stack(nn.ReflectionPad2d(2)), torch.zeros(2, 1, 28, 28)).works
