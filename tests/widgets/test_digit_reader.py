import pytest
import torch
from torch import nn

from cnnlab import models
from cnnlab.widgets.digit_reader import MOST_LAYERS, MOST_MAPS, read_digit


def image() -> torch.Tensor:
    return torch.randn(1, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def test_one_run_gives_the_probabilities_and_the_maps_after_relu():
    network = models.build("cnn_320").eval()
    runs = []
    network.register_forward_hook(lambda *_: runs.append(1))
    reading = read_digit("CNN", network, image())
    assert len(runs) == 1
    with torch.no_grad():
        expected = network(image())[0].softmax(dim=0)
        maps = network.conv1(image())[0].relu()
    assert torch.allclose(reading.probabilities, expected, atol=1e-6)
    first = reading.layers[0]
    assert (first["layer"], first["channels"], first["height"]) == ("conv1", 10, 24)
    sent = torch.frombuffer(bytearray(reading.maps), dtype=torch.uint8)[: maps.numel()].view(maps.shape)
    assert torch.allclose(sent.float(), (255 * maps / maps.max()).round(), atol=1)


def test_probabilities_that_a_network_gives_itself_are_kept():
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Softmax(dim=1))
    reading = read_digit("soft", network, image())
    with torch.no_grad():
        assert torch.allclose(reading.probabilities, network(image())[0], atol=1e-6)
    assert reading.layers == []
    assert reading.maps == b""


def test_a_large_network_sends_its_first_layers_and_maps_only():
    convolutions = [nn.Conv2d(1, 30, 3), *[nn.Conv2d(30, 30, 3) for _ in range(5)]]
    network = nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(30 * 16 * 16, 10))
    reading = read_digit("large", network, image())
    assert len(reading.layers) == MOST_LAYERS
    assert {row["shown"] for row in reading.layers} == {MOST_MAPS}
    assert len(reading.maps) == sum(row["shown"] * row["height"] * row["width"] for row in reading.layers)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(784, 9)), r"nine gives \(1, 9\).*10 outputs"),
        (nn.Sequential(nn.Flatten(), nn.Linear(700, 10)), "784 numbers for each image"),
        (nn.Sequential(nn.Flatten(), nn.LazyLinear(10)), "LazyLinear, which has no weights"),
    ],
)
def test_a_network_that_cannot_read_it_is_explained(network, words):
    with pytest.raises(ValueError, match=words):
        read_digit("nine", network, image())


def test_weights_that_are_not_finite_are_named():
    network = models.build("mlp")
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    with pytest.raises(ValueError, match="MLP gives numbers that are not finite"):
        read_digit("MLP", network, image())
