import pytest
from torch import nn

from cnnlab.inspection import explain
from cnnlab.inspection.norm_faults import norm
from tests.inspection.broken_models import stack
from tests.inspection.mending import bench_for, every_remedy_works


def test_batch_norm_for_other_channels():
    model = stack(nn.Conv2d(1, 10, 5), nn.BatchNorm2d(16), nn.ReLU(), width=5760)
    found = explain(model)
    assert found.headline == "layer 1 does not fit: it gets 10 channels, but nn.BatchNorm2d(16) takes 16."
    assert (found.has, found.needs) == (10, 16)
    assert every_remedy_works(model, found)


@pytest.mark.parametrize(
    ("model", "has_the_kind", "needs_the_kind"),
    [
        (stack(nn.Conv2d(1, 10, 5), nn.BatchNorm1d(10), width=5760), "BatchNorm1d", "BatchNorm2d"),
        (stack(nn.Flatten(), nn.BatchNorm2d(784), flatten=False, width=784), "BatchNorm2d", "BatchNorm1d"),
    ],
)
def test_batch_norm_for_another_number_of_sides(model, has_the_kind, needs_the_kind):
    found = explain(model)
    assert f"is an nn.{has_the_kind}, but what it gets" in found.headline
    assert found.headline.endswith(f"needs an nn.{needs_the_kind}.")
    assert every_remedy_works(model, found)


def test_layer_norm_of_another_size():
    model = stack(nn.Flatten(), nn.LayerNorm(100), flatten=False, width=784)
    found = explain(model)
    assert found.headline == "layer 1 does not fit: it gets (784), but nn.LayerNorm takes (100)."
    assert every_remedy_works(model, found)


def test_group_norm_for_other_channels():
    model = nn.Sequential(nn.Conv2d(1, 10, 5), nn.GroupNorm(4, 8), nn.Flatten(), nn.Linear(5760, 10))
    found = explain(model)
    assert found.headline == "layer 1 does not fit: it gets 10 channels, but nn.GroupNorm(4, 8) takes 8."
    assert (found.has, found.needs, found.remedies[0]) == (10, 8, "layer 1: nn.GroupNorm(2, 10)")
    model[1] = nn.GroupNorm(2, 10)
    assert explain(model).works


@pytest.mark.parametrize(
    "first",
    [
        [nn.Dropout2d(0.2), nn.Conv2d(5, 8, 3, stride=2), nn.MaxPool2d(2, 1)],
        [nn.ConvTranspose2d(3, 4, 2), nn.GroupNorm(1, 4)],
        [nn.Conv2d(1, 8, 3)],
    ],
)
def test_a_group_norm_at_the_door_is_blamed_rather_than_the_image(first):
    model = stack(nn.GroupNorm(1, 3), *first, width=100)
    found = explain(model)
    assert found.headline == "layer 0 does not fit: it gets 1 channel, but nn.GroupNorm(1, 3) takes 3."
    assert [remedy.split(", and")[0] for remedy in found.remedies] == [
        "layer 0: nn.GroupNorm(1, 1)",
        "leave out layer 0 (GroupNorm)",
    ]


def test_images_of_one_channel_are_blamed_where_all_else_is_made_for_three():
    model = stack(nn.BatchNorm2d(3), nn.Conv2d(3, 8, 3), width=5408)
    assert (
        explain(model).headline == "The input does not fit: the images have 1 channel, but the model takes 3."
    )


def test_an_instance_norm_with_slopes_for_other_channels():
    model = stack(nn.InstanceNorm2d(3, affine=True), nn.Conv2d(1, 8, 3), width=5408)
    found = explain(model)
    assert found.headline == "layer 0 does not fit: it gets 1 channel, but nn.InstanceNorm2d(3) takes 3."
    assert found.remedies[0] == "layer 0: nn.InstanceNorm2d(1, affine=True)"
    assert every_remedy_works(model, found)


def test_an_instance_norm_of_single_pixels_is_told_why():
    model = stack(nn.Conv2d(1, 8, 3), nn.AdaptiveAvgPool2d(1), nn.InstanceNorm2d(8), width=8)
    found = explain(model)
    assert found.headline == (
        "layer 2 gets maps of 1 × 1 px, but nn.InstanceNorm2d needs more than one pixel in each."
    )
    assert found.remedies[0] == "leave out layer 2 (InstanceNorm2d)"
    assert every_remedy_works(model, found)


def test_norms_that_fit_are_no_fault():
    for layer in (nn.BatchNorm2d(1), nn.LayerNorm(28), nn.GroupNorm(1, 1), nn.InstanceNorm2d(1)):
        assert norm(bench_for(nn.Sequential(layer))) is None
    assert explain(stack(nn.InstanceNorm2d(1))).works
