"""Move one image by whole pixels and watch which average image comes nearest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import traitlets

from cnnlab.data import shift
from cnnlab.plots.pixels import Drawable, Pixels, many_images, one_image
from cnnlab.widgets.explorer import Explorer, Whole

FARTHEST = 8  # pixels; further out the digit leaves the image


class ShiftExplorer(Explorer):
    """An image to move, and its distance to the average image of each class.

    Args:
        image: (H, W) or (1, H, W), 0 to 255.
        averages: (C, 1, H, W) or (C, H, W), the average image of each class, 0 to 255.
    Raises:
        TypeError: the pixels are no numbers.
        ValueError: the shapes are no images', or differ, or a pixel is not finite.

    >>> averages = torch.zeros(2, 28, 28)
    >>> averages[1, :, 14] = 255  # class 1 is a line in column 14
    >>> explorer = ShiftExplorer(averages[1], averages)
    >>> explorer.answer
    1
    >>> explorer.dx = 3
    >>> explorer.answer
    0
    """

    script = "shift_explorer.js"
    style = ("shift_explorer.css",)

    dx = Whole(help="pixels to the right; below 0 to the left").tag(sync=True)
    dy = Whole(help="pixels down; below 0 up").tag(sync=True)
    farthest = traitlets.Tuple(Whole(), Whole(), default_value=(0, 0)).tag(sync=True, python_only=True)
    size: Any = traitlets.Tuple(Whole(), Whole(), default_value=(0, 0)).tag(sync=True, python_only=True)
    pixels = traitlets.Bytes().tag(sync=True, python_only=True)  # the image as float32
    averages = traitlets.Bytes().tag(sync=True, python_only=True)  # float32, one average behind the other

    def __init__(self, image: Drawable, averages: Drawable) -> None:
        self._image = _pixels("the image", image, one_image)[None, None]
        self._averages = _pixels("the averages", averages, many_images)
        if self._averages.shape[1:] != self._image.shape[2:]:
            raise ValueError(
                f"the image has {tuple(self._image.shape[2:])} pixels, the averages "
                f"{tuple(self._averages.shape[1:])}: give images of one size."
            )
        height, width = self._image.shape[2:]
        super().__init__(
            size=(height, width),
            farthest=(min(FARTHEST, width - 1), min(FARTHEST, height - 1)),
            pixels=_floats(self._image),
            averages=_floats(self._averages),
        )

    @property
    def distances(self) -> torch.Tensor:
        """Distance to each average: the root of the sum of squared differences, (C,), in units of 255."""
        moved = shift(self._image, self.dx, self.dy).double()
        difference: torch.Tensor = (moved[0] - self._averages) / 255
        return difference.square().sum(dim=(1, 2)).sqrt()

    @property
    def answer(self) -> int:
        """The class whose average is nearest."""
        return int(self.distances.argmin())

    @traitlets.validate("dx", "dy")
    def _stays_in_sight(self, proposal: Any) -> int:
        name = proposal.trait.name
        most = self.farthest[name == "dy"]
        if not -most <= proposal.value <= most:
            raise traitlets.TraitError(
                f"{name}={proposal.value} moves the digit out of the image: choose {-most} to {most} pixels."
            )
        return int(proposal.value)

    def __repr__(self) -> str:
        # without the answer: it would differ between data sets
        return f"ShiftExplorer(moved {self.dx} to the right, {self.dy} down)"


def _pixels(name: str, given: Drawable, read: Callable[[Drawable], Pixels]) -> torch.Tensor:
    """Images as float64; `read` checks the shape."""
    try:
        pixels = read(given)
    except TypeError as error:
        if "cannot be drawn" not in str(error):
            raise
        raise TypeError(f"{name}: {error}") from None
    except ValueError as error:
        if "differ in length" not in str(error):
            raise
        raise ValueError(f"{name}: {error}") from None
    spoilt = int((~np.isfinite(pixels)).sum())
    if spoilt:
        raise ValueError(
            f"{name}: {spoilt:,} of {pixels.size:,} pixels are no finite numbers; replace them by 0. (The "
            "average of no images is nan.)"
        )
    return torch.from_numpy(pixels.astype(np.float64))


def _floats(values: torch.Tensor) -> bytes:
    return values.detach().to("cpu", torch.float32).contiguous().numpy().astype("<f4").tobytes()
