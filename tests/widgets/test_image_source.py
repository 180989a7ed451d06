import pytest
import torch

from cnnlab.widgets.image_source import ImageSource
from tests.widgets.trained import digits


def test_a_split_is_normalised_by_its_own_numbers():
    split = digits().test
    source = ImageSource(split)
    assert torch.equal(source.normalised([3, 1]), split.normalised()[[3, 1]])
    assert source.shown(3) == split.images[3].numpy().tobytes()
    assert source.label(3) == str(int(split.labels[3]))
    assert len(source) == len(split)


def test_a_tensor_of_bytes_is_normalised_by_the_numbers_given():
    split = digits().test
    source = ImageSource(split.images, split.mean, split.std)
    torch.testing.assert_close(source.normalised([0, 5]), split.normalised()[[0, 5]])
    assert source.label(0) == ""


@pytest.mark.parametrize("kind", [torch.int64, torch.int32, torch.int16])
def test_whole_numbers_of_any_type_are_bytes(kind):
    split = digits().test
    source = ImageSource(split.images.to(kind), split.mean, split.std)
    torch.testing.assert_close(source.normalised([0, 5]), split.normalised()[[0, 5]])
    assert source.shown(3) == split.images[3].numpy().tobytes()


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float64])
def test_shares_of_any_float_type_are_normalised_to_what_a_network_takes(kind):
    source = ImageSource(torch.tensor([[[[0.0, 0.5, 1.0]]]], dtype=kind), torch.tensor(0.5), 0.25)
    assert source.normalised([0]).tolist() == [[[[-2.0, 0.0, 2.0]]]]
    assert source.normalised([0]).dtype == torch.float32
    assert list(source.shown(0)) == [0, 128, 255]


def test_floats_are_taken_as_they_are_and_shown_from_black_to_white():
    images = torch.tensor([[[[-0.5, 2.0], [0.75, -0.5]]]])
    source = ImageSource(images)
    assert torch.equal(source.normalised([0]), images)
    assert list(source.shown(0)) == [0, 255, 128, 0]


def test_an_image_of_one_grey_can_be_shown():
    assert list(ImageSource(torch.ones(1, 1, 1, 2)).shown(0)) == [0, 0]


@pytest.mark.parametrize(
    ("images", "numbers", "error", "message"),
    [
        ([[1]], {}, TypeError, "images are a list: give a Split or a tensor"),
        (torch.zeros(28, 28), {}, ValueError, r"\(28, 28\).*use images\[None, None\]"),
        (torch.zeros(5, 28, 28), {}, ValueError, r"images\[None\] for one"),
        (torch.zeros(5, 3, 28, 28), {}, ValueError, r"give grey images \(N, 1, H, W\)\.$"),
        (torch.zeros(0, 1, 28, 28), {}, ValueError, "give grey images"),
        (torch.zeros(1, 1, 2, 2, dtype=torch.uint8), {}, ValueError, "give mean= and std="),
        (torch.zeros(1, 1, 2, 2), {"mean": 0.1}, ValueError, "give both"),
        (torch.zeros(1, 1, 2, 2), {"mean": 0.1, "std": 0.0}, ValueError, "give a number above 0"),
        (torch.zeros(1, 1, 2, 2), {"mean": float("nan"), "std": 0.3}, ValueError, "mean=nan.*finite number"),
        (
            torch.zeros(1, 1, 2, 2),
            {"mean": "0.1", "std": 0.3},
            TypeError,
            "mean='0.1' is a str: give a number",
        ),
        (torch.zeros(1, 1, 2, 2, dtype=torch.complex64), {}, TypeError, "images are complex64: give whole"),
        (torch.zeros(1, 1, 2, 2, dtype=torch.bool), {}, TypeError, "images are bool: give whole numbers"),
        (
            torch.full((1, 1, 2, 2), 256),
            {"mean": 0.1, "std": 0.3},
            ValueError,
            "from 256 to 256: whole numbers",
        ),
        (
            torch.full((1, 1, 2, 2), 255.0),
            {"mean": 0.1, "std": 0.3},
            ValueError,
            "up to 255.*give images / 255",
        ),
        (
            torch.eye(4).log().view(4, 1, 2, 2),
            {},
            ValueError,
            "12 pixels are no finite.* in image 0: replace",
        ),
        (torch.full((1, 1, 2, 2), float("nan")), {}, ValueError, "4 pixels are no finite numbers"),
        (digits().test, {"mean": 0.1, "std": 0.3}, ValueError, "leave mean= and std= out"),
    ],
)
def test_images_that_cannot_be_normalised_are_refused(images, numbers, error, message):
    with pytest.raises(error, match=message):
        ImageSource(images, **numbers)
