"""How many numbers each layer of a model learns, and how that number comes about."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from torch import nn
from torch.nn.parameter import UninitializedParameter

from cnnlab.inspection.windows import is_conv
from cnnlab.table import Table, column
from cnnlab.training.guards import check_model


@dataclass(frozen=True)
class LayerParameters:
    """What one layer learns."""

    name: str = column("layer")
    kind: str = column("kind")
    formula: str = column("formula")  # "" for a layer that learns nothing
    count: int = column("parameters", ",d")
    trainable: int = 0  # how many of them an optimiser may change


class ParameterTable(Table[LayerParameters]):
    """One row for each layer, and the total.

    Args:
        rows: one for each layer.
    """

    def __init__(self, rows: Iterable[LayerParameters]) -> None:
        super().__init__(rows)
        frozen = self.total - self.trainable
        self.footer = (f"total {self.total:,}" + (f", of which {frozen:,} are frozen" if frozen else ""),)

    @property
    def total(self) -> int:
        """Numbers in all layers; shared weights count once."""
        return sum(row.count for row in self)

    @property
    def trainable(self) -> int:
        """Numbers that an optimiser may change."""
        return sum(row.trainable for row in self)


def count_parameters(model: nn.Module) -> ParameterTable:
    """Weights and biases of every layer, with the formula.

    Args:
        model: any network.
    Returns:
        A table with one row for each layer, also for those that learn nothing, and `.total`
        and `.trainable`. Weights that two layers share count in the first one only.
    Raises:
        ValueError: a lazy layer has not seen a batch yet, so its size is not known.
        TypeError: it is no network.

    >>> count_parameters(nn.Sequential(nn.Conv2d(1, 10, 5), nn.Flatten(), nn.Linear(5760, 10)))
    layer  kind     formula         parameters
    0      Conv2d   (5·5·1 + 1)·10         260
    1      Flatten                           0
    2      Linear   (5760 + 1)·10       57,610
    total 57,870
    """
    check_model(model)
    return ParameterTable(_rows(model))


def _rows(model: nn.Module) -> Iterator[LayerParameters]:
    seen: dict[int, str] = {}
    for name, module in model.named_modules():
        own = [(key, p) for key, p in module.named_parameters(recurse=False)]
        if not own and any(module.children()):
            continue
        for key, parameter in own:
            if isinstance(parameter, UninitializedParameter):
                raise ValueError(
                    f"{name}.{key} has no size yet, because {type(module).__name__} takes it "
                    "from the first batch: run model(images) once, then count."
                )
        new = [(key, p) for key, p in own if id(p) not in seen]
        shared = [f"{key} is {seen[id(p)]}" for key, p in own if id(p) in seen]
        for key, p in new:
            seen[id(p)] = f"{name}.{key}" if name else key
        formula = _formula(module) if not shared else _shapes(p.shape for _, p in new)
        yield LayerParameters(
            name or "(model)",
            type(module).__name__,
            "; ".join([*([formula] if formula else []), *shared]),
            sum(p.numel() for _, p in new),
            sum(p.numel() for _, p in new if p.requires_grad),
        )


def _formula(module: nn.Module) -> str:
    """How a layer's count comes about, by the formula its kind is known for."""
    own = dict(module.named_parameters(recurse=False))
    usual = set(own) <= {"weight", "bias"} and "weight" in own
    if usual and is_conv(module):
        kernel = "·".join(map(str, reversed(module.kernel_size)))  # type: ignore[arg-type]
        each = f"{kernel}·{module.in_channels // module.groups}"  # type: ignore[operator]
        return f"({each} + 1)·{module.out_channels}" if "bias" in own else f"{each}·{module.out_channels}"
    if usual and isinstance(module, nn.Linear):
        n_in, n_out = module.in_features, module.out_features
        return f"({n_in} + 1)·{n_out}" if "bias" in own else f"{n_in}·{n_out}"
    if usual and len(own) == 2 and isinstance(module, nn.modules.batchnorm._BatchNorm):
        return f"2·{module.num_features}"
    return _shapes(p.shape for p in own.values())


def _shapes(shapes: Iterable[tuple[int, ...]]) -> str:
    """The shapes of the tensors as a sum of products: "10·320 + 10"."""
    return " + ".join("·".join(map(str, shape)) if shape else "1" for shape in shapes if math.prod(shape))
