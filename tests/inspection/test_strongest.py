import pytest
import torch
from torch import nn

from cnnlab.inspection.activations import activations
from cnnlab.inspection.strongest import peaks


def test_the_strongest_units_are_the_largest_numbers_of_the_maps():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
    images = torch.randn(230, 1, 8, 9)  # more than one batch
    maps = activations(model, images, "0")["0"]
    found = peaks(model, images, "0").strongest(channel=2, n=5)
    assert found.column("value") == maps[:, 2].amax(dim=(1, 2)).sort(descending=True).values[:5].tolist()
    for unit in found:
        assert maps[unit.index, 2, unit.row, unit.col] == unit.value


def test_every_unit_of_a_row_counts_as_a_map():
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 6))
    images = torch.randn(40, 1, 4, 4)
    found = peaks(model, images, "1").strongest(channel=5, n=2)
    values = activations(model, images, "1")["1"][:, 5]
    assert found.column("value") == values.sort(descending=True).values[:2].tolist()
    assert [(unit.row, unit.col) for unit in found] == [(0, 0)] * 2


def test_the_second_call_of_a_layer_can_be_asked_for():
    relu = nn.ReLU()
    model = nn.Sequential(relu, nn.Conv2d(1, 1, 3), relu)
    assert peaks(model, torch.randn(3, 1, 5, 5), "0 (call 2)").values.shape == (3, 1)


def test_a_layer_without_maps_is_refused():
    with pytest.raises(ValueError, match="neither maps nor a row"):
        peaks(nn.Sequential(nn.Flatten(2)), torch.zeros(1, 1, 4, 4), "0")
