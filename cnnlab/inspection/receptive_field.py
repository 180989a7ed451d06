"""How much of the image one unit of each layer sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from cnnlab.arithmetic import ReceptiveField
from cnnlab.inspection.shapes import successful_trace
from cnnlab.inspection.tracing import INPUT, Shape, Step, Trace
from cnnlab.inspection.windows import windows_of
from cnnlab.table import Table, column

_MOVES = {  # functions that put numbers in other places, even where they keep the shape
    *("flip", "fliplr", "flipud", "rot90", "roll", "transpose", "permute", "swapaxes", "swapdims", "movedim"),
    *("moveaxis", "t", "mt", "sort", "argsort", "cumsum", "cumprod", "gather", "index_select", "matmul"),
}


@dataclass(frozen=True)
class LayerField:
    """What one unit of a layer sees of the image; None where that cannot be said in one number."""

    name: str = column("layer")
    size: int | None = column("size (px)", "d")  # side of the patch that one unit sees, padding included
    jump: int | None = column("jump (px)", "d")  # between the patches of neighbours; None without neighbours
    start: float | None = column(
        "first centre (px)", "g"
    )  # centre of the first unit's patch; 0.5 is the first pixel's
    height: ReceptiveField | None = None  # the same from top to bottom,
    width: ReceptiveField | None = None  # and from left to right: they differ if a kernel is not square


@dataclass(frozen=True)
class _View:
    """The fields of all units of one side: one field for each place, or one for all."""

    field: ReceptiveField
    places: int  # units along this side; 1 when all units share one field

    def union(self) -> _View:
        """What somebody sees who looks at all units at once."""
        first, last = self.field.pixels(0), self.field.pixels(self.places - 1)
        return _between(first.start, last.stop, self.field.jump, 1)


def receptive_field(model: nn.Module, input_shape: Sequence[int] | Tensor = (1, 28, 28)) -> Table[LayerField]:
    """Size, jump and start of the patch of the image that one unit sees, after every step.

    Numbers are in input pixels and include padding. For a model with kernels that are not
    square the columns show the width; `.height` and `.width` of a row hold both. A fully
    connected layer sees all that its inputs see. Normalisation layers are taken to look at
    one place only, as they do when tested.

    Args:
        model: any network.
        input_shape: of one image, (C, H, W); or a batch to send through, (N, C, H, W).
    Returns:
        A table with one row for each step. Behind a step that this cannot follow (a transposed
        convolution or a flip, say) the cells are empty.
    Raises:
        ValueError: the model does not fit together; `explain` says why.

    >>> receptive_field(nn.Sequential(nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.Conv2d(10, 20, 5)))
    layer  size (px)  jump (px)  first centre (px)
    0              5          1                2.5
    1              6          2                  3
    2             14          2                  7
    """
    made = successful_trace(model, input_shape)
    start = made.image_shape(made.input_shape)
    seen: dict[int, tuple[_View, ...] | None] = {INPUT: _views_of_pixels(start)}
    rows = []
    for number, step in enumerate(made.steps):
        seen[number] = _after(step, made, [seen[parent] for parent in step.parents])
        is_map = len(made.image_shape(step.out_shape or ())) > 1
        rows.append(_row(step, seen[number], is_map))
    return Table(rows)


def _row(step: Step, views: tuple[_View, ...] | None, is_map: bool) -> LayerField:
    if not views:
        return LayerField(step.name, None, None, None)
    height, width = views[0], views[-1]
    jump = width.field.jump if is_map and width.places > 1 else None
    return LayerField(step.name, width.field.size, jump, width.field.start, height.field, width.field)


def _views_of_pixels(shape: Shape) -> tuple[_View, ...]:
    return tuple(_View(ReceptiveField(), size) for size in shape[1:])


def _after(step: Step, made: Trace, parents: Sequence[tuple[_View, ...] | None]) -> tuple[_View, ...] | None:
    """The views behind a step, from the views before it: height first, then width."""
    if not parents or any(views is None for views in parents):
        return None
    views = _merged([views for views in parents if views is not None])
    if views is None:
        return None
    if step.what in _MOVES:
        return None
    before, after = made.image_shape(step.in_shape), made.image_shape(step.out_shape or ())
    windows = windows_of(step)
    if windows is not None and len(windows) == len(views):
        if any(w.transposed for w in windows):
            return None
        return tuple(
            _View(v.field.after(w.k, w.s, w.left, w.d), size)
            for v, w, size in zip(views, windows, after[-len(windows) :])
        )
    if step.what.endswith("linear"):
        if len(before) > 1:  # applied along the width: every unit sees a whole row
            return (*views[:-1], views[-1].union())
        return tuple(v.union() for v in views)
    gathers = step.what.startswith("adaptive") or step.what in ("mean", "sum", "amax", "amin")
    if gathers and all(size == 1 for size in after[1:]):
        return tuple(v.union() for v in views)
    if step.what.startswith("adaptive"):
        return _divided(views, after[1:])
    if step.what.endswith(("pad", "pad1d", "pad2d", "pad3d")) and len(before) == len(after):
        return _padded(views, step, after[1:])
    if before[1:] == after[1:]:
        return views  # ReLU, dropout, normalisation, x + y: each place for itself
    if len(after) == 1 and step.in_shape[0] == (step.out_shape or (0,))[0]:
        return views  # flatten: a unit sees what it saw before; the next linear layer sees them all
    return None


def _divided(views: tuple[_View, ...], parts: Sequence[int]) -> tuple[_View, ...] | None:
    """Behind adaptive pooling: windows of equal width, if the parts come out even."""
    if any(v.places % n for v, n in zip(views, parts)):
        return None
    widths = [v.places // n for v, n in zip(views, parts)]
    return tuple(_View(v.field.after(k, k), n) for v, k, n in zip(views, widths, parts))


def _padded(views: tuple[_View, ...], step: Step, sizes: Sequence[int]) -> tuple[_View, ...] | None:
    """Behind a padding layer or F.pad: the first unit moves out of the image."""
    pads = getattr(step.module, "padding", None) or step.kwargs.get("pad", (*step.args, ())[1])
    if len(pads) != 2 * len(views) or min(pads) < 0:
        return None
    lefts = reversed(pads[::2])  # PyTorch lists the width's padding first
    return tuple(_View(v.field.after(1, p=left), n) for v, left, n in zip(views, lefts, sizes))


def _merged(several: Sequence[tuple[_View, ...]]) -> tuple[_View, ...] | None:
    """What a unit sees that reads the same place of several maps, as x + y does."""
    merged = []
    for sides in zip(*several):
        if len({(v.field.jump, v.places) for v in sides}) > 1:
            return None
        ranges = [v.field.pixels(0) for v in sides]
        first, end = min(r.start for r in ranges), max(r.stop for r in ranges)
        merged.append(_between(first, end, sides[0].field.jump, sides[0].places))
    return tuple(merged)


def _between(first: int, end: int, jump: int, places: int) -> _View:
    return _View(ReceptiveField(end - first, jump, (first + end) / 2), places)
