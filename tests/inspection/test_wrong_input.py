from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnlab import models
from cnnlab.inspection import explain
from cnnlab.inspection.tracing import trace
from cnnlab.inspection.wrong_input import wrong_device, wrong_input
from tests.inspection import student_models

NET = models.build("cnn_320")


@pytest.mark.parametrize(
    ("shape", "problem"),
    [
        ((28, 28), "(28, 28) has no batch and no channel; the model needs (N, C, H, W)."),
        ((1, 28, 28), "(1, 28, 28) has no batch; the model needs (N, C, H, W)."),
        ((64, 28, 28), "(64, 28, 28) has no channel; the model needs (N, C, H, W)."),
        ((64, 28, 28, 1), "(64, 28, 28, 1) has its channels last; the model needs (N, C, H, W)."),
        ((28, 28, 1), "(28, 28, 1) has no batch and its channels last; the model needs (N, C, H, W)."),
        ((64, 3, 28, 28), "the images have 3 channels (red, green, blue), but the model takes 1."),
    ],
)
def test_images_in_the_wrong_form_are_named_and_every_remedy_makes_them_right(shape, problem):
    found = explain(NET, torch.zeros(shape))
    assert not found.works
    assert found.headline == f"The input does not fit: {problem}"
    assert len(found.remedies) >= 2
    for remedy in found.remedies:
        if remedy.startswith("images"):
            assert explain(NET, eval(remedy, {"images": torch.zeros(shape)})).works


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [((28, 28), "(1, 28, 28)"), ((28, 28, 1), "(1, 28, 28)"), ((28, 28, 3), "(3, 28, 28)")],
)
def test_a_shape_that_is_not_channels_first_is_told_the_right_one(shape, wanted):
    model = (
        NET
        if wanted.startswith("(1")
        else nn.Sequential(nn.Conv2d(3, 4, 5), nn.Flatten(), nn.Linear(2304, 10))
    )
    found = explain(model, shape)
    assert found.headline == (
        f"The input does not fit: an image of {shape} is not (C, H, W), channels first, as in {wanted}."
    )
    assert found.remedies[0] == f"explain(model, {wanted})"


def test_colour_images_can_be_mended_in_the_first_layer_too():
    found = explain(NET, (3, 28, 28))
    assert (found.has, found.needs) == (3, 1)
    assert found.remedies == (
        "images.mean(1, keepdim=True)",
        "transforms.Grayscale() when the pictures are read",
        "self.conv1 = nn.Conv2d(3, 10, 5)",
    )


def test_gray_images_for_a_colour_network():
    found = explain(
        nn.Sequential(nn.Conv2d(3, 4, 5), nn.Flatten(), nn.Linear(2304, 10)), torch.zeros(2, 1, 28, 28)
    )
    assert found.headline.endswith("the images have 1 channel, but the model takes 3.")
    assert found.remedies[-1] == "layer 0: nn.Conv2d(1, 4, 5)"


@pytest.mark.parametrize(
    ("dtype", "remedies"),
    [
        (torch.uint8, ("images.float() / 255, which also brings the pixels to 0…1", "split.normalised()")),
        (torch.float64, ("images.float()", "model.double()")),
        (torch.int64, ("images.float()", "images.to(torch.float32)")),
    ],
)
def test_the_wrong_number_format_is_named(dtype, remedies):
    found = explain(NET, torch.zeros(2, 1, 28, 28, dtype=dtype))
    kind = str(dtype).removeprefix("torch.")
    assert found.headline == (
        f"The input does not fit: the images are {kind}, but the weights are float32: both must be the same."
    )
    assert found.remedies == remedies


def test_a_double_model_is_given_doubles():
    found = explain(models.build("logistic").double(), torch.zeros(2, 1, 28, 28))
    assert found.remedies == ("images.to(torch.float64)", "model.float() and images.float()")


def test_format_and_sides_can_be_wrong_at_once():
    found = explain(NET, torch.zeros(64, 28, 28, dtype=torch.uint8))
    assert found.remedies[0] == "images[:, None], after images.float() / 255"


def test_a_wrong_input_comes_before_a_mistake_in_the_network():
    found = explain(student_models.Flattening(padding=2), torch.zeros(2, 1, 28, 28, dtype=torch.uint8))
    assert "the images are uint8" in found.headline
    assert found.heading == "Any one of these mends it; then explain again, because there is another mistake:"


def test_the_wrong_device_is_named_without_running_anything():
    images = SimpleNamespace(device=torch.device("cuda:0"))
    found = wrong_device(NET, images)
    assert found.headline == "The input does not fit: the images are on cuda:0, but the weights are on cpu."
    assert found.remedies.texts == ('images = images.to("cpu")', 'model.to("cuda:0")')
    assert wrong_device(NET, torch.zeros(1)) is None
    assert wrong_device(nn.ReLU(), images) is None


def test_a_mistake_in_the_network_is_not_blamed_on_the_input():
    model, images = student_models.Flattening(padding=2), torch.zeros(2, 1, 28, 28)
    assert wrong_input(model, images, trace(model, images)) is None


def test_an_all_convolutional_network_that_takes_an_image_without_batch_is_told_so():
    found = explain(nn.Sequential(nn.Conv2d(1, 10, 5), nn.AdaptiveAvgPool2d(1)), torch.zeros(1, 28, 28))
    assert found.headline.endswith("(1, 28, 28) has no batch; the model needs (N, C, H, W).")


@pytest.mark.parametrize("n", [1, 64])
def test_images_as_rows_of_numbers_are_recognised(n):
    images = torch.zeros(n, 784)
    found = explain(NET, images)
    assert found.headline.endswith(f"({n}, 784) are images as rows of numbers; the model needs (N, C, H, W).")
    assert found.remedies == ("images.view(-1, 1, 28, 28)", "images.reshape(len(images), 1, 28, 28)")
    assert all(explain(NET, eval(remedy, {"images": images})).works for remedy in found.remedies)


def test_the_first_layer_is_offered_for_other_channels_also_where_another_mistake_waits():
    model = nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1176, 10))
    found = explain(model)  # made for 32×32 pixels in colour
    assert "layer 0: nn.Conv2d(1, 6, 5)" in found.remedies
    assert found.heading.endswith("mends it; then explain again, because there is another mistake:")


class FirstStep(nn.Module):
    """`first` makes a map of 4 × 24 × 24 of the images."""

    def __init__(self, first):
        super().__init__()
        self.first, self.fc = [first], nn.Linear(2304, 10)

    def forward(self, x):
        x = self.first[0](x)
        return self.fc(x.flatten(1))


@pytest.mark.parametrize(
    ("first", "what", "remedy"),
    [
        (
            lambda x: F.conv2d(x, torch.zeros(4, 3, 5, 5)),
            "F.conv2d takes 3",
            "a weight of (4, 1, 5, 5) in place of (4, 3, 5, 5) for F.conv2d",
        ),
        (
            nn.Conv2d(3, 4, 5),
            "nn.Conv2d(3, 4, 5) takes 3",
            "nn.Conv2d(1, 4, 5) in place of nn.Conv2d(3, 4, 5)",
        ),
    ],
)
def test_a_convolution_that_the_model_does_not_know_is_named_with_its_line(first, what, remedy):
    found = explain(FirstStep(first))
    assert found.headline == f"The input does not fit: the images have 1 channel, but {what}."
    assert "line " in found.line
    assert found.remedies == ("images.expand(-1, 3, -1, -1)", "images.repeat(1, 3, 1, 1)", remedy)


def test_no_other_weight_is_offered_where_the_images_are_used_twice():
    twice = FirstStep(lambda x: F.conv2d(x, torch.zeros(4, 3, 5, 5)) + x.mean(1, keepdim=True)[..., 4:, 4:])
    assert len(explain(twice).remedies) == 2
