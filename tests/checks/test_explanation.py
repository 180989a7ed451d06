"""Answers to "explain the 320"."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from cnnlab import checks
from tests.checks.cases import Cases, Given

SIZES = (24, 12, 8, 4)
TEXT = """A 5 × 5 kernel without padding fits in 28 − 5 + 1 = 24 places. Pooling halves that: 24 / 2 = 12.
conv2: 12 − 5 + 1 = 8, and pool2 = 8 / 2 = 4. There are 20 maps of 4 × 4, so 20 × 4 × 4 = 320 numbers."""
SHORT = "28 - 5 + 1 = 24, halved 12; 12-4=8; halved 4. With 20 channels: 4*4=16, 320 = 20x4x4."
RUNNING = [
    "28 - 5 = 23 + 1 = 24, halved 12; 12-4=8; halved 4. With 20 channels: 4*4=16, 320 = 20x4x4.",
    "28 - 5 = 23 + 1 = 24 / 2 = 12 - 5 = 7 + 1 = 8 / 2 = 4, 4*4 = 16 * 20 = 320",
]
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
    "28 – 5 + 1 = 24; 24 : 2 = 12; 12 – 5 + 1 = 8; 8 : 2 = 4; 20 ∗ 4 ∗ 4 = 320",
    "28-5+1 = 24, 24/2 = 12, 24 - 12 = 12, 12-5+1 = 8, 8/2 = 4; 20 * (8/2) * (8/2) = 320",
    "24 = 28-5+1, 12 = 24/2, 8 = 12-5+1, 4 = 8/2, 320 = 20 * 4 * 4",
]

TOLD = [  # true texts, as students write them
    *(Path(__file__).parent / "true_explanations.txt").read_text(encoding="utf-8").splitlines(),
    "28-5+1=24\n24/2=12\n12-5+1=8\n8/2=4\n20*4*4\n=320",
    "- 28 px - 5 px + 1 px = 24 px\n"
    "- 24 px / 2 = 12 px\n"
    "- 12 px - 5 px + 1 px = 8 px\n"
    "- 8 px / 2 = 4 px\n"
    "- 20 maps * 4 px * 4 px = 320",
]
FALSE = [  # and texts in which something is wrong or missing
    ("28→24 (28-5=24), 12, 8, 4, 20·4·4=320", "“28−5 = 24”"),
    ("conv1: 24 (= 28 - 5), 24/2=12, 12-5+1=8, 4; 20*4*4=320", "“24 = 28 − 5”"),
    ("The width is 24 = 28 - 5, then 12, 8, 4, 20 maps, 320 = 20*4*4", "does not hold"),
    ("28-5+1=24, 24/2=13, 12, 8, 4, 20*4*4=320", "“24/2 = 13”"),
    ("28-5+1=24, 24/2=12, 8, 4, 20 channels of 4*4=18 numbers: 20*16=320", "does not hold"),
    ("28-5+1=24, 24/2=12, 8, 4, 20 channels of 4 x 4 = 360, not 320", "does not hold"),
    ("28 - 5 = 23 + 1 = 25, 24, 12, 8, 4, 20*4*4=320", "“23 + 1 = 25”"),
    ("28 - 5 = 24 + 1 = 25, 24, 12, 8, 4, 20*4*4=320", "“28 − 5 = 24 + 1”"),
    ("28-5+1=24; 12; 8; 8:2=3; 4; 20*4*4=320", "does not hold"),
    ("28-5+1=24; 12; 8; 4; 20*4*4=160; 320", "does not hold"),
    ("(28-5)/2+1 = 24; 12; 8; 4; 20*4*4=320", "does not hold"),
    ("28 minus 5 equals 24; 12; 8; 4; 20*4*4=320", "does not hold"),
    ("28 divided by 2 = 12, 24, 28-5+1 = 24, 8, 4; 20*4*4=320", "does not hold"),
    ("28-5+1=24, 24/2=12, 12-5+1=8, 8/2=4, 320 = 20 x 4", "“320 = 20 × 4”"),
    ("24 (28 - 5), 12, 8 (12 - 4 - 1), 4, 20 x 4 x 4 = 320", "makes 23"),
    ("28 - 5 gives 24, 12, 8, 4, 20 x 4 x 4 = 320", "makes 23"),
    ("24, 12, 8, 4 and 20 channels: 20 x 4 x 4 = 320", "arithmetic of a convolution"),
    ("24 = 2 * 12, 12, 8 = 2 * 4, 4 and 20 channels: 20 x 4 x 4 = 320", "arithmetic of a convolution"),
    ("28-5+1=24, 24/2=12, 12-5+1=8, 8/2=4, 20 channels, and fc1 takes 320", "which product"),
    ("28-5+1=24, 24/2=12, 12-5+1=8, 8/2=4, 20 maps of 4 x 4", "which product"),
    ("28-5+1=24, 24/2=12, 12-5+1=8, 8/2=4, 300 + 20 = 320", "which product"),
    ("28-5+1=24, 24/2=12, 12-5+1=8, 8/2=4, 20 maps, each 4*4 = 20 numbers, 20*4*4=320", "does not hold"),
    ("28-5+1=24, then 24/2=12, then 12-5+1=9, then 8, 8/2=4, 20*4*4=320", "“12−5+1 = 9”"),
    ("conv1 28-5+1=23, pool1 24/2=12, conv2 8, pool2 8/2=4, 20*4*4=320", "“28−5+1 = 23”"),
    ("24 (28-5+1=24), 12 (24/2=12), 8 (12-5+1=7), 4 (8/2=4), 20*4*4=320", "“12−5+1 = 7”"),
    ("28+2-5+1 = 24, 12, 8, 4, 20*4*4=320", "does not hold"),
    ("28-5+1=24, 24/2=12, 12-5+1=8, 8/2=4, 4*4=16, times 20 = 330, 320", "“× 20 = 330” in your text"),
    ("28-5+1=24, 24/2=12, 12-5+1=8, 8/2=4, 20*(4+4) = 320", "does not hold"),
    ("28-5+1=24, 24/2=12, 12-5+1=8, 8/2=4, 20(4*4) = 300, 320", "does not hold"),
    ("24 - 5 + 1 = 20, 28, 12, 8, 4, 20*4*4=320 and 24", "arithmetic of a conv"),
    ("28/2 = 14 - 5 + 1 = 10, 24, 12, 8, 4, 20*4*4=320", "arithmetic of a conv"),
    ("28-5+1=24, 24/2=12, 12-5+1=8, 4x4=20, 320=20*4*4", "“4 × 4 = 20”"),
    (
        "28-5+1=24, 24/2=12, 12-5+1=8, 8/2=4, 20 channels, and 5*64=320",
        "“5 × 64” in your text makes 320, and those are not the channels, height and width",
    ),
    ("28-5+1=24, 24/2=12, 12-5+1=8, 8/2=4, 20 channels, 10*32=320", "“10 × 32” in your text makes 320"),
    ("28-5+1=24, 24/2=12, 12-5+1=8, 8/2=4, 20*2*8=320", "“20 × 2 × 8” in your text makes 320"),
    ("24-12=12, 12-4=8, 8-4=4, there are 20 maps, 20*16=320", "arithmetic of a convolution"),
    ("28-4=24, 24-12=12, 12-4=8, 8-4=4, there are 20 maps, 20*16=320", "Pooling takes nothing away"),
    ("28 to 24, 24-12=12, 12-4=8, 8-4=4, there are 20 maps, 20*16=320", "Pooling takes nothing away"),
    ("24-16=8, 12, 4, 20*16=320", "arithmetic of a convolution"),
    (
        "conv1 pads: 28+2*2-5+1=28, pool 28/2=14, conv2 14+4-5+1=14, pool 14/2=7. "
        "Or 24, 12, 8, 4 with 24-16=8. 20*4*4=320",
        "“28+2 × 2−5+1” in your text makes 28: no convolution here gives a map of that width",
    ),
]

CASES = {
    "explain_320": Cases(
        right=[
            Given((SIZES, (20, 4, 4), TEXT)),
            Given((list(SIZES), "20 × 4 × 4 = 320", SHORT)),
            Given((np.array(SIZES), torch.tensor([4, 4, 20]), FORMAL)),
            Given((dict(zip("abcd", SIZES)), [20, 16], TEXT)),
            Given((SIZES, (20, 4, 4), COLONS)),
            *(Given((SIZES, (20, 4, 4), text)) for text in [*WRITTEN, *TOLD]),
            Given(("24, 12, 8 and 4", (4, 20, 4), TEXT)),
            Given(("conv1: 24, pool1: 12, conv2: 8, pool2: 4", "20 * 4² = 320", TEXT)),
            Given((["24 × 24", "12 × 12", "8 × 8", "4 × 4"], ["20", "4", "4"], TEXT)),
            Given(([(24, 24), (12, 12), (8, 8), (4, 4)], "20 channels * 4**2", TEXT)),
        ],
        wrong=[
            (Given(((28, 14, 10, 5), (20, 5, 5), TEXT)), "28 × 28 after conv1: without padding"),
            (Given(((23, 12, 8, 4), (20, 4, 4), TEXT)), "you forgot the place where the kernel starts"),
            (Given(((24, 12, 8, 8), (20, 8, 8), TEXT)), "8 × 8 after pool2: pooling halves the map"),
            (Given(((24, 12, 8), (20, 4, 4), TEXT)), "You give 3 sizes"),
            (Given((SIZES, (10, 4, 4), TEXT)), "You multiply 10 × 4 × 4: those are the channels of conv1"),
            (Given((SIZES, [320], TEXT)), "You give 320 alone: the three factors that make it are asked for"),
            (Given(("24x24, 12x12, 8x8, 8x8", (20, 4, 4), TEXT)), "8 × 8 after pool2"),
            (
                Given((SIZES, "20 * 5^2", TEXT)),
                "You multiply 20 × 5 × 5: that makes 500; a map has a height and a width",
            ),
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
            *((Given((SIZES, (20, 4, 4), text)), fragment) for text, fragment in FALSE),
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


@pytest.mark.parametrize("text", RUNNING)
def test_a_running_equals_sign_earns_the_marks_and_a_remark(text: str) -> None:
    verdict = checks.explain_320(SIZES, (20, 4, 4), text)
    assert verdict.points == 25
    assert verdict.reason.endswith(
        "A remark: “28 − 5 = 23 + 1” is not so as it stands. Give each step an equals sign of its own."
    )
