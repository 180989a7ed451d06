"""One image, one kernel, and the feature map that they make, live while the kernel changes."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets as widgets
import numpy as np
import torch
import torch.nn.functional as F

from cnnlab.arithmetic import unread_pixels, w_out
from cnnlab.errors import did_you_mean
from cnnlab.plots.pixels import Drawable, Pixels, grey_scale, one_image
from cnnlab.plots.style import SIGNED, VERMILLION
from cnnlab.widgets.number_slider import NumberSlider
from cnnlab.widgets.pictures import picture

KERNELS = ("identity", "blur", "sharpen", "vertical edges", "horizontal edges")
OWN = "your own"
LARGEST = 5  # pixels; more number fields than 25 would not be looked at
SCREEN = 9  # screen pixels for a pixel
_RING = (52, 82, 112)  # the colour of padding: neither ink nor background


def preset(name: str, size: int) -> torch.Tensor:
    """A kernel that does something one can see.

    Args:
        name: one of `KERNELS`.
        size: width and height in pixels.
    Returns:
        (size, size) float.
    Raises:
        ValueError: the name is unknown.

    >>> preset("vertical edges", 3)
    tensor([[-1.,  0.,  1.],
            [-1.,  0.,  1.],
            [-1.,  0.,  1.]])
    """
    identity, blur = torch.zeros(size, size), torch.full((size, size), 1 / size**2)
    identity[size // 2, size // 2] = 1
    side = (torch.arange(size) - (size - 1) / 2).sign()  # −1 left of the middle, +1 right of it
    made = {
        "identity": identity,
        "blur": blur,
        "sharpen": 2 * identity - blur,
        "vertical edges": side.repeat(size, 1),
        "horizontal edges": side.repeat(size, 1).T.contiguous(),
    }
    if name not in made:
        raise ValueError(f"unknown kernel {name!r}: {did_you_mean(name, KERNELS)}")
    return made[name]


class KernelExplorer(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A kernel to choose or to write, its padding and stride, and the feature map beside the image.

    Args:
        image: (H, W) or (1, H, W); bytes or floats.
        kernel: the name of the kernel to begin with.
    Raises:
        ValueError: the shape is no image's, or the name is unknown.

    >>> explorer = KernelExplorer(torch.rand(28, 28), kernel="blur")
    >>> explorer.padding.value = 1
    >>> explorer.feature_map.shape
    torch.Size([28, 28])
    """

    def __init__(self, image: Drawable, kernel: str = "vertical edges") -> None:
        self._pixels = one_image(image)
        self._kernel = preset(kernel, 3)
        self.choice = widgets.Dropdown(
            options=[*KERNELS, OWN],
            value=kernel,
            description="kernel",
            style={"description_width": "90px"},
            layout={"width": "310px"},
        )
        self.size = NumberSlider("kernel size", 3, 1, LARGEST)
        self.padding = NumberSlider("padding", 0, 0, LARGEST)
        self.stride = NumberSlider("stride", 1, 1, 5)
        self._fields = [_field(number) for number in range(LARGEST**2)]
        self._grid = widgets.GridBox(layout={"align_content": "flex-start"})
        self._shown = widgets.HTML()
        self._filling = False
        controls = widgets.VBox([self.choice, self.size, self.padding, self.stride])
        super().__init__([widgets.HBox([controls, self._grid]), self._shown])
        self.choice.observe(self._choose, names="value")
        self.size.on_change(self._resize)
        for control in (self.padding, self.stride):
            control.on_change(self._refresh)
        for field in self._fields:
            field.observe(self._edit, names="value")
        self._fill()
        self._refresh()

    @property
    def kernel(self) -> torch.Tensor:
        """The kernel, (k, k) float; set it to any square of numbers up to 5 × 5."""
        return self._kernel.clone()

    @kernel.setter
    def kernel(self, numbers: Any) -> None:
        kernel = torch.as_tensor(numbers, dtype=torch.float32)
        if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or not 1 <= len(kernel) <= LARGEST:
            raise ValueError(
                f"the kernel has the shape {tuple(kernel.shape)}: give k rows of k numbers, k 1 to {LARGEST}."
            )
        self._filling = True  # the controls follow the kernel here, not the kernel the controls
        self.choice.value, self.size.value = OWN, len(kernel)
        self._filling = False
        self._kernel = kernel.clone()
        self._fill()
        self._refresh()

    @property
    def feature_map(self) -> torch.Tensor | None:
        """What F.conv2d makes of image and kernel, (H, W) float; None if the kernel does not fit."""
        return self._feature_map

    def _choose(self, _change: object) -> None:
        if not self._filling and self.choice.value != OWN:
            self._kernel = preset(self.choice.value, self.size.value)
            self._fill()
            self._refresh()

    def _resize(self) -> None:
        if self._filling:
            return
        if self.choice.value == OWN:
            self._kernel = _resized(self._kernel, self.size.value)
        else:
            self._kernel = preset(self.choice.value, self.size.value)
        self._fill()
        self._refresh()

    def _edit(self, change: Any) -> None:
        if self._filling:
            return
        place = self._fields.index(change["owner"])
        row, column = divmod(place, len(self._kernel))
        self._kernel[row, column] = change["new"]
        self.choice.value = OWN
        self._refresh()

    def _fill(self) -> None:
        """Write the kernel into the number fields, rounded: 1/9 would not fit into a field."""
        size = len(self._kernel)
        self._filling = True
        for field, weight in zip(self._fields, self._kernel.flatten().tolist()):
            field.value = round(weight, 3)
        self._filling = False
        self._grid.children = self._fields[: size**2]
        self._grid.layout.grid_template_columns = f"repeat({size}, 74px)"

    def _refresh(self) -> None:
        p, s = self.padding.value, self.stride.value
        try:
            lines = [_arithmetic(name, length, len(self._kernel), p, s) for name, length in self._sides()]
        except ValueError as error:
            self._feature_map = None
            self._shown.value = f'<p style="color:{VERMILLION}"><b>{html.escape(str(error))}</b></p>'
            return
        image = torch.as_tensor(self._pixels).float()
        self._feature_map = F.conv2d(image[None, None], self._kernel[None, None], stride=s, padding=p)[0, 0]
        self._shown.value = _side_by_side(self._pixels, p, self._feature_map.numpy(), lines)

    def _sides(self) -> list[tuple[str, int]]:
        height, width = self._pixels.shape
        return [("size", height)] if height == width else [("height", height), ("width", width)]

    def __repr__(self) -> str:
        size, before = len(self._kernel), "×".join(map(str, self._pixels.shape))
        made = "no feature map" if self._feature_map is None else "×".join(map(str, self._feature_map.shape))
        settings = f"{size}×{size}, padding {self.padding.value}, stride {self.stride.value}"
        return f"KernelExplorer({self.choice.value}, {settings}: {before} → {made})"


def _field(number: int) -> Any:
    return widgets.FloatText(
        description=f"weight {number + 1}",  # read out, but not shown: the place in the grid says it
        step=0.5,
        style={"description_width": "0px"},
        layout={"width": "72px"},
    )


def _resized(kernel: torch.Tensor, size: int) -> torch.Tensor:
    """The same kernel with rows and columns of 0 added, or the outermost ones cut off."""
    more = size - len(kernel)
    before = more // 2 if more > 0 else -(-more // 2)
    return F.pad(kernel, (before, more - before, before, more - before))


def _arithmetic(name: str, length: int, k: int, p: int, s: int) -> str:
    said = f"{name}: ({length} + 2·{p} − {k}) // {s} + 1 = {w_out(length, k, p, s)}"
    unread = unread_pixels(length, k, p, s)
    return f"{said}; the last {unread} of {length} pixels are never read" if unread else said


def _side_by_side(pixels: Pixels, padding: int, values: Pixels, lines: list[str]) -> str:
    scale = grey_scale(pixels)
    grey = np.clip(255 * (pixels.astype(float) - scale["vmin"]) / (scale["vmax"] - scale["vmin"]), 0, 255)
    ring = ((padding, padding), (padding, padding))
    shown = np.stack([np.pad(grey, ring, constant_values=part) for part in _RING], axis=2).astype(np.uint8)
    reach = float(np.abs(values).max()) or 1.0
    most = f"{reach:,.0f}" if reach >= 100 else f"{reach:.3g}"
    if values.min() < 0:
        colours = (255 * SIGNED((values / reach + 1) / 2)[..., :3]).astype(np.uint8)
        legend = f"blue −{most}, white 0, orange +{most}"
    else:
        colours = (255 * values / reach).astype(np.uint8)
        legend = f"black 0, white {most}"
    height, width = values.shape
    frame = ", with its padding in blue" if padding else ""
    panels = (
        (f"image{frame}", f"{pixels.shape[0]} × {pixels.shape[1]}", shown),
        (f"feature map: {legend}", f"{height} × {width}", colours),
    )
    figures = "".join(
        f'<figure style="margin:0 32px 0 0"><figcaption style="font-size:15px;line-height:1.5">'
        f"<b>{size}</b><br>{title}</figcaption>{picture(drawn, SCREEN, f'{title}, {size}')}</figure>"
        for title, size, drawn in panels
    )
    sums = f'<p style="font-size:15px">{"<br>".join(lines)}</p>'
    return f'<div style="display:flex;align-items:flex-start">{figures}</div>{sums}'
