"""Prepare a drawing for the network: as MNIST's digits were prepared, or naively."""

from __future__ import annotations

import torch

from cnnlab.data.splits import PIXELS
from cnnlab.errors import did_you_mean

BOX = 20  # pixels of the longer side of every MNIST digit
# Where MNIST puts the centre of mass, in pixels from the edge: the middle of pixel 14, counted from 0, and
# not the line before it. Measured: with 14.5, 9,997 of the 10,000 test digits come out unchanged; with 14,
# three of four move.
CENTRE = PIXELS / 2 + 0.5
PREPARATIONS = ("mnist", "naive")


def prepare_drawing(ink: torch.Tensor, how: str = "mnist") -> torch.Tensor:
    """Make the network's 28×28 image out of a drawing of any size.

    "mnist" does what was done to MNIST's digits: the ink is cut out, scaled with grey levels until its
    longer side is 20 pixels, its proportions kept, and moved by whole pixels until its centre of mass is
    at the centre of 28×28 pixels. "naive" scales the whole sheet, wherever and however large the ink is.

    Args:
        ink: uint8 (H, W) or (1, H, W); 0 = background, 255 = full ink.
        how: "mnist" or "naive".
    Returns:
        uint8 (1, 28, 28).
    Raises:
        TypeError: ink is no uint8 tensor.
        ValueError: it has another shape, nothing is drawn on it, or `how` is unknown.
    Source: Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits".

    >>> ink = torch.zeros(140, 140, dtype=torch.uint8)
    >>> ink[10:50, 20:30] = 255  # a bar near the upper left corner, 40 pixels high and 10 wide
    >>> rows, columns = prepare_drawing(ink)[0].nonzero().T
    >>> rows.min().item(), rows.max().item(), columns.min().item(), columns.max().item()
    (4, 23, 12, 16)
    """
    if how not in PREPARATIONS:
        raise ValueError(f"unknown preparation {how!r}: {did_you_mean(how, PREPARATIONS)}")
    sheet = as_sheet(ink)
    if how == "naive":
        return resized(sheet, PIXELS, PIXELS)[None]
    if not sheet.any():
        raise ValueError("nothing is drawn: draw a digit first; ink is above 0, the background is 0.")
    rows, columns = sheet.any(dim=1).nonzero(), sheet.any(dim=0).nonzero()
    cut = sheet[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(cut.shape)
    height, width = (max(1, round(side * scale)) for side in cut.shape)
    small = resized(cut, height, width)
    if not small.any():
        raise ValueError("the ink is too faint to be left at 20 pixels: draw with a wider or a brighter pen.")
    x, y = centre_of_mass(small)
    left, top = _start(x, width), _start(y, height)
    image = torch.zeros(1, PIXELS, PIXELS, dtype=torch.uint8)
    image[0, top : top + height, left : left + width] = small
    return image


def resized(sheet: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Scale an image by areas: every new pixel is the mean of the area that it covers in the old one.

    Args:
        sheet: uint8 (H, W).
        height: of the new image, in pixels.
        width: of the new image, in pixels.
    Returns:
        uint8 (height, width).

    >>> resized(torch.tensor([[0, 100, 200, 40]], dtype=torch.uint8), 1, 2)
    tensor([[ 50, 120]], dtype=torch.uint8)
    """
    down, across = _shares(sheet.shape[0], height), _shares(sheet.shape[1], width)
    return (down @ sheet.double() @ across.T).round().to(torch.uint8)


def centre_of_mass(image: torch.Tensor) -> tuple[float, float]:
    """Where the ink would balance, in pixels from the left and the upper edge; a pixel's centre is at 0.5.

    Args:
        image: (H, W) or (1, H, W), not all 0.

    >>> centre_of_mass(torch.tensor([[0, 1, 1]]))
    (2.0, 0.5)
    """
    ink = image.double().reshape(image.shape[-2:])
    x, y = (torch.arange(side, dtype=torch.float64) + 0.5 for side in (ink.shape[1], ink.shape[0]))
    return float((ink.sum(dim=0) * x).sum() / ink.sum()), float((ink.sum(dim=1) * y).sum() / ink.sum())


def as_sheet(ink: torch.Tensor) -> torch.Tensor:
    """A drawing as (H, W), or an error that says what it should be.

    Raises:
        TypeError, ValueError: it is no uint8 tensor (H, W) or (1, H, W).
    """
    if not isinstance(ink, torch.Tensor):
        raise TypeError(f"ink is a {type(ink).__name__}: give a uint8 tensor (H, W).")
    if ink.dtype != torch.uint8:
        kind = str(ink.dtype).removeprefix("torch.")
        remedy = "(ink * 255).round().to(torch.uint8) if it lies in [0, 1]"
        if not ink.is_floating_point():
            remedy = "255 * ink.to(torch.uint8)" if ink.dtype == torch.bool else "ink.to(torch.uint8)"
        raise TypeError(f"ink is {kind}, not uint8: use {remedy}.")
    if not (ink.ndim == 2 or (ink.ndim == 3 and len(ink) == 1)) or ink.numel() == 0:
        raise ValueError(f"ink has the shape {tuple(ink.shape)}: give one drawing, (H, W) or (1, H, W).")
    return ink.reshape(ink.shape[-2:])


def _start(centre: float, side: int) -> int:
    """Where the digit begins so that its centre of mass is in the middle; no ink is pushed out."""
    return min(max(round(CENTRE - centre), 0), PIXELS - side)


def _shares(n_in: int, n_out: int) -> torch.Tensor:
    """How much of each old pixel goes into each new one, (n_out, n_in); every row adds up to 1."""
    size = n_in / n_out
    begin = torch.arange(n_out, dtype=torch.float64)[:, None] * size
    old = torch.arange(n_in, dtype=torch.float64)
    overlap = torch.minimum(begin + size, old + 1) - torch.maximum(begin, old)
    return overlap.clamp(min=0) / size
