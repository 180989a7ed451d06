"""Recurrent layers and attention: what they give back, and what they take."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from cnnlab.inspection.blueprint import code, rebuilt
from cnnlab.inspection.faults import Fault
from cnnlab.inspection.shapes import product
from cnnlab.inspection.tracing import Step, Trace, copy_of
from cnnlab.inspection.workbench import Change, Workbench, assigned, fits, named

_BOTH_AT_ONCE = ("tuple indices must be", "'tuple' object has no attribute", "not tuple")


def not_unpacked(bench: Workbench) -> Fault | None:
    """A layer or function that gets all that a recurrent layer or an attention returns."""
    step = bench.step
    given = step.args[0] if step.args else None
    if type(given) is not tuple or not step.parents or step.parents[0] < 0:
        return None
    giver = bench.broken.steps[step.parents[0]]
    if not _gives_two(giver) or len(set(step.parents)) != 1:
        return None
    return _two_things(bench, giver, f"{named(step.path)} gets both at once")


def unpacked_later(model: nn.Module, images: Tensor, made: Trace) -> Fault | None:
    """An error of Python in a forward() that goes on with both: self.gru(x)[:, -1]."""
    if not made.steps or not any(text in str(made.error) for text in _BOTH_AT_ONCE):
        return None
    if not _gives_two(made.steps[-1]):
        return None
    bench = Workbench(model, images, made, len(made.steps) - 1)
    return _two_things(bench, bench.step, "forward() goes on with both at once")


def whole_state(bench: Workbench) -> Fault | None:
    """The last state of a recurrent layer, (layers, N, numbers), where rows of (N, numbers) are meant."""
    step, batch = bench.step, bench.broken.batch
    giver = bench.broken.steps[step.parents[0]] if step.parents and step.parents[0] >= 0 else None
    if giver is None or not isinstance(giver.module, nn.RNNBase) or step.in_shape == giver.out_shape:
        return None
    if len(step.in_shape) != 3 or step.in_shape[1] != batch or step.in_shape[0] == batch:
        return None
    layer, (layers, _, numbers) = bench.layer(giver), step.in_shape
    name, ideas = named(giver.path), []
    if layer is not None and not isinstance(layer, nn.LSTM):
        state = giving(layer, lambda both: (both[0], both[1][-1]))
        last = giving(layer, lambda both: (both[0], both[0][:, -1]))
        ideas = [
            Change("h[-1] in place of h", {giver.path: state}, follows=True),
            Change("out[:, -1] in place of h, the last step of out", {giver.path: last}, follows=True),
        ]
    return Fault(
        f"{named(step.path)} gets h of {name}, whose first side counts layers, not images: "
        f"({layers}, {numbers}) for each image.",
        has=layers,
        needs=batch,
        details=(f"h is (layers, N, numbers) = ({layers}, N, {numbers}), also with batch_first.",),
        remedies=bench.choose(*([idea] for idea in ideas)).or_else(
            "h[-1] in place of h", "out[:, -1] in place of h, the last step of out"
        ),
    )


def _gives_two(step: Step) -> bool:
    return isinstance(step.module, (nn.RNNBase, nn.MultiheadAttention))


def _two_things(bench: Workbench, giver: Step, but: str) -> Fault:
    kind, made = giver.kind, bench.broken.image_shape(giver.out_shape or ())
    call = f"self.{giver.path}(x)" if named(giver.path) == giver.path else f"{giver.kind.lower()}(x)"
    second = "the weights of its attention"
    if isinstance(giver.module, nn.RNNBase):
        second = "(h, c), its last state" if kind == "LSTM" else "h, its last state"
    each = f": {made[-1]} numbers for each of {made[-2]} steps" if len(made) == 2 else ""
    return Fault(
        f"{named(giver.path)} returns two things, but {but}: unpack them, out, _ = {call}.",
        has=2,
        needs=1,
        details=(f"nn.{kind} gives out, {product(made)}{each}; and {second}.",),
        remedies=bench.choose(*([change] for change in _unpackings(bench, giver, call))).or_else(
            f"out, _ = {call}, and go on with out[:, -1]", f"{call}[0] in place of {call}"
        ),
    )


def _unpackings(bench: Workbench, giver: Step, call: str) -> list[Change]:
    """Ways to go on with one of the two, the likeliest first."""
    layer = bench.layer(giver)
    if layer is None:
        return []
    first = ""
    if isinstance(layer, nn.RNNBase) and not layer.batch_first and giver.in_shape[0] == bench.broken.batch:
        layer = rebuilt(layer, batch_first=True)  # else it takes the images for the steps
        first = f"{assigned(giver.path, code(layer))}, then "
    own = "in a forward() of your own: " if named(giver.path) != giver.path else ""

    def way(text: str, take: Callable[[Any], Any]) -> Change:
        return Change(f"{first}{own}{text}", {giver.path: giving(layer, take)}, follows=True)

    whole = way(f"out, _ = {call}, and go on with out", lambda both: both[0])
    last = way(f"out, _ = {call}, and go on with out[:, -1], the last step", lambda both: both[0][:, -1])
    mean = way(f"out, _ = {call}, and go on with out.mean(1), the mean of all", lambda both: both[0].mean(1))
    short = way(f"{call}[0] in place of {call}", lambda both: both[0])
    trial = bench.trial(whole)
    if trial is not None and fits(trial) and getattr(trial.output, "ndim", 0) == 2:
        return [whole, short]  # what comes later picks a step itself
    if not isinstance(layer, nn.RNNBase):
        return [mean, whole, short]
    changes = [last, mean, whole]
    if not layer.bidirectional and isinstance(layer, nn.LSTM):
        changes[1:1] = [way(f"_, (h, _) = {call}, and go on with h[-1]", lambda both: both[1][0][-1])]
    elif not layer.bidirectional:
        changes[1:1] = [way(f"_, h = {call}, and go on with h[-1]", lambda both: both[1][-1])]
    return changes


def giving(layer: nn.Module, take: Callable[[Any], Any]) -> nn.Module:
    """A copy of a layer that gives back something made of its output."""
    twin = copy_of(layer)
    forward = type(twin).forward

    def taken(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        return take(forward(self, *args, **kwargs))

    twin.forward = types.MethodType(taken, twin)
    return twin
