"""A whole number, set with a slider or typed: the control that the explorers share."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets


class NumberSlider(widgets.HBox):  # type: ignore[misc]  # ipywidgets has no types
    """A labelled number field with a slider beside it; both always hold the same number.

    The slider of ipywidgets has no name for a screen reader. The field has, and it can be
    used with the arrow keys, so nothing depends on the slider.

    Args:
        label: what the number is.
        value: the number to begin with.
        lowest: the smallest number that can be set.
        highest: the largest number that can be set.
    """

    def __init__(self, label: str, value: int, lowest: int, highest: int) -> None:
        self.field = widgets.BoundedIntText(
            value=value,
            min=lowest,
            max=highest,
            description=label,
            style={"description_width": "90px"},
            layout={"width": "160px"},
        )
        self.slider = widgets.IntSlider(
            value=value, min=lowest, max=highest, readout=False, layout={"width": "150px"}
        )
        widgets.link((self.field, "value"), (self.slider, "value"))
        super().__init__([self.field, self.slider])

    @property
    def value(self) -> int:
        """The number; one that is out of range becomes the nearest that is not."""
        return int(self.field.value)

    @value.setter
    def value(self, number: int) -> None:
        self.field.value = number

    def on_change(self, call: Callable[[], None]) -> None:
        """Call a function whenever the number has changed."""
        self.field.observe(lambda _change: call(), names="value")

    def __repr__(self) -> str:
        return f"NumberSlider({self.field.description!r}, {self.value})"
