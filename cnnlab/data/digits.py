"""The small digits that come with cnnlab, made to look like MNIST."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from cnnlab.data.hold_out import stratified_mask
from cnnlab.data.splits import DIGITS, PIXELS, ImageData, Split

FILE = Path(__file__).with_name("digits.npz")  # a copy: importing scikit-learn takes longer than a second
TEST_IMAGES = 360  # of 1,797: one in five
BOX = 20  # MNIST's digits fill a box of 20×20 pixels in the middle of the image


def load_digits() -> ImageData:
    """1,797 real digits of 8×8 pixels, enlarged to 20×20 in the middle of 28×28; needs no network.

    Source: the UCI "Optical Recognition of Handwritten Digits" test set, the same as scikit-learn's.
    """
    with np.load(FILE) as arrays:
        small = torch.from_numpy(arrays["images"]).long()  # (1797, 8, 8), 0 to 16
        labels = torch.from_numpy(arrays["labels"]).long()
    margin = (PIXELS - BOX) // 2
    images = torch.zeros(len(small), 1, PIXELS, PIXELS, dtype=torch.uint8)
    images[:, 0, margin : margin + BOX, margin : margin + BOX] = _enlarge(small)
    test = stratified_mask(labels, TEST_IMAGES, seed=0)
    train = Split(images[~test], labels[~test], DIGITS)
    return ImageData(
        name="digits",
        train=train,
        test=Split(images[test], labels[test], DIGITS, train.mean, train.std),
        classes=DIGITS,
        mean=train.mean,
        std=train.std,
        source="the digits that come with cnnlab, 8×8 pixels enlarged to 20×20 in the middle of 28×28",
    )


def _enlarge(small: torch.Tensor) -> torch.Tensor:
    """Bilinear, (N, 8, 8) of 0 to 16 to uint8 (N, 20, 20), in integers: every machine rounds alike."""
    size = small.shape[-1]
    weights = torch.zeros(BOX, size, dtype=torch.int64)  # in tenths: 8 / 20 = 4 / 10
    for i in range(BOX):
        tenths = 4 * i - 3  # centre of new pixel i, in old pixels: (i + 0.5) * 0.4 - 0.5
        left, part = divmod(tenths, 10)
        for old, weight in ((left, 10 - part), (left + 1, part)):
            weights[i, min(max(old, 0), size - 1)] += weight
    hundredths = weights @ small @ weights.T
    full = 16 * 100
    return ((2 * 255 * hundredths + full) // (2 * full)).to(torch.uint8)
