from __future__ import annotations

import hashlib

import numpy as np
import torch

from cnnlab.data.digits import FILE, load_digits


def test_there_are_1437_training_and_360_test_digits_in_equal_shares():
    data = load_digits()
    assert (data.name, len(data.train), len(data.test)) == ("digits", 1437, 360)
    shares = data.test.class_counts() / (data.train.class_counts() + data.test.class_counts())
    assert (shares - 360 / 1797).abs().max() < 0.01


def test_a_digit_fills_20_by_20_pixels_in_the_middle_of_28_by_28():
    images = load_digits().train.images
    assert images[:, :, 4:24, 4:24].sum() == images.sum()
    assert images.max() == 255


def test_the_bundled_file_holds_the_digits_of_scikit_learn():
    from sklearn import datasets

    ours, theirs = np.load(FILE), datasets.load_digits()
    assert np.array_equal(ours["images"], theirs.images)
    assert np.array_equal(ours["labels"], theirs.target)


def test_enlarging_agrees_with_torch():
    from sklearn import datasets

    from cnnlab.data.digits import _enlarge

    small = torch.from_numpy(datasets.load_digits().images)
    expected = torch.nn.functional.interpolate(small[:, None], size=20, mode="bilinear")[:, 0] * 255 / 16
    assert (_enlarge(small.long()).double() - expected).abs().max() <= 0.5 + 1e-9


def test_the_digits_are_the_same_on_every_machine():
    data = load_digits()
    digest = hashlib.sha256()
    for split in (data.train, data.test):
        digest.update(split.images.numpy().tobytes() + split.labels.numpy().astype("<i8").tobytes())
    assert digest.hexdigest() == DIGEST


def test_mean_and_std_are_those_of_the_training_digits():
    data = load_digits()
    pixels = data.train.images.double() / 255
    assert abs(data.mean - pixels.mean().item()) < 1e-12
    assert abs(data.std - pixels.std(unbiased=False).item()) < 1e-12
    assert (data.test.mean, data.test.std) == (data.mean, data.std)


DIGEST = "5bc55f21fd2082762561e0e70824682d138cba71df484ac4c0ee528dd0529d5b"
