"""How much work each layer of a model does on one image."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from cnnlab.inspection.shapes import successful_trace
from cnnlab.inspection.tracing import Step, Trace
from cnnlab.inspection.windows import weight_shape
from cnnlab.table import Table, column


@dataclass(frozen=True)
class LayerWork:
    """What one layer multiplies and adds for one image."""

    name: str = column("layer")
    kind: str = column("kind")
    formula: str = column("formula")
    count: int = column("multiply–adds", ",d")
    share: float = column("share (%)", ".1f")  # of the whole model's


class WorkTable(Table[LayerWork]):
    """One row for each layer that multiplies, and the total.

    Args:
        rows: one for each convolution and each fully connected layer.
    """

    def __init__(self, rows: Iterable[LayerWork]) -> None:
        super().__init__(rows)
        self.footer = (f"total {self.total:,} for one image",)

    @property
    def total(self) -> int:
        """Multiply-adds of the whole model on one image."""
        return sum(row.count for row in self)


def multiply_adds(model: nn.Module, input_shape: Sequence[int] | Tensor = (1, 28, 28)) -> WorkTable:
    """Multiplications, each with its addition, that a model does on one image, layer by layer.

    Convolutions and fully connected layers are counted; what the other layers do (comparing,
    adding a bias, scaling) is small beside it.

    Args:
        model: any network.
        input_shape: of one image, (C, H, W); or a batch to send through, (N, C, H, W).
    Returns:
        A table with one row for each convolution and fully connected layer, and `.total`.
    Raises:
        ValueError: the model does not fit together; `explain` says why.

    >>> multiply_adds(nn.Sequential(nn.Conv2d(1, 10, 5), nn.Flatten(), nn.Linear(5760, 10)))
    layer  kind    formula           multiply–adds  share (%)
    0      Conv2d  5·5·1 · 10·24·24        144,000       71.4
    2      Linear  5760·10                  57,600       28.6
    total 201,600 for one image
    """
    made = successful_trace(model, input_shape)
    factors = [(step, _factors(step, made)) for step in made.steps]
    counted = [(step, *found) for step, found in factors if found is not None]
    total = sum(count for _, _, count in counted)
    return WorkTable(
        LayerWork(step.name, step.kind, formula, count, 100 * count / total)
        for step, formula, count in counted
    )


def _factors(step: Step, made: Trace) -> tuple[str, int] | None:
    """Formula and count of a convolution or linear step; None for any other."""
    weight, after = weight_shape(step), made.image_shape(step.out_shape or ())
    if weight is None or not after:
        return None
    if step.what.endswith("linear") and len(weight) == 2:
        places = math.prod(after[:-1])  # more than one where the layer is applied to rows of an image
        formula = f"{weight[1]}·{weight[0]}" + (f" · {places}" if places > 1 else "")
        return formula, weight[0] * weight[1] * places
    if "conv" in step.what:
        # A transposed convolution uses its kernels once for each input pixel.
        transposed = "transpose" in step.what
        positions = made.image_shape(step.in_shape) if transposed else after
        each = [*reversed(weight[2:]), weight[1]]
        formula = f"{'·'.join(map(str, each))} · {'·'.join(map(str, positions))}"
        return formula, math.prod(each) * math.prod(positions)
    return None
