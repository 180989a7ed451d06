import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnlab import models
from cnnlab.inspection.activations import layer_named
from cnnlab.inspection.unit_fields import unit_fields


class Mixed(nn.Module):
    """Uneven kernels, padding, dilation, a ReLU behind the flatten and a layer that is called twice."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 3, (3, 5), padding=(1, 2), stride=(1, 2))
        self.act = nn.Tanh()
        self.second = nn.Conv2d(3, 4, 3, dilation=2, padding=1)
        self.pool = nn.AvgPool2d(2)
        self.row = nn.Flatten()
        self.behind = nn.Tanh()
        self.out = nn.LazyLinear(10)

    def forward(self, x):
        x = self.act(self.first(x))
        x = self.pool(self.act(self.second(x)))
        return self.out(self.behind(self.row(x)))


class AroundMaps(nn.Module):
    """A layer that PyTorch did not write, and one that makes neither maps nor a row."""

    class Doubling(nn.Module):
        def forward(self, x):
            return 2 * x

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.twice = self.Doubling()
        self.flat = nn.Flatten(2)

    def forward(self, x):
        return self.flat(self.twice(self.conv(x))).sum(dim=2)


def pixels_that_matter(model, name, shape, unit):
    """Rows and columns of the image with a gradient of the unit, as two sets."""
    path, _, call = name.partition(" (call ")
    calls = []

    def keep(_module, _inputs, output):
        calls.append(output)

    handle = layer_named(model, path).register_forward_hook(keep)
    image = torch.randn(1, 1, *shape, requires_grad=True)
    model(image)
    handle.remove()
    calls[int(call.rstrip(")") or 1) - 1][(0, *unit)].sum().backward()
    touched = image.grad[0, 0] != 0
    rows, columns = touched.any(dim=1).nonzero().flatten(), touched.any(dim=0).nonzero().flatten()
    return rows.tolist(), columns.tolist()


def softened(model):
    """The same network with average pooling and tanh, so that every pixel that is seen has a gradient."""
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.MaxPool2d):
                setattr(parent, name, nn.AvgPool2d(child.kernel_size, child.stride, child.padding))
            if isinstance(child, nn.ReLU):
                setattr(parent, name, nn.Tanh())
    return model.eval()


@pytest.mark.parametrize("name", ["cnn_320", "cnn_padded", "mixed"])
def test_a_unit_has_a_gradient_only_inside_its_patch(name):
    model = Mixed() if name == "mixed" else softened(models.build(name))
    model(torch.zeros(1, 1, 28, 28))  # a lazy layer counts its inputs
    for layer in unit_fields(model, torch.zeros(1, 1, 28, 28)):
        if len(layer.shape) == 3:
            _, height, width = layer.shape
            units = [(0, 0), (height - 1, width - 1), (height // 2, width // 3)]
            places = [((slice(None), row, col), (row, col)) for row, col in units]
        else:
            places = [((n,), (0, n)) for n in (0, layer.shape[0] // 3, layer.shape[0] - 1)]
        for place, unit in places:
            rows, columns = pixels_that_matter(model, layer.name, (28, 28), place)
            patch = layer.patch(*unit)
            for seen, touched in zip(patch, (rows, columns)):
                inside = [pixel for pixel in seen if 0 <= pixel < 28]
                assert touched, (layer.name, unit)
                assert touched[0] >= inside[0], (layer.name, unit)
                assert touched[-1] <= inside[-1], (layer.name, unit)
                # at an edge, a dilated kernel with a stride before it can step over the last pixels
                if name != "mixed":
                    assert (touched[0], touched[-1]) == (inside[0], inside[-1]), (layer.name, unit)


def test_a_flatten_layer_knows_which_maps_it_put_in_a_row():
    found = {layer.name: layer for layer in unit_fields(mixed(), torch.zeros(1, 1, 28, 28))}
    assert found["row"].folds == found["behind"].folds == found["pool"].shape
    assert found["out"].folds is None
    assert "act (call 2)" in found


def mixed():
    model = Mixed()
    model(torch.zeros(1, 1, 28, 28))
    return model


def test_a_layer_of_ones_own_is_shown_without_a_field_and_other_outputs_are_left_out():
    found = {layer.name: layer for layer in unit_fields(AroundMaps(), torch.zeros(1, 1, 9, 9))}
    assert list(found) == ["conv", "twice"]
    assert found["twice"].patch(0, 0) is None
    assert found["twice"].kind == "Doubling"


def test_a_model_that_does_not_take_the_images_is_an_error():
    with pytest.raises(ValueError, match=r"print\(cnnlab.explain"):
        unit_fields(models.build("cnn_320"), torch.zeros(1, 1, 32, 32))


def test_functions_between_the_layers_count_in_the_field():
    class Lab(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(1, 2, 5), nn.Conv2d(2, 3, 5)

        def forward(self, x):
            return self.conv2(F.relu(F.max_pool2d(self.conv1(x), 2)))

    found = unit_fields(Lab(), torch.zeros(1, 1, 28, 28))
    assert found[1].patch(0, 1) == (range(0, 14), range(2, 16))
