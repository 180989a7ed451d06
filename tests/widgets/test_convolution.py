"""The JavaScript of the ConvolutionExplorer against PyTorch, over every setting that it offers."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.widgets.node import run

HEIGHT, WIDTH = 11, 9  # small and not square, so that many settings do not fit and sides cannot be swapped

SETTINGS = [
    {"size": k, "padding": p, "stride": s, "dilation": d, "operation": operation}
    for k, p, s, d, operation in itertools.product(
        range(1, 12),
        [*range(6), "same"],
        range(1, 5),
        range(1, 4),
        ["convolution", "max pooling", "average pooling"],
    )
]


def by_torch(
    image: torch.Tensor, kernel: torch.Tensor, bias: float, s: dict[str, Any]
) -> torch.Tensor | None:
    """What PyTorch makes of it; None where it refuses."""
    x, p = image[None, None], s["padding"]
    try:
        if s["operation"] == "convolution":
            b = torch.tensor([bias])
            return F.conv2d(x, kernel[None, None], b, s["stride"], p, s["dilation"])[0, 0]
        if p == "same" or (s["operation"] == "average pooling" and s["dilation"] > 1):
            return None  # PyTorch's pooling has no such argument
        if s["operation"] == "max pooling":
            return F.max_pool2d(x, s["size"], s["stride"], p, s["dilation"])[0, 0]
        return F.avg_pool2d(x, s["size"], s["stride"], p)[0, 0]
    except RuntimeError:
        return None


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize(("height", "width"), [(HEIGHT, WIDTH), (28, 28)])
def test_javascript_makes_the_feature_map_that_pytorch_makes_or_refuses_as_well(
    height: int, width: int
) -> None:
    settings = SETTINGS if height == HEIGHT else SETTINGS[::5]
    image = torch.randn(height, width)
    kernels = {k: torch.randn(k, k) for k in range(1, 12)}
    found = run(
        '{ featureMap, refusal } from "convolution.js"',
        """
        const pixels = Float32Array.from(given.pixels);
        return given.settings.map((one) => {
          const settings = { ...one, pixels, height: given.height, width: given.width, bias: 0.25,
                             weights: Float32Array.from(given.kernels[one.size]) };
          const map = featureMap(settings);
          return { why: refusal(settings), map: map && { ...map, values: [...map.values] } };
        });
        """,
        {
            "pixels": image.flatten().tolist(),
            "height": height,
            "width": width,
            "kernels": {k: kernel.flatten().tolist() for k, kernel in kernels.items()},
            "settings": settings,
        },
    )
    refused = 0
    for one, answer in zip(settings, found):
        expected = by_torch(image, kernels[one["size"]], 0.25, one)
        if expected is None:
            refused += 1
            assert answer["map"] is None, one
            assert answer["why"], one
        else:
            assert answer["map"] is not None, (one, answer["why"])
            made = np.array(answer["map"]["values"]).reshape(answer["map"]["rows"], answer["map"]["columns"])
            np.testing.assert_allclose(made, expected.numpy(), atol=1e-5, rtol=1e-5, err_msg=str(one))
            assert answer["why"] == ""
    assert 0 < refused < len(settings)


def test_the_remedies_for_a_kernel_that_is_too_wide_are_the_nearest_that_work() -> None:
    wide = [s for s in SETTINGS if s["operation"] == "convolution" and s["padding"] != "same"]
    found = run(
        '{ refusal } from "convolution.js"',
        "return given.map((one) => refusal({ ...one, height: 6, width: 9 }))",
        wide,
    )
    mended = 0
    for one, why in zip(wide, found):
        if "wider" not in why:
            continue
        mended += 1
        words = why.replace(",", " ").replace(".", " ").split()
        largest = int(words[words.index("Use") + 4])
        needed = int(words[words.index("Use") + 11])

        def fits(size: int, padding: int, one: dict[str, Any] = one) -> bool:
            return (
                by_torch(torch.zeros(6, 9), torch.zeros(size, size), 0.0, {**one, "padding": padding})
                is not None
            )

        assert fits(largest, one["padding"]), why
        assert not fits(largest + 1, one["padding"]), why
        assert fits(one["size"], needed), why
        assert not fits(one["size"], needed - 1), why
    assert mended > 50


def test_the_window_names_the_pixels_whose_products_add_up_to_the_output_pixel() -> None:
    image, kernel = torch.randn(7, 7), torch.randn(3, 3)
    parts = run(
        '{ windowAt } from "convolution.js"',
        "return windowAt({ ...given, pixels: Float32Array.from(given.pixels),"
        " weights: Float32Array.from(given.weights) }, 0, 2)",
        {
            "pixels": image.flatten().tolist(),
            "weights": kernel.flatten().tolist(),
            **{"height": 7, "width": 7, "size": 3, "padding": 1, "stride": 2, "dilation": 2},
            "operation": "convolution",
        },
    )
    expected = F.conv2d(image[None, None], kernel[None, None], stride=2, padding=1, dilation=2)[0, 0, 0, 2]
    assert sum(part["product"] for part in parts) == pytest.approx(expected.item(), abs=1e-5)
    assert [(part["row"], part["column"]) for part in parts][:4] == [(-1, 3), (-1, 5), (-1, 7), (1, 3)]
    assert [part["inside"] for part in parts][:4] == [False, False, False, True]


@pytest.mark.parametrize(
    "name", ["one pixel", "vertical line", "bright half", "slope", "checkerboard", "cross"]
)
def test_every_pattern_has_dark_and_bright_pixels(name: str) -> None:
    pixels = run('{ pattern } from "convolution.js"', "return [...pattern(given, 28, 20)]", name)
    assert len(pixels) == 28 * 20
    assert min(pixels) == 0
    assert max(pixels) == 255
