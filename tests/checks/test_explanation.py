"""Answers to "explain the 320"."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cnnlab import checks
from tests.checks.cases import Cases, Given

SIZES = (24, 12, 8, 4)
TEXT = """A 5 × 5 kernel without padding fits in 28 − 5 + 1 = 24 places. Pooling halves that: 24 / 2 = 12.
conv2: 12 − 5 + 1 = 8, and pool2 = 8 / 2 = 4. There are 20 maps of 4 × 4, so 20 × 4 × 4 = 320 numbers."""
SHORT = "28 - 5 = 23 + 1 = 24, halved 12; 12-4=8; halved 4. With 20 channels: 4*4=16, 320 = 20x4x4."
FORMAL = "(28+2*0-5)//1+1=24; 24//2=12; (12-5)/1 + 1 = 8; 8//2=4; 4·4·20 = 320"
COLONS = "conv1: 28 − 5 + 1 = 24. pool1: 24 : 2 = 12; conv2: 12 - 5 + 1 = 8; pool2: 8:2 = 4. 20·4·4 = 320."
WRITTEN = [
    "After conv1 28-5+1=24. After pool1 24/2=12. Then 12-5+1=8. After pool2 8/2=4. 20 maps, 20*4*4=320.",
    "28-5+1 = 24, 24/2 = 12, 12-5+1 = 8, 8/2 = 4; 20 channels x 4 x 4 = 320",
    "28-5+1 = 24, 24/2 = 12, 12-5+1 = 8, 8/2 = 4; 20 channels of 4 x 4 = 320",
    "28-5+1 = 24, 24/2 = 12, 12-5+1 = 8, 8/2 = 4; 20 slices × 4 × 4 = 320",
    "28 - 4 = 24, 24 ÷ 2 = 12, 12 - 4 = 8, 8 ÷ 2 = 4; 20 * 4 ** 2 = 320 = 20·4²",
    "(W - K + 2P)/S + 1 = (28 - 5 + 0)/1 + 1 = 24, 24/2 = 12; (12 - 5)/1 + 1 = 8; 8/2 = 4; 4^2 * 20 = 320.",
    "⌊(28 − 5) / 1⌋ + 1 = 24, then 12, floor((12 - 5)/1) + 1 = 8, then 4. 20 maps times 4 times 4 = 320",
    "28-5+1 = 24, 24/2 = 12, 8, 8/2 = 4; 20*4*4 = 320; 9^9^9^9^9 = 2 is not worked out",
    r"$28 - 5 + 1 = 24$, half of 24 = 12, $12 - 5 + 1 = 8$, 8 / 2 = 4; $20 \times 4 \times 4 = 320$",
    "(28-5+1) x (28-5+1) = 24 x 24, then 12, 8 and 4; 20 × 4 rows × 4 columns = 320",
    "28-5+1 == 24, 12, 8, 4; 20 (channels) x 4 (height) x 4 (width) = 320",
    "1) 28 - 5 + 1 = 24\n2) 24 / 2 = 12\n3) 12 - 5 + 1 = 8\n4) 8 / 2 = 4\n5) 20 · 4 · 4 = 320",
    "24 = 28-5+1, 12 = 24/2, 8 = 12-5+1, 4 = 8/2, 320 = 20 * 4 * 4",
]

CASES = {
    "explain_320": Cases(
        right=[
            Given((SIZES, (20, 4, 4), TEXT)),
            Given((list(SIZES), "20 × 4 × 4 = 320", SHORT)),
            Given((np.array(SIZES), torch.tensor([4, 4, 20]), FORMAL)),
            Given((dict(zip("abcd", SIZES)), [20, 16], TEXT)),
            Given((SIZES, (20, 4, 4), COLONS)),
            *(Given((SIZES, (20, 4, 4), text)) for text in WRITTEN),
            Given(("24, 12, 8 and 4", (4, 20, 4), TEXT)),
        ],
        wrong=[
            (Given(((28, 14, 10, 5), (20, 5, 5), TEXT)), "28 × 28 after conv1: without padding"),
            (Given(((23, 12, 8, 4), (20, 4, 4), TEXT)), "you forgot the place where the kernel starts"),
            (Given(((24, 12, 8, 8), (20, 8, 8), TEXT)), "8 × 8 after pool2: pooling halves the map"),
            (Given(((24, 12, 8), (20, 4, 4), TEXT)), "You give 3 sizes"),
            (Given((SIZES, (10, 4, 4), TEXT)), "You multiply 10 × 4 × 4: those are the channels of conv1"),
            (Given((SIZES, (20, 4), TEXT)), "that makes 80; a map has a height and a width"),
            (Given((SIZES, (20, 4, 4), TEXT.replace("28 − 5 + 1", "28 − 5"))), "“28 − 5 = 24” in your text"),
            (Given((SIZES, (20, 4, 4), COLONS.replace("8:2 = 4", "8:2 = 3"))), "in your text does not hold"),
            (Given((SIZES, (20, 4, 4), WRITTEN[1].replace("320", "360"))), "“20 × 4 × 4 = 360” in your"),
            (Given((SIZES, (20, 4, 4), "20 × 4 × 4 = 320")), "does not say how large the map is after conv1"),
            (
                Given((SIZES, (20, 4, 4), "24, 12, 8, 4 and 20 channels make 320.")),
                "arithmetic of a convolution",
            ),
            (Given((SIZES, (20, 4, 4), TEXT.replace("20 × 4 × 4 = 320", "320"))), "which product gives 320"),
            (Given((24, (20, 4, 4), TEXT)), "A list of several numbers"),
            (Given((SIZES, (20, 4, 4), 320)), "is a text in quotes"),
        ],
        secret=["20 × 4 × 4", "24, 12, 8, 4", "28 − 5 + 1"],
    ),
}


def test_each_part_of_the_explanation_earns_its_marks() -> None:
    assert checks.explain_320(SIZES, (20, 4, 4), TEXT).points == 25
    assert checks.explain_320(SIZES, (20, 4, 4), "Because.").points == 15
    assert checks.explain_320(SIZES, (20, 4, 4)).points == 15
    assert checks.explain_320(SIZES, (10, 4, 4), TEXT).points == 10
    assert checks.explain_320((28, 14, 14, 7), (20, 4, 4), TEXT).points == 0


@pytest.mark.parametrize(
    "blanks", [(), (SIZES,), (SIZES, (20, 4, 4)), (SIZES, (20, 4, 4), ""), (SIZES, ..., "")]
)
def test_a_part_that_is_missing_is_not_yet(blanks: tuple[object, ...]) -> None:
    assert checks.explain_320(*blanks).state == "not yet"


@pytest.mark.parametrize(
    "careless", ["pool2 = 8 / 2 = 4.", "conv1 28-5+1=24", "24 px / 2 = 12 px", "1. 24/2 = 12"]
)
def test_words_around_the_arithmetic_do_not_disturb(careless: str) -> None:
    assert checks.explain_320(SIZES, (20, 4, 4), f"{TEXT} {careless}")
