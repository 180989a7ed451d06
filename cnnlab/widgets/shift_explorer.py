"""Move one image by whole pixels and watch which average image comes nearest."""

from __future__ import annotations

import ipywidgets as widgets
import torch

from cnnlab.data import shift
from cnnlab.plots.pixels import Drawable, many_images, one_image
from cnnlab.plots.style import BLUE, GREY
from cnnlab.widgets.number_slider import NumberSlider
from cnnlab.widgets.pictures import picture

FARTHEST = 8  # pixels; further out the digit leaves the image
SCREEN = 7  # screen pixels for a pixel
_LONGEST = 260  # screen pixels of the longest bar


class ShiftExplorer(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """An image to move, and its distance to the average image of each class.

    Args:
        image: (H, W) or (1, H, W), 0 to 255.
        averages: (C, 1, H, W) or (C, H, W), the average image of each class, 0 to 255.
    Raises:
        ValueError: the shapes are no images', or differ.

    >>> averages = torch.zeros(2, 28, 28)
    >>> averages[1, :, 14] = 255  # class 1 is a line in column 14
    >>> explorer = ShiftExplorer(averages[1], averages)
    >>> explorer.answer
    1
    >>> explorer.dx.value = 3
    >>> explorer.answer
    0
    """

    def __init__(self, image: Drawable, averages: Drawable) -> None:
        self._image = torch.as_tensor(one_image(image))[None, None]
        self._averages = torch.as_tensor(many_images(averages)).double()
        if self._averages.shape[1:] != self._image.shape[2:]:
            raise ValueError(
                f"the image has {tuple(self._image.shape[2:])} pixels, the averages "
                f"{tuple(self._averages.shape[1:])}: give images of one size."
            )
        self.dx = NumberSlider("to the right", 0, -FARTHEST, FARTHEST)
        self.dy = NumberSlider("down", 0, -FARTHEST, FARTHEST)
        self._shown = widgets.HTML()
        super().__init__([widgets.HBox([self.dx, self.dy]), self._shown])
        for control in (self.dx, self.dy):
            control.on_change(self._refresh)
        self._refresh()

    @property
    def distances(self) -> torch.Tensor:
        """Distance to each average: the root of the sum of squared differences, (C,), in units of 255."""
        moved = shift(self._image, self.dx.value, self.dy.value).double()
        difference: torch.Tensor = (moved[0] - self._averages) / 255
        return difference.square().sum(dim=(1, 2)).sqrt()

    @property
    def answer(self) -> int:
        """The class whose average is nearest."""
        return int(self.distances.argmin())

    def _refresh(self) -> None:
        distances, answer = self.distances.tolist(), self.answer
        moved = shift(self._image, self.dx.value, self.dy.value)[0, 0]
        panels = (
            ("the image", moved.to(torch.uint8).numpy()),
            (f"nearest average: {answer}", self._averages[answer].round().to(torch.uint8).numpy()),
        )
        figures = "".join(
            f'<figure style="margin:0 28px 0 0"><figcaption style="font-size:15px;line-height:1.6">{title}'
            f"</figcaption>{picture(drawn, SCREEN, title)}</figure>"
            for title, drawn in panels
        )
        bars = "".join(
            _bar(label, value, max(distances), label == answer) for label, value in enumerate(distances)
        )
        table = f'<table style="font-size:14px;line-height:1.25;border-spacing:4px 1px">{bars}</table>'
        caption = '<div style="font-size:15px;line-height:1.6">distance to each average</div>'
        self._shown.value = (
            f'<div style="display:flex;align-items:flex-start">{figures}<div>{caption}{table}</div></div>'
        )

    def __repr__(self) -> str:
        # without the answer: it would differ between data sets
        return f"ShiftExplorer(moved {self.dx.value} to the right, {self.dy.value} down)"


def _bar(label: int, value: float, longest: float, nearest: bool) -> str:
    width = round(_LONGEST * value / (longest or 1))
    weight, colour, said = ("bold", BLUE, " nearest") if nearest else ("normal", GREY, "")
    return (
        f'<tr style="font-weight:{weight}"><td>{label}</td><td><div style="display:inline-block;height:11px;'
        f'width:{width}px;background:{colour}"></div> {value:.2f}{said}</td></tr>'
    )
