"""The layers of a model whose output can be shown as maps or as a row, and what each unit of them sees."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnnlab.arithmetic import ReceptiveField
from cnnlab.inspection.activations import activations, layer_named
from cnnlab.inspection.receptive_field import receptive_field
from cnnlab.inspection.shapes import successful_trace
from cnnlab.inspection.tracing import INPUT, Trace
from cnnlab.table import Table, column


@dataclass(frozen=True)
class LayerUnits:
    """One layer's output for an image, and the patch of the image that each of its units sees."""

    name: str = column("layer")
    kind: str = column("kind")  # the layer's class
    shape: tuple[int, ...] = column("units")  # (C, H, W) or (n,)
    rows: ReceptiveField | None = None  # from top to bottom; None where it cannot be said
    columns: ReceptiveField | None = None  # from left to right
    folds: tuple[int, ...] | None = None  # (C, H, W) of the maps that a flatten layer put in a row

    def patch(self, row: int, col: int) -> tuple[range, range] | None:
        """Rows and columns of the image that a unit sees; below 0 or beyond the image is padding.

        Args:
            row: the unit's row in its map; 0 in a row of units.
            col: its column; in a row of units its number.
        Returns:
            None where it cannot be said.
        """
        if self.rows is None or self.columns is None:
            return None
        if self.folds is not None:
            row, col = divmod(col % math.prod(self.folds[1:]), self.folds[2])
        elif len(self.shape) == 1:
            row = col = 0  # all units see the same
        return self.rows.pixels(row), self.columns.pixels(col)


def unit_fields(model: nn.Module, images: Tensor) -> Table[LayerUnits]:
    """Every layer whose output is maps or a row of numbers, in the order in which forward() calls them.

    Args:
        model: any network. Layers are what has no layers inside; a function that forward() calls is none.
        images: (N, C, H, W) float, normalised as in training; one is enough.
    Returns:
        A table with one row for each layer. What its units see is None behind a step that
        `receptive_field` cannot follow.
    Raises:
        TypeError: images are no float tensor.
        ValueError: the model does not take the images; `explain` says why.

    >>> model = nn.Sequential(nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.Flatten())
    >>> found = unit_fields(model, torch.zeros(1, 1, 28, 28))
    >>> found
    layer  kind       units
    0      Conv2d     (10, 24, 24)
    1      MaxPool2d  (10, 12, 12)
    2      Flatten    (1440,)
    >>> found[1].patch(0, 3)
    (range(0, 6), range(6, 12))
    """
    if not list(model.children()):
        return Table([])  # no layers, or a single one that has no name
    made = activations(model, images[:1])
    two = torch.cat(
        [images[:1], images[:1]]
    )  # with one image, a batch cannot be told from a side of length 1
    fields = {entry.name: entry for entry in receptive_field(model, two)}
    traced = successful_trace(model, two)
    numbers = {step.name: number for number, step in enumerate(traced.steps)}
    found = []
    for name, output in made.items():
        if output.ndim not in (2, 4) or len(output) != 1 or not output.numel():
            continue
        kind, shape = type(layer_named(model, _path(name))).__name__, tuple(output.shape[1:])
        if name not in fields:  # a layer that PyTorch did not write: it is no step of the trace
            found.append(LayerUnits(name, kind, shape))
            continue
        field, folds = fields[name], _folds(numbers[name], traced) if len(shape) == 1 else None
        found.append(LayerUnits(name, kind, shape, field.height, field.width, folds))
    return Table(found)


def _path(name: str) -> str:
    return name.split(" (call ")[0]


def _folds(number: int, traced: Trace) -> tuple[int, ...] | None:
    """The shape of the maps that stand in a row behind a step; None if its units mix their places."""
    while number != INPUT:
        step = traced.steps[number]
        before, after = traced.image_shape(step.in_shape), traced.image_shape(step.out_shape or ())
        if step.what.endswith("linear") or not step.parents or math.prod(before) != math.prod(after):
            return None
        if len(before) == 3:
            return before
        number = step.parents[0]
    return None
