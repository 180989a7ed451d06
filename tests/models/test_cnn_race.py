"""The network of the race: its size, and what it looks at."""

import torch

from cnnlab import explain, trace_shapes
from cnnlab.data import load_data
from cnnlab.models import CNNRace
from cnnlab.models.cnn_race import EDGE


def test_it_has_as_many_parameters_as_it_says():
    assert sum(p.numel() for p in CNNRace().parameters()) == 36_794


def test_it_gives_ten_logits_and_its_sizes_fit():
    model = CNNRace().eval()
    assert model(torch.randn(3, 1, 28, 28)).shape == (3, 10)
    assert explain(model, (1, 28, 28)).works
    sizes = {row.name: row.out_shape for row in trace_shapes(model)}
    assert sizes["conv1"] == (16, 20, 20)
    assert sizes["flatten"] == (384,)


def test_it_looks_at_the_inner_pixels_alone():
    model = CNNRace().eval()
    images = load_data("digits").test.normalised()[:8]
    edge = images.clone()
    edge[:, :, EDGE:-EDGE, EDGE:-EDGE] = 0
    framed = images - edge + torch.rand_like(edge) * (edge != 0)
    inner = images.clone()
    inner[:, :, EDGE:-EDGE, EDGE:-EDGE] += 1
    assert torch.equal(model(images), model(framed))
    assert not torch.equal(model(images), model(inner))
