"""A layer that is called twice, although what it makes does not fit into it: ways to mend the later call."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from cnnlab.inspection.blueprint import code, rebuilt
from cnnlab.inspection.workbench import Change, Workbench, named


def calls_before(bench: Workbench) -> int:
    """How often the step's own layer was called before this step."""
    if bench.layer(bench.step) is None:
        return 0
    return sum(step.path == bench.step.path for step in bench.broken.steps[: bench.number])


def another_layer(bench: Workbench, **changes: Any) -> Iterator[Change]:
    """A layer of its own, with other sizes, for a later call of a layer that is called twice."""
    layer, calls = bench.layer(bench.step), calls_before(bench)
    if layer is not None and calls:
        with contextlib.suppress(ValueError):
            new = rebuilt(layer, **changes)
            text = f"a layer of its own for call {calls + 1} of {named(bench.step.path)}: {code(new)}"
            yield Change(text, {bench.step.path: _InTurn(layer, new, calls)})


def one_call_less(bench: Workbench) -> Iterator[Change]:
    """The model without this call of a layer that was called before."""
    layer, calls = bench.layer(bench.step), calls_before(bench)
    if layer is not None and calls:
        text = f"leave out call {calls + 1} of {named(bench.step.path)}"
        yield Change(text, {bench.step.path: _InTurn(layer, nn.Identity(), calls)})


class _InTurn(nn.Module):
    """One layer for the first calls, another one for those after."""

    def __init__(self, first: nn.Module, then: nn.Module, calls: int) -> None:
        super().__init__()
        self.first, self.then, self.left = first, then, calls

    def forward(self, x: Tensor) -> Any:
        self.left -= 1
        return self.first(x) if self.left >= 0 else self.then(x)
