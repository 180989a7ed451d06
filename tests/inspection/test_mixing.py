import pytest
import torch
from torch import nn

from cnnlab import models
from cnnlab.inspection import explain
from tests.inspection.broken_models import Between


@pytest.mark.parametrize(
    ("how", "calls"),
    [
        (lambda x: x.view(1440, -1).T, "x.view(1440, -1).T"),
        (lambda x: x.view(1440, -1).t(), "x.view(1440, -1).t()"),
        (lambda x: x.reshape(1440, -1).permute(1, 0), "x.reshape(1440, -1).permute(1, 0)"),
        (lambda x: x.reshape(1440, -1).transpose(0, 1), "x.reshape(1440, -1).transpose(0, 1)"),
    ],
)
def test_a_view_that_puts_another_side_first_and_is_turned_back_mixes_up_the_images(how, calls):
    found = explain(Between(how))
    assert not found.works
    view = calls.split(")")[0] + ")"
    assert found.headline == (
        f"{view} mixes up the images: its first side, which must stay the batch, is 1440."
    )
    assert found.details == ("Another first image changes what comes out for the others.",)
    assert found.remedies == (
        f"x = torch.flatten(x, 1) in place of {calls}",
        f"x = x.view(x.size(0), -1) in place of {calls}",
    )
    assert found.heading == "Any one of these mends it:"


def test_a_permute_before_the_view_mixes_up_the_images():
    found = explain(Between(lambda x: x.permute(1, 2, 3, 0).reshape(-1, 1440)))
    assert not found.works
    assert found.headline == (
        "x.reshape(-1, 1440) mixes up the images: the batch does not come first in what it gets."
    )
    assert found.remedies[0] == (
        "x = torch.flatten(x, 1) in place of x.permute(1, 2, 3, 0).reshape(-1, 1440)"
    )
    assert len(found.remedies) == 2


def test_a_batch_that_leaves_the_first_place_and_comes_back_whole_is_no_mistake():
    assert explain(Between(lambda x: x.flatten(1).T.relu().T)).works
    assert explain(Between(lambda x: x.permute(1, 2, 3, 0).permute(3, 0, 1, 2).flatten(1))).works


def test_batch_norm_without_running_statistics_mixes_no_images():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 5), nn.BatchNorm2d(4, track_running_stats=False), nn.Flatten(), nn.Linear(2304, 10)
    )
    assert explain(model).works


def test_one_image_is_enough_to_find_it():
    assert not explain(Between(lambda x: x.view(1440, -1).T), torch.zeros(1, 1, 28, 28)).works


@pytest.mark.parametrize("name", ["cnn_320", "mlp", "logistic"])
def test_the_networks_of_the_course_mix_no_images(name):
    assert explain(models.build(name)).works
