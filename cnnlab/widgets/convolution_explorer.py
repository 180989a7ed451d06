"""One image, one kernel, and how a convolution makes a feature map of them, pixel by pixel."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
import traitlets
from torch import nn

from cnnlab.data import Split
from cnnlab.errors import did_you_mean
from cnnlab.plots.pixels import Drawable
from cnnlab.widgets.explorer import Explorer, Number, Whole
from cnnlab.widgets.kept_image import LARGEST_IMAGE, checked, kept, shown
from cnnlab.widgets.learnt_kernels import learnt_kernels, one_learnt
from cnnlab.widgets.preset_kernels import (
    KERNELS,
    LARGEST_KERNEL,
    LARGEST_NUMBER,
    as_bytes,
    from_bytes,
    preset,
    resized,
    square_kernel,
    unknown_kernel,
)

OPERATIONS = ("convolution", "max pooling", "average pooling")
OWN = "your own"
MOST_PADDING, LONGEST_STRIDE, WIDEST_DILATION = 5, 4, 3
FROM_PAGE = {"sync": True, "echo_update": False}  # an echo would come when the page has moved on
LIBRARY = 100  # images that the browser gets at once; further ones it asks for
SETTINGS = ("operation", "size", "padding", "stride", "dilation")
FOLLOWING = ("kernel_name", "size", "weights", "bias", "row", "column")  # what a change can bring along


class ConvolutionExplorer(Explorer):
    """See a window move over an image, and each output pixel come out of its sum.

    All arithmetic that must be instant is done in the browser. Python follows, so that
    `explorer.feature_map` is what F.conv2d, F.max_pool2d or F.avg_pool2d makes of the same numbers.

    Args:
        image: a Split to choose images from, or one image (H, W) or (1, H, W), bytes or floats.
        kernel: the name of the kernel to begin with, or k rows of k numbers.
        size: kernel width in pixels, 1 to 11; 3 unless `kernel` says otherwise.
        padding: pixels added on each side, 0 to 5, or "same".
        stride: step between two kernel positions in pixels, 1 to 4.
        dilation: spacing of the kernel's elements in pixels, 1 to 3.
        operation: "convolution", "max pooling" or "average pooling".
        bias: added to every sum, up to ±1,000,000; None takes that of a learnt kernel, and 0 with others.
        model: a network whose learnt kernels can be chosen as well.
        layer: which of its convolutions; None takes the first. It has to read images of one channel.
    Raises:
        ValueError: the image or the kernel has a shape that cannot be shown, or a name is unknown.
        traitlets.TraitError: a number is out of range.

    >>> explorer = ConvolutionExplorer(torch.rand(28, 28), kernel="blur", size=5)
    >>> explorer.padding = 2
    >>> explorer.feature_map.shape
    torch.Size([28, 28])
    """

    script = "convolution_explorer.js"
    style: ClassVar[tuple[str, ...]] = ("convolution_explorer.css",)

    height = Whole(28).tag(**FROM_PAGE)
    width = Whole(28).tag(**FROM_PAGE)
    pixels = traitlets.Bytes().tag(**FROM_PAGE, from_json=lambda value, _: bytes(value))  # float32
    index = Whole(None, allow_none=True).tag(**FROM_PAGE)  # in the Split; None: not from there
    count = Whole(0).tag(sync=True, python_only=True)  # images in the Split; 0 for a single image
    library = traitlets.Bytes().tag(sync=True, python_only=True)  # uint8, its first images
    operation = traitlets.Unicode("convolution").tag(**FROM_PAGE)
    size = Whole(3).tag(**FROM_PAGE)
    padding = traitlets.Union([Whole(), traitlets.Unicode()], default_value=0).tag(**FROM_PAGE)
    stride = Whole(1).tag(**FROM_PAGE)
    dilation = Whole(1).tag(**FROM_PAGE)
    kernel_name = traitlets.Unicode("vertical edges").tag(**FROM_PAGE)
    weights = traitlets.Bytes().tag(**FROM_PAGE, from_json=lambda value, _: bytes(value))  # float32
    bias = Number(0.0).tag(**FROM_PAGE)
    drawn = traitlets.Dict().tag(**FROM_PAGE)  # height, width and pixels of what was drawn, to come back to
    given = traitlets.Dict().tag(sync=True, python_only=True)  # the same of the image that Python gave
    learnt = traitlets.Dict().tag(sync=True, python_only=True)  # layer, size and biases of learnt kernels
    learnt_weights = traitlets.Bytes().tag(sync=True, python_only=True)  # float32, kernel by kernel
    row = Whole(0).tag(**FROM_PAGE)  # of the output pixel that is looked at
    column = Whole(0).tag(**FROM_PAGE)

    def __init__(
        self,
        image: Drawable | Split,
        kernel: Any = "vertical edges",
        *,
        size: int | None = None,
        padding: int | str = 0,
        stride: int = 1,
        dilation: int = 1,
        operation: str = "convolution",
        bias: float | None = None,
        model: nn.Module | None = None,
        layer: str | None = None,
    ) -> None:
        if layer is not None and model is None:
            raise ValueError(f"layer={layer!r} names a layer of a model: give model= as well.")
        named = isinstance(kernel, str)
        numbers = None if named else square_kernel(kernel)
        learnt, stack = learnt_kernels(model, layer) if model is not None else ({}, b"")
        own = len(numbers) if numbers is not None else 3
        if named and kernel in learnt.get("names", ()):
            own = learnt["size"]
        elif named and kernel not in KERNELS:
            raise ValueError(unknown_kernel(kernel, learnt.get("names", ())))
        chosen = own if size is None else size
        if numbers is not None and chosen != own:
            raise ValueError(f"size={size}, but the kernel has {own} rows: leave size out.")
        self._split = image if isinstance(image, Split) else None
        first = self._split.images[0] if self._split is not None else image
        pixels = shown(first)  # type: ignore[arg-type]
        state: dict[str, Any] = {
            **kept(pixels),
            "given": {} if self._split is not None else kept(pixels),
            "count": 0 if self._split is None else len(self._split),
            "index": None if self._split is None else 0,
            "library": b"" if self._split is None else self._split.images[:LIBRARY].numpy().tobytes(),
            "learnt": learnt,
            "learnt_weights": stack,
            "kernel_name": OWN,
        }
        super().__init__(**state)
        self.size = chosen  # before the kernel, whose numbers depend on it
        self.weights = as_bytes(self._named(kernel, self.size) if numbers is None else numbers)
        if named and self._learnt_size(kernel) in (None, chosen):
            self.kernel_name = kernel
        self.padding, self.stride, self.dilation, self.operation = padding, stride, dilation, operation
        self.bias = (self._bias_of(kernel) if named else 0.0) if bias is None else bias

    @property
    def image(self) -> torch.Tensor:
        """The image, (H, W) float, without padding; set it to any grey image of up to 64 × 64 pixels."""
        return from_bytes(self.pixels).view(self.height, self.width)

    @image.setter
    def image(self, image: Drawable) -> None:
        pixels = shown(image)
        with self.hold_sync(), self.hold_trait_notifications():
            self.height, self.width = pixels.shape
            self.pixels = pixels.tobytes()
            self.index, self.given = None, kept(pixels)

    @property
    def kernel(self) -> torch.Tensor:
        """The kernel, (k, k) float; set it to any square of numbers up to 11 × 11."""
        return from_bytes(self.weights).view(self.size, self.size)

    @kernel.setter
    def kernel(self, numbers: Any) -> None:
        square = square_kernel(numbers)
        with self.hold_sync(), self.hold_trait_notifications():
            self.size, self.weights, self.kernel_name = len(square), as_bytes(square), OWN

    @property
    def feature_map(self) -> torch.Tensor | None:
        """What PyTorch makes of image and kernel, (H, W) float; None where it would refuse."""
        k, p, s, d = self.size, self.padding, self.stride, self.dilation
        try:
            image = self.image[None, None]
            if self.operation == "convolution":
                if p == "same" and s == 1:  # PyTorch does the same, with a warning for even kernels
                    both = d * (k - 1)
                    before, behind = both // 2, both - both // 2
                    image, p = F.pad(image, (before, behind, before, behind)), 0
                bias = torch.tensor([self.bias])
                return F.conv2d(image, self.kernel[None, None], bias, stride=s, padding=p, dilation=d)[0, 0]
            if p == "same" or (self.operation == "average pooling" and d > 1):
                return None
            if self.operation == "max pooling":
                return F.max_pool2d(image, k, s, int(p), d)[0, 0]
            return F.avg_pool2d(image, k, s, int(p))[0, 0]
        except RuntimeError:
            return None

    @traitlets.validate("size", "stride", "dilation", "height", "width", "index", "row", "column", "count")
    def _in_range(self, proposal: Any) -> int | None:
        name, value = proposal["trait"].name, proposal["value"]
        if value is None:  # an index that is held back comes here as well
            return None
        if name == "index" and not self.count:
            raise traitlets.TraitError(f"index={value}: there is no Split to take an image from.")
        lowest, highest = {
            "size": (1, LARGEST_KERNEL),
            "stride": (1, LONGEST_STRIDE),
            "dilation": (1, WIDEST_DILATION),
            "height": (1, LARGEST_IMAGE),
            "width": (1, LARGEST_IMAGE),
            "index": (0, max(0, self.count - 1)),
        }.get(name, (0, 2**31))
        if name in ("row", "column") and self.weights:  # it is made, so it has a feature map, or none
            made = self.feature_map
            highest = highest if made is None else made.shape[name == "column"] - 1
        if isinstance(value, bool) or not lowest <= value <= highest:
            raise traitlets.TraitError(f"{name}={value} is out of range: use {lowest} to {highest}.")
        return int(value)

    @traitlets.validate("padding")
    def _padding_known(self, proposal: Any) -> int | str:
        value: int | str = proposal["value"]
        if value == "same" or (type(value) is int and 0 <= value <= MOST_PADDING):
            return value
        raise traitlets.TraitError(f"padding={value!r} is out of range: use 0 to {MOST_PADDING}, or 'same'.")

    @traitlets.validate("operation")
    def _operation_known(self, proposal: Any) -> str:
        value: str = proposal["value"]
        if value not in OPERATIONS:
            raise traitlets.TraitError(f"unknown operation {value!r}: {did_you_mean(value, OPERATIONS)}")
        return value

    @traitlets.validate("kernel_name")
    def _kernel_known(self, proposal: Any) -> str:
        value: str = proposal["value"]
        if value not in (*KERNELS, OWN, *self.learnt.get("names", ())):
            raise traitlets.TraitError(unknown_kernel(value, self.learnt.get("names", ())))
        return value

    @traitlets.validate("weights", "pixels")
    def _numbers(self, proposal: Any) -> bytes:
        name, value = proposal["trait"].name, bytes(proposal["value"])
        if not value or len(value) % 4 or not np.isfinite(np.frombuffer(value, dtype="<f4")).all():
            raise traitlets.TraitError(f"the {name} hold something that is no number: use finite numbers.")
        most = np.abs(np.frombuffer(value, dtype="<f4")).max()
        if name == "weights" and most > LARGEST_NUMBER:
            raise traitlets.TraitError(f"a weight is ±{most:,.8g}: use up to ±{LARGEST_NUMBER:,.0f}.")
        return value

    @traitlets.validate("drawn", "given")
    def _image_or_nothing(self, proposal: Any) -> dict[str, Any]:
        return checked(proposal["trait"].name, proposal["value"])

    @traitlets.validate("bias")
    def _bias_in_range(self, proposal: Any) -> float:
        if not abs(proposal["value"]) <= LARGEST_NUMBER:  # nan as well
            raise traitlets.TraitError(
                f"bias={proposal['value']} is out of range: use up to ±{LARGEST_NUMBER:,.0f}."
            )
        return float(proposal["value"])

    @traitlets.observe("kernel_name", "weights", "height", "width", "pixels", *SETTINGS)
    def _agree(self, change: Any) -> None:
        """Let the kernel and the place follow a change, or take all of it back, here and on the page."""
        values = self._trait_values
        before = {name: values[name] for name in FOLLOWING if name in values} | {
            change["name"]: change["old"]
        }
        try:
            self._fit_kernel(change["name"])
            self._fit_place()
        except traitlets.TraitError:
            changed = [name for name, old in before.items() if values[name] is not old]
            values.update(before)
            self.send_state(changed)
            raise

    def _fit_kernel(self, changed: str) -> None:
        """Bring the kernel's numbers to its name and size; the browser sends both, Python code only one."""
        if len(self.pixels) != 4 * self.height * self.width:
            raise traitlets.TraitError(
                f"{len(self.pixels) // 4} pixels are not {self.height} × {self.width}: set explorer.image, "
                "which takes an image of any size."
            )
        if not self.weights:
            return  # still being made
        learnt_size = self._learnt_size(self.kernel_name)
        if learnt_size is not None and learnt_size != self.size:
            if changed == "kernel_name":
                self.size, self.bias = learnt_size, self._bias_of(self.kernel_name)
            else:
                self.kernel_name = OWN  # a learnt kernel that is cut is no longer that kernel
            return  # either brings its numbers along
        count = len(self.weights) // 4
        named = None if self.kernel_name == OWN else self._named(self.kernel_name, self.size)
        if count != self.size**2:
            old = math.isqrt(count)
            if old**2 != count or self.size > LARGEST_KERNEL:
                raise traitlets.TraitError(f"the kernel has {count} numbers: k × k are needed, k 1 to 11.")
            kept_numbers = resized(from_bytes(self.weights).view(old, old), self.size)
            self.weights = as_bytes(kept_numbers if named is None else named)
        elif named is not None and not torch.equal(named, self.kernel):
            self.weights, self.bias = as_bytes(named), self._bias_of(self.kernel_name)

    def _fit_place(self) -> None:
        """Keep the output pixel that is looked at on the feature map; the page does so by itself."""
        made = self.feature_map if self.weights else None
        for name, length in zip(("row", "column"), () if made is None else made.shape):
            if getattr(self, name) >= length:
                setattr(self, name, length - 1)

    @traitlets.observe("index")
    def _take_image(self, _change: object) -> None:
        if self._split is None or self.index is None:
            return
        pixels = shown(self._split.images[self.index])
        with self.hold_sync(), self.hold_trait_notifications():
            self.height, self.width = pixels.shape
            self.pixels = pixels.tobytes()

    def _named(self, name: str, size: int) -> torch.Tensor:
        """The kernel of a name: a preset of any size, or a learnt one, which has its own."""
        learnt = one_learnt(self.learnt, self.learnt_weights, name)
        return preset(name, size) if learnt is None else resized(learnt, size)

    def _learnt_size(self, name: str) -> int | None:
        """The size of a learnt kernel; None for others, which come in every size."""
        return int(self.learnt["size"]) if name in self.learnt.get("names", []) else None

    def _bias_of(self, name: str) -> float:
        names = self.learnt.get("names", [])
        return float(self.learnt["biases"][names.index(name)]) if name in names else 0.0

    def __repr__(self) -> str:
        made = self.feature_map
        after = "no feature map" if made is None else "×".join(map(str, made.shape))
        what = f"{self.kernel_name}, " if self.operation == "convolution" else f"{self.operation}, "
        settings = f"{self.size}×{self.size}, padding {self.padding}, stride {self.stride}"
        spread = f", dilation {self.dilation}" if self.dilation > 1 else ""
        return f"ConvolutionExplorer({what}{settings}{spread}: {self.height}×{self.width} → {after})"
