"""Turn tensors into arrays that can be drawn, with one scale for all that stand side by side."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.colors import Colormap
from numpy.typing import ArrayLike, NDArray

from cnnlab.plots.style import AMOUNTS, IMAGES, SIGNED

Pixels = NDArray[Any]
Drawable = torch.Tensor | ArrayLike | Sequence[torch.Tensor]


def one_image(image: Drawable) -> Pixels:
    """One grey image as an (H, W) array, from (H, W), (1, H, W) or (1, 1, H, W).

    Raises:
        ValueError: the shape is another one.
    """
    pixels = _array(image)
    while pixels.ndim > 2 and pixels.shape[0] == 1:
        pixels = pixels[0]
    if pixels.ndim != 2 or 0 in pixels.shape:
        raise ValueError(
            f"the image has the shape {_array(image).shape}: one grey image, (H, W) or (1, H, W), is needed."
        )
    return pixels


def many_images(images: Drawable) -> Pixels:
    """Grey images as an (N, H, W) array, from (N, H, W) or (N, 1, H, W).

    Raises:
        ValueError: the shape is another one, or there is no image.
    """
    if isinstance(images, (list, tuple)) and images and isinstance(images[0], torch.Tensor):
        images = torch.stack([image.detach().cpu() for image in images])
    pixels = _array(images)
    if pixels.ndim == 4 and pixels.shape[1] == 1:
        pixels = pixels[:, 0]
    if pixels.ndim != 3 or 0 in pixels.shape:
        raise ValueError(
            f"the images have the shape {pixels.shape}: grey images, (N, 1, H, W) or (N, H, W), are needed."
        )
    return pixels


def grey_scale(pixels: Pixels) -> dict[str, Any]:
    """The imshow arguments for images: bytes from 0 to 255, floats from their least to their greatest."""
    low, high = (0, 255) if pixels.dtype == np.uint8 else finite_range(pixels)
    return {"cmap": IMAGES, "vmin": low, "vmax": high if high > low else low + 1}


def map_scale(values: Pixels) -> dict[str, Any]:
    """The imshow arguments for feature maps, kernels and heat.

    Values with a sign get two colours with white at 0; values of 0 or more get one that grows.
    """
    cmap: str | Colormap
    least, greatest = finite_range(values)
    if least < 0:
        reach = max(-least, greatest)
        cmap, low, high = SIGNED, -reach, reach
    else:
        cmap, low, high = AMOUNTS, 0.0, greatest or 1.0
    return {"cmap": cmap, "vmin": low, "vmax": high}


def finite_range(values: Pixels) -> tuple[float, float]:
    """The least and the greatest number; one NaN must not take the scale from all the others."""
    finite = values[np.isfinite(values)]
    if finite.size < values.size:
        warnings.warn(
            f"{values.size - finite.size:,} of the {values.size:,} numbers to be drawn are not finite "
            "(NaN or infinite), and their places stay empty: look for a division by zero.",
            stacklevel=4,
        )
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _array(values: Drawable) -> Pixels:
    if hasattr(values, "images"):
        raise TypeError(f"images are a {type(values).__name__}: give split.images.")
    if hasattr(getattr(values, "train", None), "images"):
        raise TypeError(f"images are a {type(values).__name__}: give one part of it, such as data.test.")
    if isinstance(values, torch.Tensor):
        values = values.float() if values.dtype == torch.bfloat16 else values  # NumPy has none
        values = values.detach().cpu().numpy()
    try:
        pixels = np.asarray(values)
    except ValueError as error:
        raise ValueError("the rows differ in length: each needs as many pixels.") from error
    if pixels.dtype.kind not in "buif":
        complex_ones = pixels.dtype.kind == "c"
        remedy = "draw their .abs(), or .real and .imag each for itself" if complex_ones else "give numbers"
        raise TypeError(f"the pixels are {pixels.dtype.name}, and cannot be drawn: {remedy}.")
    return pixels
