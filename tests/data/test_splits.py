from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from cnnlab.data import ImageData, Split
from cnnlab.data.splits import pixel_statistics


def grey(n: int = 3, **options) -> torch.Tensor:
    return torch.zeros(n, 1, 28, 28, dtype=torch.uint8, **options)


def test_a_split_knows_its_length_its_classes_and_how_many_images_each_has(split):
    assert len(split) == 20
    assert split.classes == tuple("0123456789")
    assert split.class_counts().tolist() == [2] * 10
    assert split.class_counts().dtype == torch.int64


@pytest.mark.parametrize("as_a", [list, np.array, torch.tensor])
def test_one_index_in_a_row_chooses_that_image_and_not_a_number_of_images(split, as_a):
    assert split.take(as_a([5])).images.equal(split.images[5:6])
    assert split.take(as_a([0])).images.equal(split.images[:1])


def test_a_number_in_a_tensor_is_a_number_of_images(split):
    assert len(split.take(torch.tensor(5))) == len(split.take(np.int64(5))) == 5


def test_class_counts_has_a_zero_for_a_class_without_images():
    assert Split(grey(2), torch.tensor([3, 3])).class_counts().tolist() == [0, 0, 0, 2, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("n", [1, 20, 5001])
def test_mean_and_std_are_those_of_torch(n):
    images = torch.randint(0, 256, (n, 1, 28, 28), generator=torch.Generator().manual_seed(n))
    exact = images.double() / 255
    mean, std = pixel_statistics(images.to(torch.uint8))
    assert mean == pytest.approx(exact.mean().item(), abs=1e-12)
    assert std == pytest.approx(exact.std(unbiased=False).item(), abs=1e-12)


def test_mean_and_std_are_exact_for_images_that_are_full_of_ink():
    assert pixel_statistics(torch.full((2000, 1, 28, 28), 255, dtype=torch.uint8)) == (1.0, 0.0)


def test_a_given_mean_and_std_are_kept():
    split = Split(grey(), torch.tensor([0, 1, 2]), mean=0.1307, std=0.3081)
    assert (split.mean, split.std) == (0.1307, 0.3081)


def test_images_of_one_grey_get_a_std_of_1_so_that_they_stay_finite():
    split = Split(grey(), torch.tensor([0, 1, 2]))
    assert (split.mean, split.std) == (0.0, 1.0)
    assert split.normalised().isfinite().all()


@pytest.mark.parametrize("std", [0.0, -1.0, math.nan, math.inf])
def test_a_std_that_cannot_divide_is_refused(std):
    with pytest.raises(ValueError, match="pixels are divided by it: give a number above 0"):
        Split(grey(), torch.tensor([0, 1, 2]), mean=0.1, std=std)


def test_a_mean_that_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="mean=nan is not a number to subtract"):
        Split(grey(), torch.tensor([0, 1, 2]), mean=math.nan, std=1.0)


def test_normalised_subtracts_the_mean_and_divides_by_the_std(split):
    expected = (split.images.double() / 255 - split.mean) / split.std
    assert split.normalised().dtype == torch.float32
    torch.testing.assert_close(split.normalised().double(), expected, atol=1e-6, rtol=0)
    assert split.normalised().mean().item() == pytest.approx(0, abs=1e-5)
    assert split.normalised().std(unbiased=False).item() == pytest.approx(1, abs=1e-5)


def test_take_keeps_the_statistics_of_the_whole_split(split):
    part = split.take(3)
    assert len(part) == 3
    assert (part.mean, part.std, part.classes) == (split.mean, split.std, split.classes)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (4, [0, 1, 2, 3]),
        (np.int64(2), [0, 1]),
        ([5, 3, 3], [5, 3, 3]),
        (torch.tensor([19, 0]), [19, 0]),
        (np.array([7]), [7]),
        (range(2, 5), [2, 3, 4]),
        (torch.arange(20) == 6, [6]),
    ],
)
def test_take_understands_a_number_indices_and_a_mask(split, chosen, expected):
    part = split.take(chosen)
    assert torch.equal(part.images, split.images[expected])
    assert torch.equal(part.labels, split.labels[expected])


@pytest.mark.parametrize(
    ("chosen", "error", "message"),
    [
        (0, ValueError, r"take\(0\) of 20 images: give a number from 1 to 20"),
        (21, ValueError, r"take\(21\) of 20 images"),
        ([], ValueError, "chose none of 20 images"),
        (torch.zeros(20, dtype=torch.bool), ValueError, "chose none of 20 images"),
        (torch.zeros(3, dtype=torch.bool), ValueError, r"mask has shape \(3,\), the split 20 images"),
        ([1, 20], ValueError, "index 20 is outside the split: its 20 images are 0 to 19"),
        ([-1], ValueError, "index -1 is outside the split"),
        ([0.5], TypeError, "indices are one row of integers, not torch.float32"),
        ([[1], [2]], TypeError, r"indices are one row of integers, not torch.int64 \(2, 1\)"),
        (True, TypeError, r"take\(True\) chooses nothing in particular"),
        ("first", TypeError, r"take\('first'\): give a number of images, indices or a mask"),
        (slice(0, 5), TypeError, r"take\(slice\(0, 5, None\)\): give a number of images, indices or a mask"),
    ],
)
def test_take_says_what_is_wrong_with_a_choice(split, chosen, error, message):
    with pytest.raises(error, match=message):
        split.take(chosen)


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (np.zeros((3, 1, 28, 28), np.uint8), TypeError, "a ndarray, not a tensor: use torch.as_tensor"),
        ([[0]], TypeError, "images are a list, not a tensor"),
        (grey().float(), TypeError, r"float32 of shape \(3, 1, 28, 28\), not uint8.*\* 255\)\.round"),
        (grey().long(), TypeError, r"int64 of shape .* use images.to\(torch.uint8\)"),
        (grey()[:, 0], ValueError, r"shape \(3, 28, 28\), not uint8.*add the channel with images.unsqueeze"),
        (grey().flatten(1), ValueError, r"shape \(3, 784\), not uint8 of shape \(N, 1, 28, 28\)"),
        (grey().expand(3, 3, 28, 28), ValueError, r"shape \(3, 3, 28, 28\).*make them grey"),
        (grey().permute(0, 2, 3, 1), ValueError, r"shape \(3, 28, 28, 1\).*put the channel second with"),
        (grey()[:, :, :8, :8], ValueError, r"8×8 pixels do not fit; resize them with .*interpolate"),
        (grey()[:, :, :, 2:], ValueError, "28×26 pixels do not fit"),
        (grey(0), ValueError, "the split is empty: it needs at least one image"),
    ],
)
def test_images_of_the_wrong_type_or_size_are_refused_with_a_remedy(images, error, message):
    with pytest.raises(error, match=message):
        Split(images, torch.tensor([0, 1, 2]))


@pytest.mark.parametrize("shape", [(3, 1, 8, 8), (3, 3, 28, 28), (3, 28, 28, 1)])
def test_the_remedy_for_another_shape_makes_images_that_fit(shape):
    images = torch.randint(0, 256, shape, dtype=torch.uint8)
    with pytest.raises(ValueError, match=" with ") as caught:
        Split(images, torch.tensor([0, 1, 2]))
    remedy = str(caught.value).split(" with ")[1].rstrip(".")
    mended = eval(remedy, {"torch": torch, "images": images})
    assert len(Split(mended, torch.tensor([0, 1, 2]))) == 3


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([0, 1, 2], TypeError, "labels are a list, not a tensor"),
        (torch.tensor([0.0, 1.0, 2.0]), TypeError, r"labels are float32, not int64: use labels.long\(\)"),
        (
            torch.tensor([0.0, 1.5, float("nan")]),
            TypeError,
            r"labels are float32, not int64, and 2 of 3 are no whole numbers \(the first is 1.5 at index 1\)"
            r": look where they come from; keep = labels % 1 == 0 tells which are good",
        ),
        (torch.zeros(3, 10, dtype=torch.int64), ValueError, r"labels have shape \(3, 10\), not \(N,\)"),
        (torch.tensor([0, 1]), ValueError, "there are 3 images but 2 labels: each image needs one label"),
        (torch.tensor([0, 10, 2]), ValueError, "label 10 at index 1 is not one of the 10 classes: .* 0 to 9"),
        (torch.tensor([0, 1, -1]), ValueError, r"label -1 at index 2 .*\(1 of 3 labels are out of range\)"),
    ],
)
def test_labels_that_do_not_fit_are_refused_with_index_and_value(labels, error, message):
    with pytest.raises(error, match=message):
        Split(grey(), labels)


def test_label_range_follows_the_classes():
    with pytest.raises(
        ValueError, match="label 2 at index 2 is not one of the 2 classes: labels run from 0 to 1"
    ):
        Split(grey(), torch.tensor([0, 1, 2]), classes=("even", "odd"))


def test_a_split_cannot_be_changed(split):
    with pytest.raises(AttributeError):
        split.labels = split.labels + 1


def data(name: str, split: Split) -> ImageData:
    return ImageData(name, split, split.take(5), split.classes, split.mean, split.std, "<made> for a test")


def test_image_data_says_its_name_sizes_and_source(split):
    text = repr(data("mnist", split))
    assert text.startswith("mnist: 20 training and 5 test images of 28×28 pixels, 10 classes\n")
    assert text.endswith("source: <made> for a test")
    assert "NOT MNIST" not in text


def test_nobody_can_take_the_digits_for_mnist(split):
    shown = data("digits", split)
    assert repr(shown).startswith("*** THIS IS NOT MNIST")
    assert "THIS IS NOT MNIST" in shown._repr_html_()
    assert "NOT MNIST" not in data("kmnist", split)._repr_html_()


def test_image_data_is_safe_html(split):
    assert "&lt;made&gt; for a test" in data("mnist", split)._repr_html_()


def test_text_forms_have_no_addresses_in_them(split):
    assert "0x" not in repr(split) + repr(data("mnist", split)) + repr(split.batches(4))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mean": "a", "std": 1.0}, "mean='a' is a str, not a number: give the training set's mean"),
        ({"mean": 0.1, "std": [1]}, r"std=\[1\] is a list, not a number: give the training set's std"),
        ({"classes": 10}, r"classes=10 are no names: give them as text, such as \('0', '1'\)"),
    ],
)
def test_what_is_no_number_and_no_names_is_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        Split(grey(), torch.tensor([0, 1, 2]), **arguments)


def test_a_mean_may_be_a_tensor_of_one_number():
    split = Split(grey(), torch.tensor([0, 1, 2]), mean=torch.tensor(0.5), std=np.float32(0.25))
    assert repr(split).endswith("mean 0.5000, std 0.2500)")


def test_images_and_labels_on_the_device_meta_are_refused_because_they_hold_no_numbers():
    with pytest.raises(ValueError, match=r"images are on the device meta, .* shapes but no numbers"):
        Split(grey().to("meta"), torch.tensor([0, 1, 2]))
    with pytest.raises(ValueError, match="labels are on the device meta"):
        Split(grey(), torch.tensor([0, 1, 2]).to("meta"))
