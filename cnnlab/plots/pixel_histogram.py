"""Which values the pixels of a data set take, and how often."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.axes import Axes

from cnnlab.plots.style import BLUE, VERMILLION, axes_or_new, styled


@styled
def pixel_histogram(images: torch.Tensor, ax: Axes | None = None) -> Axes:
    """The share of pixels at each value, with the mean marked; the height is on a logarithmic scale.

    Args:
        images: any shape; bytes 0 to 255, or floats such as normalised pixels.
        ax: where to draw; None makes a new figure.
    Returns:
        The Axes.
    Raises:
        TypeError: the images are not a tensor.
        ValueError: there is no pixel, or one that is NaN or infinite.
    """
    if not isinstance(images, torch.Tensor):
        remedy = "give split.images" if hasattr(images, "images") else "use torch.as_tensor(images)"
        raise TypeError(f"images are a {type(images).__name__}, not a tensor: {remedy}.")
    values = images.detach().cpu().numpy().ravel()
    if len(values) == 0:
        raise ValueError(f"images have the shape {tuple(images.shape)} and no pixel: give one image or more.")
    wrong = 0 if values.dtype.kind != "f" else int((~np.isfinite(values)).sum())
    if wrong:
        raise ValueError(
            f"{wrong:,} of {len(values):,} pixels are not finite (NaN or infinite): look for a division by 0 "
            "before, or draw images[images.isfinite()]."
        )
    ax = axes_or_new(ax, 10, 4.5)
    if values.dtype == np.uint8:
        # In parts, because bincount makes eight bytes of every byte.
        parts = np.array_split(values, len(values) // 1_000_000 + 1)
        each = np.sum([np.bincount(part, minlength=256) for part in parts], axis=0)
        counts, edges = each.reshape(64, 4).sum(axis=1), np.arange(0, 257, 4)  # four values a bar
        ax.set_xlabel("pixel value (0 is black, 255 is white)")
    else:
        counts, edges = np.histogram(values, bins=64)
        ax.set_xlabel("pixel value")
    ax.bar(edges[:-1], 100 * counts / len(values), np.diff(edges), align="edge", color=BLUE)
    mean, spread = float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64))
    ax.axvline(mean, color=VERMILLION, linestyle="--")
    ax.annotate(
        f"mean {mean:.2f}\nstandard deviation {spread:.2f}",
        (mean, 0.95),
        xycoords=("data", "axes fraction"),
        xytext=(8, 0),
        textcoords="offset points",
        va="top",
        color=VERMILLION,
    )
    ax.set_yscale("log")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_ylabel("share of pixels (%)")
    return ax
