import pytest
import torch
from torch import nn

from cnnlab.inspection import explain
from cnnlab.inspection.tracing import trace
from cnnlab.inspection.view_faults import view
from cnnlab.inspection.workbench import Workbench
from tests.inspection.broken_models import Between, stack
from tests.inspection.mending import mended, runs
from tests.inspection.student_models import Squeezes


@pytest.mark.parametrize(
    ("width", "batch", "rows"), [(720, 64, 128), (960, 64, 96), (1000, 50, 72), (1444, 361, 360)]
)
def test_a_view_of_the_wrong_width_tells_how_many_rows_a_batch_becomes(width, batch, rows):
    found = explain(Between(lambda x: x.view(-1, width), width))
    assert found.headline == f"x.view(-1, {width}) mixes up the images: each has 1440 numbers, not {width}."
    assert found.details == (
        f"A batch of {batch} becomes {batch}·1440/{width} = {rows} rows, without an error here.",
    )
    assert batch * 1440 / width == rows
    assert found.remedies[0] == "x = torch.flatten(x, 1), and self.fc1 = nn.Linear(1440, 10)"
    assert len(found.remedies) >= 2


@pytest.mark.parametrize(
    "how",
    [
        lambda x: x.view(-1, 720),
        lambda x: x.view((-1, 720)),
        lambda x: x.view(size=(-1, 720)),
        lambda x: x.reshape(-1, 720),
        lambda x: torch.reshape(x, (-1, 720)),
        lambda x: x.view(-1, 72, 10).flatten(1),
    ],
)
def test_every_way_to_write_the_view_is_understood(how):
    found = explain(Between(how, 720))
    assert (found.has, found.needs) == (1440, 720)
    assert "mixes up the images" in found.headline


def test_a_view_of_the_wrong_width_before_a_right_layer_needs_the_flatten_only():
    found = explain(Between(lambda x: x.view(-1, 720), 1440))
    assert found.remedies[0] == "x = torch.flatten(x, 1)"


@pytest.mark.parametrize(
    "how",
    [
        lambda x: x.flatten(),
        lambda x: torch.flatten(x),
        lambda x: x.view(-1),
        lambda x: x.reshape(1, -1),
        lambda x: x.ravel(),
    ],
)
def test_a_batch_that_is_joined_into_one_row(how):
    found = explain(Between(how))
    assert not found.works
    assert (
        "joins all images into one row" in found.headline
        or "has a batch of 1 written into it" in found.headline
    )
    assert found.remedies == ("x = torch.flatten(x, 1)", "x = x.view(x.size(0), -1)")


def test_flatten_with_start_dim_0():
    model = stack(nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.Flatten(start_dim=0), flatten=False, width=1440)
    found = explain(model)
    assert found.headline == "layer 2, nn.Flatten(start_dim=0), joins all images into one row."
    assert found.details == (
        "The first side is the batch and must stay: each image has 1440 numbers of its own.",
    )
    assert found.remedies == ("layer 2: nn.Flatten()", "layer 2: nn.Flatten(start_dim=1)")
    assert all(runs(mended(model, remedy)) for remedy in found.remedies)


def test_flatten_with_start_dim_0_is_found_without_an_error_as_well():
    found = explain(nn.Sequential(nn.Conv2d(1, 10, 5), nn.Flatten(0)))
    assert (found.works, found.error) == (False, None)
    assert "joins all images into one row" in found.headline


def test_a_batch_size_written_into_the_view():
    found = explain(Between(lambda x: x.view(64, -1)))
    assert found.headline == (
        "x.view(64, -1) has a batch of 64 written into it: no other batch gets through unmixed."
    )
    assert found.remedies == ("x = torch.flatten(x, 1)", "x = x.view(x.size(0), -1)")


def test_a_view_that_cannot_fit_at_all():
    found = explain(Between(lambda x: x.view(2, 7, 9).flatten(1)))
    assert found.headline == "x.view(2, 7, 9) cannot work: each image has 1440 numbers, not 63."
    assert (found.has, found.needs) == (1440, 63)
    assert len(found.remedies) == 2


def test_a_view_behind_permute_is_told_to_reshape():
    found = explain(Between(lambda x: x.permute(0, 2, 3, 1).view(-1, 1440)))
    assert found.headline == (
        "x.view(-1, 1440) cannot read the numbers in this order: permute or transpose came before."
    )
    assert found.remedies == ("x.reshape(-1, 1440)", "x = torch.flatten(x, 1)")


def test_a_step_that_keeps_the_batch_is_not_blamed():
    model = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    images = torch.zeros(2, 1, 28, 28)
    assert view(Workbench(model, images, trace(model, images), 1)) is None


def test_the_batch_of_the_trial_is_not_told_as_if_it_were_written():
    found = explain(Between(lambda x: x.permute(0, 2, 3, 1).view(x.size(0), -1)))
    assert found.headline.startswith("x.view(x.size(0), -1) cannot read the numbers in this order")
    assert found.remedies == ("x.reshape(x.size(0), -1)", "x = torch.flatten(x, 1)")
    found = explain(Between(lambda x: x.view(len(x), 320), 320))
    assert found.headline == "x.view(x.size(0), 320) cannot work: each image has 1440 numbers, not 320."


@pytest.mark.parametrize("how", [lambda x: x.view(-1, 10 * 24 / 2 * 12), lambda x: x.reshape((-1, 1440.0))])
def test_a_float_in_a_view_is_the_result_of_true_division(how):
    found = explain(Between(how))
    assert "1440.0) has 1440.0 in it, which is no whole number of numbers." in found.headline.replace(
        "))", ")"
    )
    assert "28 // 2 is 14" in found.details[0]
    assert found.remedies == ("x = torch.flatten(x, 1)", "x = x.view(x.size(0), -1)")
    assert found.heading == "Any one of these mends it:"


def test_a_squeeze_that_joins_one_image_before_a_convolution_is_left_out():
    def squeeze(x):
        return x.squeeze()

    found = explain(Squeezes(squeeze), torch.zeros(1, 1, 28, 28))
    assert found.headline == "x.squeeze() turns 1 image into 28 rows."
    assert found.details[0] == (
        "squeeze() takes away every side of length 1: (1, 1, 28, 28) becomes (28, 28), "
        "without batch and channel."
    )
    assert found.remedies[0].startswith("leave out x.squeeze() in line ")
    assert found.remedies[1] == "x = x.view(-1, 1, 28, 28) before conv1"
    assert found.heading == "Any one of these mends it:"
    for mended_by in (lambda x: x, lambda x: x.squeeze().view(-1, 1, 28, 28)):
        assert all(runs(Squeezes(mended_by), batch) for batch in (1, 2))


def test_a_squeeze_at_the_end_still_becomes_a_flatten():
    found = explain(Between(lambda x: x.mean((2, 3)).squeeze(), 10), torch.zeros(1, 1, 28, 28))
    assert found.remedies == ("x = torch.flatten(x, 1)", "x = x.view(x.size(0), -1)")


def test_a_squeeze_that_joins_one_image_before_a_pooling_is_left_out():
    found = explain(
        Squeezes(lambda x: nn.functional.max_pool2d(x.squeeze(), 2), 1000), torch.zeros(1, 1, 28, 28)
    )
    assert found.remedies[1] == "x = x.view(-1, 1, 28, 28) in place of x.squeeze()"
    assert found.heading == "Any one of these mends it:"


def test_a_side_that_is_taken_for_the_batch_is_named():
    found = explain(Between(lambda x: x.view(x.size(1), -1)))
    assert found.headline == (
        "x.view(x.size(1), -1) puts the channels, 10, where the batch should be: "
        "x.size(1) is 10, the batch is x.size(0)."
    )
    assert (found.has, found.needs) == (10, 2)
    assert found.remedies == ("x = torch.flatten(x, 1)", "x = x.view(x.size(0), -1)")
    assert "written into it" in explain(Between(lambda x: x.view(10, -1))).headline


def test_a_first_side_that_is_counted_from_the_batch_is_not_called_written():
    found = explain(Between(lambda x: x.reshape(2 * len(x), -1), 720))
    assert found.headline == "x.reshape(4, -1) turns 2 images into 4 rows."
    assert (found.has, found.needs) == (4, 2)
    assert len(found.remedies) >= 2


def test_a_batch_in_a_variable_is_called_written():
    batch = 64
    found = explain(Between(lambda x: x.view(batch, -1), 1440))
    assert found.headline.startswith("x.view(64, -1) has a batch of 64 written into it")
