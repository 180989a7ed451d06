"""Recurrent layers and attention: what they give back, and what they take."""

from __future__ import annotations

import math
import re
import types
from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor, nn

from cnnlab.inspection import remedies as mend
from cnnlab.inspection.blueprint import code, rebuilt
from cnnlab.inspection.faults import Fault, written
from cnnlab.inspection.shapes import product
from cnnlab.inspection.tracing import Shape, Step, Trace, copy_of
from cnnlab.inspection.workbench import Change, Workbench, assigned, fits, named

ATTENTIONS = ("multiheadattention", "transformerencoderlayer", "transformerencoder")
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


def recurrent(bench: Workbench) -> Fault | None:
    """A recurrent layer whose steps have another width, or that gets no steps at all."""
    layer, shape, name = bench.step.module, _read(bench), named(bench.step.path)
    if not isinstance(layer, nn.RNNBase) or not shape or len(bench.step.in_shapes) > 1:
        return None
    has, needs = shape[-1], layer.input_size
    if len(shape) == 2 and has == needs:
        return None
    what = f"nn.{bench.step.kind}({needs}, {layer.hidden_size})"
    remedies = bench.choose(*([change] for change in _readings(bench, layer))).or_else(
        f"nn.{bench.step.kind}({has}, {layer.hidden_size})", f"give it steps of {needs} numbers"
    )
    if len(shape) == 2:
        return Fault(
            f"{name} does not fit: it gets {shape[0]} steps of {has} numbers, but {what} takes {needs}.",
            has=has,
            needs=needs,
            details=(_steps_of(shape), f"In one step, an image has {product(shape)} = {math.prod(shape)}."),
            remedies=remedies,
        )
    return Fault(
        f"{name} needs (steps, numbers) for each image, but gets {written(shape)}; "
        f"{what} takes {needs} numbers in a step.",
        has=len(shape),
        needs=2,
        details=(f"An image has {product(shape)} = {math.prod(shape)} numbers.",) if len(shape) > 1 else (),
        remedies=remedies,
    )


def steps_first(step: Step, batch: int) -> bool:
    """Whether a recurrent layer gets (steps, batch, numbers), as it should without batch_first."""
    layer, shape = step.module, step.in_shape
    if not isinstance(layer, nn.RNNBase) or layer.batch_first or len(shape) != 3:
        return False
    return shape[1] == batch != shape[0]


def _read(bench: Workbench) -> Shape:
    """What arrives for one image."""
    before = bench.step.in_shape
    return (before[0], before[2]) if steps_first(bench.step, bench.broken.batch) else bench.shape


def _steps_of(shape: Shape) -> str:
    return f"An image of {product(shape)} is a sequence of {shape[0]} steps, {shape[1]} numbers each."


def _readings(bench: Workbench, layer: nn.RNNBase) -> list[Change]:
    """Ways to read what is there as steps, each with a layer of that width."""
    shape, name, turned = _read(bench), named(bench.step.path), steps_first(bench.step, bench.broken.batch)
    needs, total = layer.input_size, math.prod(shape)
    ways: list[tuple[str, int, Callable[[Tensor], Tensor]]] = []
    if len(shape) == 1:
        side = math.isqrt(total)
        if total % needs == 0:
            ways.append((_view(total // needs, needs), needs, lambda x: x.reshape(len(x), -1, needs)))
        if side**2 == total:
            ways.append((_view(side, side), side, lambda x: x.reshape(len(x), side, side)))
        ways.append(("x = x.unsqueeze(1)", total, lambda x: x.unsqueeze(1)))
    elif len(shape) == 2:
        ways = [("", shape[1], lambda x: x)]
        if shape[0] == needs and not turned:
            ways.append(("x = x.transpose(1, 2)", needs, lambda x: x.transpose(1, 2)))
        if total == needs and not turned:
            ways.append(("x = x.flatten(1).unsqueeze(1)", needs, lambda x: x.flatten(1).unsqueeze(1)))
    elif len(shape) == 3 and shape[0] == 1:
        ways = [("x = x.squeeze(1)", shape[2], lambda x: x.squeeze(1))]
        ways.append(("x = x.flatten(2)", total, lambda x: x.flatten(2)))
    elif len(shape) == 3:
        ways = [("x = x.flatten(2).transpose(1, 2)", shape[0], lambda x: x.flatten(2).transpose(1, 2))]
        ways.append(("x = x.flatten(2)", shape[1] * shape[2], lambda x: x.flatten(2)))
    ways.sort(key=lambda way: (way[0] != "", way[1] != needs))
    changes = []
    for text, width, change in ways:
        first = f"{text} before {name}" if text else ""
        layers, line = {}, ""
        in_order = layer.batch_first or turned
        if (width != needs or not in_order) and bench.layer(bench.step) is not None:
            new = rebuilt(layer, input_size=width, batch_first=layer.batch_first or not in_order)
            layers, line = {bench.step.path: new}, assigned(bench.step.path, code(new))
        both = ", and ".join(filter(None, (first, line)))
        changes.append(Change(both, layers, before={bench.number: change}))
    changes += mend.outputs_before(bench, needs) if len(shape) == 2 else []
    return [*changes, *_fitted(bench, needs, shape)]


def _view(*sizes: int) -> str:
    return f"x = x.view(x.size(0), {', '.join(map(str, sizes))})"


def _fitted(bench: Workbench, needs: int, shape: Shape) -> list[Change]:
    """A linear layer in front, from the width that is there to the width that is taken."""
    layer, name = bench.layer(bench.step), named(bench.step.path)
    if layer is None or len(shape) != 2:
        return []
    text = f"self.fit = nn.Linear({shape[-1]}, {needs}), and x = self.fit(x) before {name}"
    return [Change(text, {bench.step.path: taking(layer, lambda x: x.new_zeros(*x.shape[:-1], needs))})]


def attention(bench: Workbench) -> Fault | None:
    """An attention, or a layer of a transformer, for tokens of another width, or in front of a map."""
    layer, shape, name = bench.step.module, bench.shape, named(bench.step.path)
    inner = _attention_in(layer)
    said = re.search(r"dimension of \d+, but got (\d+)", str(bench.broken.error))
    if not shape and said:  # given by name, as in query=x: then only the message knows
        shape = (0, int(said[1]))
    if inner is None or layer is None or len(shape) not in (2, 3):
        return None
    has, needs, heads = shape[-1], inner.embed_dim, inner.num_heads
    if len(shape) == 2 and has == needs:
        return None
    tokens = f"{f'{shape[0]} ' if shape[0] else ''}tokens of {has} numbers"
    details = [f"The {heads} heads share the numbers of a token: {needs}/{heads} = {needs // heads} each."]
    if len(shape) == 3:
        tokens = f"a map of {product(shape)}, no tokens"
        details = [f"As tokens, it has {product(shape[1:])} = {math.prod(shape[1:])}, of {shape[0]} each."]
    kind = "TransformerEncoderLayer" if layer is not inner else "MultiheadAttention"
    return Fault(
        f"{name} does not fit: it gets {tokens}, but nn.{kind}({needs}, {heads}) takes tokens of {needs}.",
        has=has if len(shape) == 2 else shape[0],
        needs=needs,
        details=tuple(details),
        remedies=bench.choose(
            *([change] for change in _as_tokens(bench, inner, shape)),
            mend.channels_before(bench, needs),
            mend.outputs_before(bench, needs),
            _fitted(bench, needs, shape),
        ).or_else(f"nn.{kind}({has}, {math.gcd(heads, has)})", f"give it tokens of {needs}"),
    )


def _attention_in(layer: nn.Module | None) -> nn.MultiheadAttention | None:
    """The first attention of a layer."""
    if not isinstance(layer, (nn.MultiheadAttention, nn.TransformerEncoderLayer, nn.TransformerEncoder)):
        return None
    return next((inner for inner in layer.modules() if isinstance(inner, nn.MultiheadAttention)), None)


def _as_tokens(bench: Workbench, inner: nn.MultiheadAttention, shape: Shape) -> Iterator[Change]:
    """What is there read as tokens, with an attention of that width."""
    layer, name, path = bench.layer(bench.step), named(bench.step.path), bench.step.path
    if layer is None:
        return
    ways: list[tuple[str, int, Callable[[Tensor], Tensor]]] = [("", shape[-1], lambda x: x)]
    if len(shape) == 3:
        ways = [("x = x.flatten(2).transpose(1, 2)", shape[0], lambda x: x.flatten(2).transpose(1, 2))]
        ways.append(("x = x.flatten(2)", shape[1] * shape[2], lambda x: x.flatten(2)))
    elif shape[0] == inner.embed_dim:
        ways.append(("x = x.transpose(1, 2)", shape[0], lambda x: x.transpose(1, 2)))
    for text, width, change in ways:
        heads = math.gcd(inner.num_heads, width)  # the heads must divide the width
        new, line = layer, ""
        if width != inner.embed_dim:
            if not isinstance(layer, nn.MultiheadAttention):
                continue
            new = rebuilt(layer, embed_dim=width, num_heads=heads)
            line = assigned(path, code(new))
        first = f"{text} before {name}" if text else ""
        yield Change(", and ".join(filter(None, (first, line))), {path: taking(new, change)})


def taking(layer: nn.Module, change: Callable[[Tensor], Tensor]) -> nn.Module:
    """A copy of a layer that changes what it reads: all tensors, or the first, if others are a state."""
    twin = copy_of(layer)
    forward = type(twin).forward

    def taken(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        reads = 1 if isinstance(self, nn.RNNBase) else len(args)
        given = [change(v) if isinstance(v, Tensor) and i < reads else v for i, v in enumerate(args)]
        named_ones = {key: change(v) if isinstance(v, Tensor) else v for key, v in kwargs.items()}
        return forward(self, *given, **named_ones)

    twin.forward = types.MethodType(taken, twin)
    return twin
