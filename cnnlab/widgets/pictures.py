"""Pixels as pictures in HTML: crisp, of the right size, with a text that says what they show."""

from __future__ import annotations

import base64
import html
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def picture(colours: NDArray[Any], pixel: int, alt: str) -> str:
    """An <img> that holds its own PNG, each pixel a sharp square.

    Args:
        colours: uint8 (H, W) grey or (H, W, 3) red, green, blue.
        pixel: side of one pixel on the screen, in screen pixels.
        alt: what the picture shows, for those who do not see it.
    """
    stored = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(colours)).save(stored, "PNG")
    data = base64.b64encode(stored.getvalue()).decode()
    height, width = colours.shape[:2]
    return (
        f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}" '
        f'style="width:{width * pixel}px;height:{height * pixel}px;max-width:none;image-rendering:pixelated;'
        'outline:1px solid #999">'  # white maps on white paper would have no edge
    )
