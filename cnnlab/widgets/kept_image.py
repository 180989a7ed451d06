"""Images small enough to point at their pixels, and how an explorer keeps one to come back to."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets

from cnnlab.plots.pixels import Drawable, one_image

LARGEST_IMAGE = 64  # pixels; more would be too small to point at; as LARGEST_IMAGE in convolution.js
ENTRIES = ("height", "width", "pixels")


def shown(image: Drawable) -> np.ndarray[Any, Any]:
    """One image as float32 (H, W), small enough to point at its pixels.

    Raises:
        ValueError: it is no single grey image, or too large, or holds what is no number.
    """
    pixels = one_image(image).astype("<f4")
    if max(pixels.shape) > LARGEST_IMAGE:
        raise ValueError(
            f"the image has {pixels.shape[0]} × {pixels.shape[1]} pixels, too many to point at: "
            f"shrink it or cut a piece out, up to {LARGEST_IMAGE} × {LARGEST_IMAGE}."
        )
    if not np.isfinite(pixels).all():
        raise ValueError(
            "the image holds a pixel that is no number (nan or inf): replace it, for example by 0."
        )
    return np.ascontiguousarray(pixels)


def kept(pixels: np.ndarray[Any, Any]) -> dict[str, Any]:
    """An image (H, W) as a trait keeps it: height, width, and pixels as float32 bytes."""
    return {"height": pixels.shape[0], "width": pixels.shape[1], "pixels": pixels.tobytes()}


def checked(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """What a trait is to keep, if it is an image or nothing.

    Args:
        name: the trait, for the message.
        value: {} or height, width and pixels, from Python or from the page.
    Raises:
        traitlets.TraitError: it is neither.
    """
    if not value:
        return {}

    def refuse(what: str) -> traitlets.TraitError:
        return traitlets.TraitError(
            f"{name} has {what}: give height and width, 1 to {LARGEST_IMAGE}, and pixels, the bytes of "
            "height × width finite float32 numbers; or {} for no image."
        )

    if set(value) != set(ENTRIES):
        raise refuse(f"the entries {', '.join(map(str, value))}")
    height, width, pixels = (value[entry] for entry in ENTRIES)
    for side, length in (("height", height), ("width", width)):
        if type(length) is not int or not 1 <= length <= LARGEST_IMAGE:
            raise refuse(f"{side}={length!r}")
    if not isinstance(pixels, (bytes, bytearray, memoryview)):
        raise refuse(f"pixels of type {type(pixels).__name__}")
    raw = bytes(pixels)
    if len(raw) != 4 * height * width:
        raise refuse(f"{len(raw)} bytes of pixels, where {height} × {width} need {4 * height * width}")
    if not np.isfinite(np.frombuffer(raw, dtype="<f4")).all():
        raise refuse("a pixel that is not finite (nan or inf)")
    return {"height": height, "width": width, "pixels": raw}
