"""The shape after every step of a model, with the arithmetic that leads to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from cnnlab.inspection.tracing import Shape, Step, Trace, trace, zeros_for
from cnnlab.inspection.windows import spatial_sides, windows_of
from cnnlab.table import Table, column
from cnnlab.training.guards import check_model


@dataclass(frozen=True)
class LayerShape:
    """What one step does to the shape of an image."""

    name: str = column("layer")  # the layer's name, or the function's for a step that is no layer
    kind: str = column("kind")  # the layer's class, or "function"
    in_shape: tuple[int, ...] = column("in")  # without the batch
    out_shape: tuple[int, ...] = column("out")  # without the batch
    arithmetic: str = column("arithmetic")  # "" where the shape stays as it is


def trace_shapes(model: nn.Module, input_shape: Sequence[int] | Tensor = (1, 28, 28)) -> Table[LayerShape]:
    """The shape before and after every step of a model, layers and functions alike.

    Args:
        model: any network.
        input_shape: of one image, (C, H, W); or a batch to send through, (N, C, H, W).
    Returns:
        A table with one row for each step, in the order in which forward() takes them. If a step
        mixes up the images of the batch, the shapes after it have the number of rows in front.
    Raises:
        ValueError: the model does not fit together; `explain` says why.

    >>> trace_shapes(nn.Sequential(nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.Flatten()))
    layer  kind       in            out           arithmetic
    0      Conv2d     (1, 28, 28)   (10, 24, 24)  floor((28 + 2·0 − 5)/1) + 1 = 24
    1      MaxPool2d  (10, 24, 24)  (10, 12, 12)  floor((24 + 2·0 − 2)/2) + 1 = 12
    2      Flatten    (10, 12, 12)  (1440,)       10 × 12 × 12 = 1440
    """
    made = successful_trace(model, input_shape)
    return Table(
        LayerShape(
            step.name,
            step.kind,
            made.image_shape(step.in_shape),
            made.image_shape(step.out_shape or ()),
            arithmetic_of(step, made),
        )
        for step in made.steps
    )


def successful_trace(model: nn.Module, input_shape: Sequence[int] | Tensor) -> Trace:
    """The trace of a model that works.

    Raises:
        ValueError: it does not; the message says where and how to learn more.
        TypeError: it is no network.
    """
    check_model(model)
    batch_given = isinstance(input_shape, Tensor)
    images = input_shape if isinstance(input_shape, Tensor) else zeros_for(model, input_shape)
    made = trace(model, images)
    if made.error is not None:
        where = (
            f"at {made.failed.name!r}" if made.failed else f"in {made.line}" if made.line else "in forward()"
        )
        raise ValueError(
            f"the model stops {where}: {first_line(made.error)}. "
            f"print(explain(model, {'images' if batch_given else tuple(input_shape)})) says why "
            "and how to mend it."
        ) from made.error
    return made


def first_line(error: Exception) -> str:
    """What an error says, in one line without a full stop."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def arithmetic_of(step: Step, made: Trace) -> str:
    """How a step arrives at its output shape, as text; "" where there is nothing to compute."""
    before, after = step.in_shape, step.out_shape
    if after is None or before == after:
        return _unchanged(step)
    windows = windows_of(step)
    sides = spatial_sides(step)
    if windows is not None:
        return _sizes([w.arithmetic(size) for w, size in zip(windows, before[-sides:])])
    if len(before) > 1 and after == (made.batch,):
        return "one number for each image"
    if step.what.startswith("adaptive"):
        sizes = [f"{a} → {b}" for a, b in zip(before[-sides:], after[-sides:])]
        return f"divided into parts: {_sizes(sizes)}"
    if math.prod(before) == math.prod(after):
        return _rearranged(before, after, made)
    if step.what.endswith(("pad", "pad1d", "pad2d", "pad3d")) and len(before) == len(after):
        return _sizes([f"{a} + {b - a} = {b}" for a, b in zip(before, after) if a != b])
    if step.what in ("upsample", "interpolate", "upsamplingnearest2d", "upsamplingbilinear2d"):
        return _sizes([f"{a} · {b / a:g} = {b}" for a, b in zip(before[2:], after[2:])])
    if step.what in ("cat", "concat", "concatenate") and len(step.in_shapes) > 1:
        joined = [i for i in range(len(after)) if len({shape[i] for shape in (*step.in_shapes, after)}) > 1]
        return _sizes([" + ".join(str(s[i]) for s in step.in_shapes) + f" = {after[i]}" for i in joined])
    return ""


def _unchanged(step: Step) -> str:
    """A convolution that keeps the size has an arithmetic all the same."""
    windows = windows_of(step)
    if windows is None or step.out_shape is None:
        return ""
    return _sizes([w.arithmetic(size) for w, size in zip(windows, step.in_shape[-len(windows) :])])


def _sizes(texts: Sequence[str]) -> str:
    """One text, if all sides have the same; else height and width named."""
    if len(set(texts)) <= 1:
        return "".join(texts[:1])
    if len(texts) == 2:
        return f"height {texts[0]}, width {texts[1]}"
    return ", ".join(texts)


def _rearranged(before: Shape, after: Shape, made: Trace) -> str:
    """The same numbers in another shape: `20 × 4 × 4 = 320`, or a batch that went to another place."""
    if before and after and before[0] == after[0] == made.batch:
        if len(after) == 2 and len(before) > 2:
            return f"{product(before[1:])} = {after[1]}"
        return ""
    if before and before[0] == made.batch:
        return f"{product(before)} numbers in another order: the batch of {made.batch} no longer comes first"
    return ""


def product(sizes: Sequence[int]) -> str:
    """Sizes with a × between them.

    >>> product((20, 4, 4))
    '20 × 4 × 4'
    """
    return " × ".join(map(str, sizes))
