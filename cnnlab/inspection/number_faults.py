"""Numbers that do not fit each other: another number format, a matrix of another size."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlab.inspection import remedies as mend
from cnnlab.inspection.faults import Fault, written
from cnnlab.inspection.shapes import product
from cnnlab.inspection.tracing import copy_of
from cnnlab.inspection.workbench import Change, Workbench, call, named
from cnnlab.words import counted

# What PyTorch's messages call the formats, in lower case.
_FORMATS = {"float": "float32", "double": "float64", "half": "float16", "bfloat16": "bfloat16"}
_FORMATS |= {"long": "int64", "long int": "int64", "int": "int32", "byte": "uint8", "unsigned char": "uint8"}

# Calls that make whole numbers of pixels.
_TO_WHOLE = ("long", "int", "short", "byte", "char", "to", "type")


def number_format(bench: Workbench) -> Fault | None:
    """A layer that gets numbers in another format than that of its weights."""
    layer, message = bench.layer(bench.step), str(bench.broken.error)
    if isinstance(layer, nn.Embedding) and "scalar types" in message:
        return _embedding(bench, layer)
    weight = next((p for p in layer.parameters() if p.is_floating_point()), None) if layer else None
    if layer is None or weight is None or "type" not in message:
        return None
    there = str(weight.dtype).removeprefix("torch.")
    said = re.findall(
        r"\b(unsigned char|long int|bfloat16|float|double|half|long|int|byte)\b", message.lower()
    )
    here = next((_FORMATS[word] for word in said if _FORMATS[word] != there), None)
    if here is None:
        return None
    name, wanted, got = named(bench.step.path), weight.dtype, getattr(torch, here)
    ideas: list[Iterable[Change]] = [
        [Change(f"x = x.to(torch.{there}) before {name}", before={bench.number: lambda x: x.to(wanted)})]
    ]
    if not got.is_floating_point:
        made_whole = [n for n in bench.before(bench.number) if bench.broken.steps[n].what in _TO_WHOLE]
        ideas.append(mend.without(bench, made_whole))
    else:
        with_it = copy_of(layer).to(got)
        ideas.append([Change(f"{name} in {here}: model.to(torch.{here})", {bench.step.path: with_it})])
    return Fault(
        f"{name} does not fit: it gets {here} numbers, but its weights are {there}.",
        details=("Both must be in the same number format.",),
        remedies=bench.choose(*ideas).or_else(
            f"x = x.to(torch.{there}) before {name}", "model.float(), after all its layers were made"
        ),
    )


def fraction(bench: Workbench) -> Fault | None:
    """A float, such as the result of /, where PyTorch counts: a size, a place, a window."""
    step, error = bench.step, bench.broken.error
    message = str(error)
    if not isinstance(error, TypeError) or not re.search(r"float|int\b|integer", message):
        return None
    given = [value for key, value in vars(step.module).items() if key in _COUNTS] if step.module else []
    floats = list(_floats(given or (step.args[1:], step.kwargs)))
    if not floats:
        return None
    found, sliced = floats[0], step.what in ("getitem", "setitem")
    what = "x[…]" if sliced else call(step)
    if step.module is not None:
        what = f"{named(step.path)}, nn.{step.kind},"
    return Fault(
        f"{what} has {found} in it, a float, where PyTorch needs a whole number.",
        details=("A result of / is always a float, 14.0 as well: 28 // 2 is 14, and w_out floors.",),
        remedies=bench.choose(
            *(
                [replace(change, text=text) for change in _whole(bench)]
                for text in (
                    f"// in place of / where that number is made: {math.floor(found)}",
                    f"int(…) round that number: {int(found)}",
                )
            )
        ).or_else("// in place of / where that number is made", "int(…) round that number"),
    )


_COUNTS = ("kernel_size", "stride", "padding", "dilation", "output_size", "size")


def _floats(values: Any) -> Iterator[float]:
    """All finite floats in nested tuples, lists, dictionaries and slices, in order."""
    if isinstance(values, float):
        yield from [values] if math.isfinite(values) else []
    elif isinstance(values, slice):
        yield from _floats((values.start, values.stop, values.step))
    elif isinstance(values, (tuple, list, dict)):
        for value in values.values() if isinstance(values, dict) else values:
            yield from _floats(value)


def _floored(values: Any) -> Any:
    """The same nested values with whole numbers in place of the floats."""
    if isinstance(values, float):
        return math.floor(values)
    if isinstance(values, slice):
        return slice(_floored(values.start), _floored(values.stop), _floored(values.step))
    if isinstance(values, dict):
        return {key: _floored(value) for key, value in values.items()}
    return type(values)(map(_floored, values)) if type(values) in (tuple, list) else values


def _whole(bench: Workbench) -> Iterator[Change]:
    """The same call, or the same layer, with whole numbers."""
    step, layer = bench.step, bench.layer(bench.step)
    if layer is not None and step.module is not None:
        twin = copy_of(layer)
        for key in _COUNTS:
            if hasattr(twin, key):
                setattr(twin, key, _floored(getattr(twin, key)))
        yield Change("", {step.path: twin}, follows=True)
        return
    name = step.function or ""
    places = (operator, F, torch, Tensor)
    function = next((getattr(place, name) for place in places if hasattr(place, name)), None)
    if function is not None:

        def called(x: Any, *args: Any, **kwargs: Any) -> Any:
            return function(x, *map(_floored, args), **_floored(kwargs))

        yield Change("", instead={bench.number: called}, follows=True)


def _embedding(bench: Workbench, layer: nn.Embedding) -> Fault:
    """A table that is read by whole numbers, and gets the pixels of an image."""
    name, rows = named(bench.step.path), layer.num_embeddings
    said = re.search(r"got torch\.(?:\w+\.)*(\w+)Tensor", str(bench.broken.error))
    got, most = _FORMATS.get(said[1].lower(), "other") if said else "other", min(rows - 1, 255)
    ways: list[tuple[str, Callable[[Tensor], Tensor]]] = [
        (f"x = (x * {most}).long() before {name}, for pixels in 0…1", lambda x: (x * most).long()),
        (f"x = (x > 0).long() before {name}, which tells ink from paper", lambda x: (x > 0).long()),
    ]
    if "float" not in got:
        ways.insert(0, (f"x = x.long() before {name}", lambda x: x.long()))
    read = [Change(text, before={bench.number: way}) for text, way in ways]
    return Fault(
        f"{name} does not fit: nn.Embedding({rows}, {layer.embedding_dim}) is a table of {rows} rows, to be "
        f"read by whole numbers from 0 to {rows - 1}, but it gets {got} numbers.",
        remedies=bench.choose(read, mend.without(bench, [bench.number])).or_else(
            ways[0][0], f"leave out {name}: an nn.Conv2d or nn.Linear takes pixels as they are"
        ),
    )


def matrix(bench: Workbench) -> Fault | None:
    """A product x @ w with a matrix of another height than the rows of x are long."""
    sizes = [tuple(value) for value in bench.step.args if isinstance(value, torch.Size)]
    if len(sizes) != 2 or sizes[0] != bench.step.in_shape or len(sizes[1]) != 2 or not bench.shape:
        return None
    has, (needs, n_out) = bench.shape[-1], sizes[1]
    if has == needs:
        return None
    return Fault(
        f"x @ {_matrix_name(bench, sizes[1])} does not fit: x is {written(bench.shape)} for each image, with "
        f"{counted(has, 'number')} in a row, but the matrix ({needs}, {n_out}) takes {needs}.",
        has=has,
        needs=needs,
        remedies=bench.choose(*([change] for change in _products(bench, sizes[1]))).or_else(
            f"give it a matrix of ({has}, {n_out})", f"give it {needs} numbers"
        ),
    )


def _products(bench: Workbench, size: tuple[int, ...]) -> Iterator[Change]:
    """Other products that may be meant: flattened, with the matrix turned, with one of the right height."""
    name, has, n_out = _matrix_name(bench, size), bench.shape[-1], size[1]
    number, total = bench.number, math.prod(bench.shape)
    if total == size[0]:
        text = f"torch.flatten(x, 1) @ {name}: {product(bench.shape)} = {total}"
        yield Change(text, instead={number: lambda x, w: torch.flatten(x, 1) @ w})
        text = (
            f"nn.Linear({total}, {n_out}) on torch.flatten(x, 1), in place of the product, which adds a bias"
        )
        yield Change(text, instead={number: lambda x, w: torch.flatten(x, 1) @ w})
    if size[1] == has:
        yield Change(f"x @ {name}.T", instead={number: lambda x, w: x @ w.T})
    if len(bench.shape) == 1 or total != size[0]:
        made = {number: lambda x, w: x @ w.new_zeros(has, n_out)}
        yield Change(f"{name} = nn.Parameter(torch.randn({has}, {n_out}) / {has}**0.5)", instead=made)
        yield Change(f"nn.Linear({has}, {n_out}) in place of the product, which adds a bias", instead=made)


def _matrix_name(bench: Workbench, size: tuple[int, ...]) -> str:
    """The name of the only parameter of this size, else "w"."""
    names = [name for name, value in bench.model.named_parameters() if tuple(value.shape) == size]
    return f"self.{names[0]}" if len(names) == 1 else "w"
