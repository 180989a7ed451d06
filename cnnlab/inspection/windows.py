"""The sliding window of a step, and the arithmetic of its output size as text."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from cnnlab.arithmetic import pool_w_out, same_padding, transposed_w_out, w_out
from cnnlab.inspection.tracing import Shape, Step

# Arguments of the functions behind the layers, in order, after the input (and weight and bias).
_POOL = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
_AVERAGE_POOL = ("kernel_size", "stride", "padding", "ceil_mode")
_CONV = ("weight", "bias", "stride", "padding", "dilation", "groups")
_TRANSPOSED = ("weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")


@dataclass(frozen=True)
class Window:
    """A kernel that slides along one side of an image."""

    k: int
    s: int
    left: int  # padding before the first pixel
    right: int  # padding after the last pixel
    d: int = 1
    pooling: bool = False
    ceil_mode: bool = False
    transposed: bool = False
    output_padding: int = 0

    @property
    def span(self) -> int:
        """Pixels from the first to the last kernel element."""
        return self.d * (self.k - 1) + 1

    def out(self, w_in: int) -> int:
        """Output width for an input width; raises ValueError as the functions of `cnnlab.arithmetic` do."""
        if self.transposed:
            return transposed_w_out(w_in, self.k, self.left, self.s, self.d, self.output_padding)
        if self.pooling:
            return pool_w_out(w_in, self.k, self.s, self.left, self.d, self.ceil_mode)
        if self.left == self.right:
            return w_out(w_in, self.k, self.left, self.s, self.d)
        return w_out(w_in + self.left + self.right, self.k, 0, self.s, self.d)

    def arithmetic(self, w_in: int) -> str:
        """The formula with its numbers, such as "floor((28 + 2·0 − 5)/1) + 1 = 24"."""
        made = self.out(w_in)
        if self.transposed:
            reach = f"{self.d}·({self.k} − 1)"
            more = f" + {self.output_padding}" if self.output_padding else ""
            return f"({w_in} − 1)·{self.s} − 2·{self.left} + {reach}{more} + 1 = {made}"
        padding = f"2·{self.left}" if self.left == self.right else f"{self.left} + {self.right}"
        kernel = f"{self.k}" if self.d == 1 else f"{self.d}·({self.k} − 1) − 1"
        inside = f"({w_in} + {padding} − {kernel})/{self.s}"
        if not self.ceil_mode:
            return f"floor({inside}) + 1 = {made}"
        raw = math.ceil((w_in + self.left + self.right - self.span) / self.s) + 1
        clipped = "" if raw == made else " − 1 (a window of padding only)"
        return f"ceil({inside}) + 1{clipped} = {made}"


def windows_of(step: Step) -> tuple[Window, ...] | None:
    """The window of a convolution or pooling step, one for each side: height first, then width.

    Returns:
        None for every other step, and for a setting that makes no sense.
    """
    sides = spatial_sides(step)
    settings = _settings(step)
    if not sides or settings is None:
        return None
    name = step.what
    kernel = settings["kernel_size"]
    stride = settings.get("stride")
    try:
        k = _each(kernel, sides)
        s = _each(kernel if stride is None or stride == [] else stride, sides)
        d = _each(settings.get("dilation", 1), sides)
        extra = _each(settings.get("output_padding", 0), sides)
        padding = settings.get("padding", 0)
        if padding == "same":
            pads = [same_padding(a, b) for a, b in zip(k, d)]
        else:
            pads = [(p, p) for p in _each(0 if padding == "valid" else padding, sides)]
    except (TypeError, ValueError):
        return None
    pooling, transposed = "pool" in name, "transpose" in name
    ceil_mode = bool(settings.get("ceil_mode", False))
    return tuple(
        Window(k[i], s[i], *pads[i], d[i], pooling, ceil_mode, transposed, extra[i]) for i in range(sides)
    )


def spatial_sides(step: Step) -> int:
    """How many sides an image has for this step: 2 for "conv2d", 0 for a step that has no such number."""
    found = re.search(r"([123])d$", step.what)
    return int(found.group(1)) if found else 0


def argument(step: Step, names: Sequence[str], wanted: str, default: Any = None) -> Any:
    """An argument of a function step, by place or by name; `names` start after the input."""
    if wanted in step.kwargs:
        return step.kwargs[wanted]
    place = names.index(wanted) + 1
    return step.args[place] if place < len(step.args) else default


def weight_shape(step: Step) -> Shape | None:
    """The shape of the weight that a convolution or linear step multiplies with."""
    if step.module is not None:
        weight = getattr(step.module, "weight", None)
        return tuple(weight.shape) if weight is not None else None
    if step.what in ("linear", "bilinear") or step.what.startswith("conv"):
        order = ("input2", *_CONV) if step.what == "bilinear" else _CONV
        weight = argument(step, order, "weight")
        return tuple(weight) if weight is not None else None
    return None


def _settings(step: Step) -> Mapping[str, Any] | None:
    """Kernel size, stride and so on of a convolution or pooling step."""
    name = step.what
    if not re.fullmatch(r"(lazy)?conv(_?transpose)?[123]d|(max|avg)_?pool[123]d", name):
        return None
    if step.module is not None:
        names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "output_padding")
        return {key: getattr(step.module, key) for key in names if hasattr(step.module, key)}
    if name.startswith("conv"):
        order: Sequence[str] = _TRANSPOSED if "transpose" in name else _CONV
        weight = weight_shape(step)
        if weight is None:
            return None
        defaults = {"stride": 1, "padding": 0, "dilation": 1, "output_padding": 0}
        found = {key: argument(step, order, key, defaults[key]) for key in defaults if key in order}
        return {**found, "kernel_size": weight[2:]}
    order = _AVERAGE_POOL if name.startswith("avg") else _POOL
    usual = {"kernel_size": 1, "stride": None, "padding": 0, "dilation": 1, "ceil_mode": False}
    return {key: argument(step, order, key, usual[key]) for key in order}


def _each(value: Any, sides: int) -> list[int]:
    """One number for each side, whether one was given for all or one for each."""
    if isinstance(value, (tuple, list)):
        return [int(v) for v in value] * (sides if len(value) == 1 else 1)
    return [int(value)] * sides


def is_conv(module: nn.Module | None) -> bool:
    """Whether a layer is a convolution (also a transposed one) of any number of sides."""
    return isinstance(module, nn.modules.conv._ConvNd)
