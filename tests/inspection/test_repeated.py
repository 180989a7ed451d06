import torch
from torch import nn
from torch.nn import functional as F

from cnnlab.inspection import explain
from cnnlab.inspection.repeated import another_layer, calls_before, one_call_less
from cnnlab.inspection.tracing import trace
from cnnlab.inspection.workbench import Workbench


class ConvTwice(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.fc = nn.Linear(8 * 28 * 28, 10)

    def forward(self, x):
        return self.fc(self.conv(F.relu(self.conv(x))).flatten(1))


class LinearTwice(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(784, 64)
        self.out = nn.Linear(64, 10)

    def forward(self, x):
        return self.out(F.relu(self.fc(F.relu(self.fc(x.flatten(1))))))


class NormTwice(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.bn = nn.BatchNorm2d(8)
        self.fc = nn.Linear(16 * 28 * 28, 10)

    def forward(self, x):
        return self.fc(self.bn(self.b(self.bn(self.a(x)))).flatten(1))


def bench_for(model):
    images = torch.zeros(2, 1, 28, 28)
    made = trace(model, images)
    return Workbench(model, images, made, len(made.steps) - 1)


def test_a_convolution_on_its_own_channels():
    found = explain(ConvTwice())
    assert (found.layer, found.has, found.needs) == ("conv", 8, 1)
    assert "conv is called again, on its own 8 channels: one layer, with one weight." in found.details
    assert found.remedies == (
        "a layer of its own for call 2 of conv: nn.Conv2d(8, 8, 3, padding=1)",
        "self.conv = nn.Conv2d(1, 1, 3, padding=1), and self.fc = nn.Linear(784, 10)",
        "leave out call 2 of conv",
    )


def test_a_linear_layer_on_its_own_numbers():
    found = explain(LinearTwice())
    assert (found.layer, found.has, found.needs) == ("fc", 64, 784)
    assert found.remedies == (
        "a layer of its own for call 2 of fc: nn.Linear(64, 64)",
        "leave out call 2 of fc",
    )


def test_a_normalisation_after_two_layers():
    found = explain(NormTwice())
    assert (found.layer, found.has, found.needs) == ("bn", 16, 8)
    assert found.remedies[0] == "a layer of its own for call 2 of bn: nn.BatchNorm2d(16)"
    assert len(found.remedies) == 2


def test_the_same_layer_at_two_places_of_a_sequence():
    conv = nn.Conv2d(1, 8, 3)
    found = explain(nn.Sequential(conv, nn.ReLU(), conv, nn.Flatten(), nn.Linear(8 * 24 * 24, 10)))
    assert found.remedies[0] == "a layer of its own for call 2 of layer 0: nn.Conv2d(8, 8, 3)"
    assert len(found.remedies) >= 2


def test_the_first_call_of_a_layer_is_not_repeated():
    bench = bench_for(nn.Sequential(nn.Flatten(), nn.Linear(780, 10)))
    assert calls_before(bench) == 0
    assert list(another_layer(bench, in_features=784)) == []
    assert list(one_call_less(bench)) == []


def test_calls_are_counted_up_to_the_one_that_fails():
    bench = bench_for(LinearTwice())
    assert calls_before(bench) == 1
    (change,) = another_layer(bench, in_features=64)
    made = bench.trial(change)
    assert made is not None
    assert made.error is None
