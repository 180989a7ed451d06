import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnlab import models
from cnnlab.inspection import receptive_field
from tests.inspection import student_models
from tests.inspection.broken_models import Own

NETWORKS = {
    "cnn_320": lambda: models.build("cnn_320"),
    "cnn_wide": lambda: models.build("cnn_wide"),
    "cnn_deep": lambda: models.build("cnn_deep"),
    "residual": student_models.Residual,
    "odd": lambda: nn.Sequential(
        nn.Conv2d(1, 4, (3, 5), padding="same", dilation=(1, 2)),
        nn.Conv2d(4, 8, 3, stride=(2, 1), groups=4),
        nn.AvgPool2d(3, stride=2, ceil_mode=True),
        nn.ZeroPad2d((1, 0, 2, 0)),
        nn.Conv2d(8, 2, (1, 4), padding="same"),
        nn.AdaptiveAvgPool2d((4, 7)),
        nn.Flatten(),
        nn.Linear(56, 10),
    ),
}


def all_pixels_count(model: nn.Module) -> nn.Module:
    """The same network with positive weights, and averages for maxima: no gradient is 0 by chance."""
    for parameter in model.parameters():
        parameter.data.fill_(0.1)
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.MaxPool2d):
                setattr(module, name, nn.AvgPool2d(child.kernel_size, child.stride, child.padding))
    return model.double().eval()


@pytest.mark.parametrize("name", NETWORKS)
def test_a_unit_sees_the_pixels_that_have_a_gradient(name):
    model = all_pixels_count(NETWORKS[name]())
    rows = {row.name: row for row in receptive_field(model)}
    image = torch.ones(1, 1, 28, 28, dtype=torch.float64, requires_grad=True)
    outputs = {}
    for key, module in model.named_modules():
        if not isinstance(module, nn.Flatten):
            module.register_forward_hook(lambda _m, _i, out, key=key: outputs.update({key: out}))
    model(image)
    maps = {key: out for key, out in outputs.items() if key in rows and rows[key].size is not None}
    assert len(maps) >= 3
    for key, out in maps.items():
        middle = tuple(n // 2 for n in out.shape[2:])
        corners = {tuple(0 for _ in middle), tuple(n - 1 for n in out.shape[2:])}
        for place in {middle, *corners}:
            (gradient,) = torch.autograd.grad(out[(0, 0, *place)], image, retain_graph=True)
            where = gradient[0, 0].nonzero()
            for side, field in enumerate((rows[key].height, rows[key].width)):
                pixels = field.pixels(place[side] if place else 0)
                inside = [i for i in pixels if 0 <= i < 28]
                seen = where[:, side].tolist()
                if place and place == middle:
                    assert (min(seen), max(seen)) == (inside[0], inside[-1]), (key, place, side)
                else:  # at the edge the padding of a later layer may hide pixels that were left unread
                    assert set(seen) <= set(inside), (key, place, side)


def test_the_320_network_ends_in_patches_of_16_pixels_that_together_see_28():
    rows = {row.name: (row.size, row.jump, row.start) for row in receptive_field(models.build("cnn_320"))}
    assert rows["conv1"] == (5, 1, 2.5)
    assert rows["pool2"] == (16, 4, 8.0)
    assert rows["flatten"] == (16, None, 8.0)
    assert rows["fc1"] == rows["fc2"] == (28, None, 14.0)


def test_functions_and_one_sided_layers_are_followed_like_layers():
    same = [row.size for row in receptive_field(student_models.Lab002())]
    assert [size for size in same if size] == same
    assert sorted(set(same)) == [5, 6, 14, 16, 28]
    sound = nn.Sequential(nn.Conv1d(1, 2, 9, stride=4), nn.ReLU(), nn.Conv1d(2, 2, 3))
    assert receptive_field(sound, (1, 100)).column("size") == [9, 9, 17]


def test_what_cannot_be_said_in_one_number_is_left_empty():
    class Turns(nn.Module):
        def forward(self, x):
            return F.interpolate(x, scale_factor=2)

    (row,) = receptive_field(Turns())
    assert (row.size, row.jump, row.start, row.height, row.width) == (None,) * 5
    rows = receptive_field(student_models.sequential())
    assert rows[-1].size is None


def test_padding_by_function_and_means_over_the_map_are_followed():
    class Means(nn.Module):
        def forward(self, x):
            return F.pad(x, (2, 2, 2, 2)).mean(dim=(2, 3))

    pad, mean = receptive_field(Means())
    assert (pad.size, pad.start) == (1, -1.5)
    assert (mean.size, mean.start) == (32, 14.0)


@pytest.mark.parametrize(
    "move", [lambda x: x.flip(-1), lambda x: x.roll(2, -1), lambda x: x.mT, lambda x: x.transpose(2, 3)]
)
def test_where_a_unit_looks_is_not_said_behind_a_step_that_moves_the_pixels(move):
    model = Own(lambda net, x: net.conv(move(net.conv(x))), conv=nn.Conv2d(1, 1, 3))
    rows = receptive_field(model)
    assert [row.size for row in rows] == [3, None, None]
