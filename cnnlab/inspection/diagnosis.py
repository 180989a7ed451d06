"""What is wrong with a model that does not fit together: the step, what it has, what it needs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from cnnlab.inspection import remedies as mend
from cnnlab.inspection.blueprint import code
from cnnlab.inspection.remedies import Change, Workbench, assigned, named
from cnnlab.inspection.shapes import first_line, product
from cnnlab.inspection.tracing import Shape, Step, Trace
from cnnlab.inspection.windows import Window, is_conv, weight_shape, windows_of

VIEWS = ("view", "reshape", "flatten", "unflatten", "squeeze", "ravel")


@dataclass(frozen=True)
class Diagnosis:
    """One mistake."""

    headline: str  # what does not fit, with both numbers
    number: int | None = None  # the step it happens at; None if it is no step
    has: int | None = None  # the number that is there
    needs: int | None = None  # the number that should be there
    details: tuple[str, ...] = ()  # sentences under the arithmetic
    remedies: tuple[str, ...] = ()  # tried, the simplest first


def main_path(made: Trace) -> list[int]:
    """The steps that lead to the last one, from the first to the last; of several inputs the first counts."""
    path: list[int] = []
    number = len(made.steps) - 1
    while number >= 0:
        path.insert(0, number)
        parents = made.steps[number].parents
        number = parents[0] if parents else -1
    return path


def mixing_step(made: Trace) -> int | None:
    """The step that changed the number of rows in the batch for good; None if each image kept its row."""
    found = None
    for number in reversed(main_path(made)):
        shape = made.steps[number].out_shape
        if shape is None:
            continue  # the step that failed
        if shape[:1] == (made.batch,):
            break
        found = number
    return found


def diagnose(model: nn.Module, images: Tensor, made: Trace) -> Diagnosis:
    """Find the mistake in a trace that failed, or that mixed up the batch.

    Args:
        model: the network.
        images: (N, ...) the batch that was traced, small: remedies are tried on it.
        made: the trace of `images` through `model`.
    """
    mixing = mixing_step(made)
    failed = len(made.steps) - 1 if made.failed is not None else None
    number = mixing if mixing is not None else failed
    if number is None:
        return Diagnosis("")
    step = made.steps[number]
    bench = Workbench(model, images, made, number)
    for applies, explain in _KINDS:
        if applies(step):
            found = explain(bench)
            if found is not None:
                return replace(found, number=number)
    return replace(_any_other(bench), number=number)


def _is_view(step: Step) -> bool:
    return step.what in VIEWS


def _image(bench: Workbench) -> Shape:
    return bench.broken.image_shape(bench.step.in_shape)


# Linear layers


def _linear(bench: Workbench) -> Diagnosis | None:
    step, shape, weight = bench.step, _image(bench), weight_shape(bench.step)
    if weight is None or len(weight) != 2 or not shape or shape[-1] == weight[1]:
        return None
    n_out, needs = weight
    name, layer = named(step.path), f"nn.Linear({needs}, {n_out})"
    if len(shape) > 1:
        total = math.prod(shape)
        fits = "what it takes" if total == needs else f"but it takes {needs}"
        return Diagnosis(
            f"{name} gets a map of {product(shape)}, not a row of numbers: the flatten is missing.",
            has=shape[-1],
            needs=needs,
            details=(
                f"{layer} reads the last side only, and finds {shape[-1]} where it needs {needs}.",
                f"Flattened, an image has {product(shape)} = {total} numbers, {fits}.",
            ),
            remedies=bench.choose(mend.flattened(bench), mend.averaged(bench), mend.lazily_flattened(bench)),
        )
    has = shape[0]
    return Diagnosis(
        f"{name} does not fit: it gets {has} numbers for each image, but {layer} takes {needs}.",
        has=has,
        needs=needs,
        remedies=bench.choose(
            mend.resized(bench, in_features=has),
            mend.earlier_sizes(bench, f": then {{product}} = {needs} again", _channels_for(bench, needs)),
            mend.counts_itself(bench),
        )
        or (f"give it a weight of the shape ({n_out}, {has})", f"give it {needs} numbers"),
    )


def _channels_for(bench: Workbench, needs: int) -> int | None:
    """Channels with which the map that is flattened would have as many numbers as are needed."""
    for number in bench.before(bench.number):
        shape = bench.broken.image_shape(bench.broken.steps[number].in_shape)
        if len(shape) > 1:
            size = math.prod(shape[1:])
            return needs // size if size and needs % size == 0 else None
    return None


# Convolutions and poolings


def _conv_or_pool(bench: Workbench) -> Diagnosis | None:
    step, shape = bench.step, _image(bench)
    windows = windows_of(step)
    if windows is None:
        return None
    name = named(step.path)
    if len(step.in_shape) not in (len(windows) + 1, len(windows) + 2):
        return _wrong_number_of_sides(bench, len(windows))
    channels = _channels_of(step)
    if channels is not None and len(step.in_shape) == len(windows) + 2 and shape[0] != channels:
        return _channels(bench, shape[0], channels)
    for window, size in zip(windows, step.in_shape[-len(windows) :]):
        if window.pooling and 2 * window.left > window.k:
            return _too_much_padding(bench, window)
        if not window.transposed and _does_not_fit(window, size):
            return _too_wide(bench, window, size, name)
    return None


def _does_not_fit(window: Window, size: int) -> bool:
    try:
        return size < 1 or window.out(size) < 1
    except ValueError:
        return True


def _channels_of(step: Step) -> int | None:
    """Input channels that a convolution takes."""
    if step.module is not None:
        return getattr(step.module, "in_channels", None) if is_conv(step.module) else None
    weight = weight_shape(step)
    if weight is None:
        return None
    groups = step.kwargs.get("groups", step.args[6] if len(step.args) > 6 else 1)
    return weight[0] if "transpose" in step.what else weight[1] * int(groups)


def _channels(bench: Workbench, has: int, needs: int) -> Diagnosis:
    step = bench.step
    layer = code(step.module) if step.module is not None else f"its weight {weight_shape(step)}"
    source = _source(bench)
    return Diagnosis(
        f"{named(step.path)} does not fit: it gets {has} channels, but {layer} takes {needs}.",
        has=has,
        needs=needs,
        details=(f"{source} makes {has} channels: the first number of {layer} must be the same.",)
        if source and step.module is not None
        else (),
        remedies=bench.choose(
            mend.resized(bench, in_channels=has),
            mend.channels_before(bench, needs),
            mend.counts_itself(bench),
        )
        or (f"give {named(step.path)} a kernel for {has} channels", f"give it a map of {needs} channels"),
    )


def _source(bench: Workbench) -> str:
    """The layer that made the channels which arrive at the step."""
    for number in bench.before(bench.number):
        step = bench.broken.steps[number]
        if is_conv(step.module) or step.what.startswith("conv"):
            return named(step.path)
    return ""


def _too_wide(bench: Workbench, window: Window, size: int, name: str) -> Diagnosis:
    what = "window" if window.pooling else "kernel"
    padded = size + window.left + window.right
    padding = f" with padding {window.left}" if window.left else ""
    ideas = [mend.fewer_poolings(bench), mend.more_room(bench)]
    layer = bench.layer(bench.step)
    if layer is not None and not window.pooling:
        enough = -((size - window.span) // 2)
        ideas = [mend.resized(bench, padding=max(enough, window.k // 2)), *ideas]
        if padded > 0:
            ideas.append(mend.resized(bench, kernel_size=(padded - 1) // window.d + 1))
    elif layer is not None:
        ideas.insert(0, iter([Change(f"leave out {name}", {bench.step.path: nn.Identity()})]))
    else:
        line = bench.step.line
        ideas.insert(
            0,
            iter(
                [
                    Change(
                        f"leave out F.{bench.step.what} in {line}",
                        instead={bench.number: lambda x, *_, **__: x},
                    )
                ]
            ),
        )
    return Diagnosis(
        f"{name} does not fit: its {what} is {window.span} px wide, but only {padded} px are left{padding}.",
        has=padded,
        needs=window.span,
        remedies=bench.choose(*ideas)
        or ("use fewer poolings before it", "use padding in the convolutions before it"),
    )


def _too_much_padding(bench: Workbench, window: Window) -> Diagnosis:
    most = window.k // 2
    return Diagnosis(
        f"{named(bench.step.path)} pads by {window.left} px: a window of {window.k} px allows {most}.",
        has=window.left,
        needs=most,
        details=("Otherwise a window could lie in the padding alone.",),
        remedies=bench.choose(
            mend.resized(bench, padding=most),
            mend.resized(bench, padding=0),
            mend.resized(bench, kernel_size=2 * window.left),
        )
        or (f"padding={most}", f"a window of {2 * window.left} px"),
    )


def _wrong_number_of_sides(bench: Workbench, sides: int) -> Diagnosis:
    step, shape = bench.step, _image(bench)
    wanted = ("channels", "height", "width", "depth")[: sides + 1]
    return Diagnosis(
        f"{named(step.path)} needs a map of ({', '.join(wanted)}), but gets {_written(shape)}.",
        has=len(shape),
        needs=sides + 1,
        remedies=(
            f"move {named(step.path)} in front of the flatten",
            f"give the map its sides back: x.view(x.size(0), {', '.join(wanted)})",
        ),
    )


# Normalisation


def _norm(bench: Workbench) -> Diagnosis | None:
    step, layer, shape = bench.step, bench.step.module, _image(bench)
    if not isinstance(layer, nn.modules.batchnorm._BatchNorm) or not shape:
        return None
    needs, has = layer.num_features, shape[0]
    right = {1: "BatchNorm1d", 2: "BatchNorm1d", 3: "BatchNorm2d", 4: "BatchNorm3d"}.get(len(shape))
    name = named(step.path)
    if right is not None and type(layer).__name__ != right and not type(layer).__name__.startswith("Lazy"):
        made, lazily = getattr(nn, right)(has), getattr(nn, f"Lazy{right}")()
        return Diagnosis(
            f"{name} is an nn.{type(layer).__name__}, but {_written(shape)} needs an nn.{right}.",
            has=has,
            needs=needs,
            remedies=bench.choose(
                [Change(assigned(step.path, f"nn.{right}({has})"), {step.path: made})],
                [Change(assigned(step.path, f"nn.Lazy{right}()"), {step.path: lazily})],
            ),
        )
    if has == needs:
        return None
    return Diagnosis(
        f"{name} does not fit: it gets {has} channels, but nn.{type(layer).__name__}({needs}) takes {needs}.",
        has=has,
        needs=needs,
        remedies=bench.choose(
            mend.resized(bench, num_features=has),
            mend.channels_before(bench, needs),
            mend.counts_itself(bench),
        ),
    )


# Views, and other steps that move numbers between images


def _view(bench: Workbench) -> Diagnosis | None:
    step, batch = bench.step, bench.broken.batch
    shape = _image(bench)
    each = math.prod(shape)
    call = _call(step)
    flatten = "nn.Flatten()" if step.module is not None else "x = torch.flatten(x, 1)"
    if step.module is not None:
        flatten = assigned(step.path, flatten)
    sizes = _sizes(step)
    wide = sizes[-1] if len(sizes) > 1 and sizes[0] == -1 else None
    if "contiguous" in str(bench.broken.error) or "size and stride" in str(bench.broken.error):
        return Diagnosis(
            f"{call} cannot read the numbers in this order, because permute or transpose came before.",
            remedies=bench.choose(
                [Change(f"{call.replace('.view', '.reshape')}", instead={bench.number: _reshape})],
                [Change("x = torch.flatten(x, 1)", instead={bench.number: lambda x, *_: x.flatten(1)})],
            )
            or ("x.reshape(…) in place of x.view(…)", "x = x.contiguous() before it"),
        )
    if step.in_shape[:1] != (batch,):
        return None
    if wide is not None and math.prod(sizes[1:]) != each and min(sizes[1:]) > 0:
        wide = math.prod(sizes[1:])
        return Diagnosis(
            f"{call} mixes up the images: each has {each} numbers, not {wide}.",
            has=each,
            needs=wide,
            details=(_rows(each, wide),),
            remedies=bench.choose(
                mend.one_row_for_each_image(bench, flatten),
                mend.earlier_sizes(
                    bench, f": then {{product}} = {wide} again", _channels_for_map(shape, wide)
                ),
                mend.one_row_for_each_image(bench, flatten, lazily=True),
            ),
        )
    if step.out_shape is None and sizes and sizes[0] != batch and sizes[0] != -1:
        return _written_batch(bench, call, flatten, sizes, each)
    if step.out_shape is not None:
        return _written_batch(bench, call, flatten, sizes, each)
    return Diagnosis(
        f"{call} cannot work: each image has {each} numbers.",
        has=each,
        needs=abs(math.prod(sizes[1:])) if len(sizes) > 1 else None,
        remedies=bench.choose(
            mend.one_row_for_each_image(bench, flatten),
            mend.one_row_for_each_image(bench, "x = x.view(x.size(0), -1)"),
            mend.one_row_for_each_image(bench, flatten, lazily=True),
        ),
    )


def _written_batch(bench: Workbench, call: str, flatten: str, sizes: tuple[int, ...], each: int) -> Diagnosis:
    batch = bench.broken.batch
    rows = (bench.step.out_shape or (0,))[0]
    if len(sizes) > 1 and sizes[0] > 0 and sizes[0] != batch and bench.step.module is None:
        return Diagnosis(
            f"{call} has a batch of {sizes[0]} written into it: every other batch is mixed up or refused.",
            has=batch,
            needs=sizes[0],
            details=("The last batch of an epoch is usually smaller.",),
            remedies=bench.choose(
                mend.one_row_for_each_image(bench, flatten),
                mend.one_row_for_each_image(bench, "x = x.view(x.size(0), -1)"),
            ),
        )
    what = (
        "joins all images of the batch into one row"
        if len(bench.step.out_shape or ()) == 1 or rows == 1
        else (f"turns a batch of {batch} images into {rows} rows")
    )
    second = (
        "x = x.view(x.size(0), -1)"
        if bench.step.module is None
        else assigned(bench.step.path, "nn.Flatten(1)")
    )
    return Diagnosis(
        f"{call} {what}.",
        has=rows,
        needs=batch,
        details=(f"The first side is the batch and must stay: each image has {each} numbers of its own.",),
        remedies=bench.choose(
            mend.one_row_for_each_image(bench, flatten), mend.one_row_for_each_image(bench, second)
        ),
    )


def _channels_for_map(shape: Shape, wanted: int) -> int | None:
    size = math.prod(shape[1:])
    return wanted // size if len(shape) > 1 and size and wanted % size == 0 else None


def _rows(each: int, wide: int) -> str:
    """What a view(-1, n) of the wrong width does to a usual batch."""
    for batch in (64, 50, 100, 32, 16, 128, wide // math.gcd(each, wide)):
        if batch * each % wide == 0:
            rows = batch * each // wide
            return (
                f"A batch of {batch} becomes {batch} · {each} / {wide} = {rows} rows, "
                "and nothing fails until the loss."
            )
    return ""


def _sizes(step: Step) -> tuple[int, ...]:
    """The numbers in a view or reshape."""
    given = step.args[1:] if step.module is None else ()
    if len(given) == 1 and isinstance(given[0], (tuple, list)):
        given = tuple(given[0])
    if not given and step.module is None:
        given = tuple(step.kwargs.get("size", step.kwargs.get("shape", ())))
    return tuple(v for v in given if isinstance(v, int)) if step.what in ("view", "reshape") else ()


def _call(step: Step) -> str:
    """A view as it is written: "x.view(-1, 320)"."""
    if step.module is not None:
        return f"{named(step.path)}, an {step.module!r},".replace("start_dim=", "").replace(
            ", end_dim=-1", ""
        )
    inside = ", ".join(str(v) for v in step.args[1:])
    return f"x.{step.what}({inside})"


def _reshape(x: Tensor, *sizes: Any) -> Tensor:
    return x.reshape(*sizes)


# Steps with two inputs


def _pair(bench: Workbench) -> Diagnosis | None:
    step = bench.step
    shapes = [bench.broken.image_shape(s) for s in step.in_shapes]
    if len(shapes) < 2 or len(set(shapes)) < 2:
        return None
    sign = {"add": "x + y", "sub": "x − y", "mul": "x · y"}.get(step.what.strip("_"), step.what)
    listed = " and ".join(product(s) for s in shapes)
    return Diagnosis(
        f"{sign} does not fit: it gets {listed}.",
        details=(
            "All sides but the joined one must be equal."
            if step.what.startswith("cat")
            else "Both sides must have the same channels, height and width.",
        ),
        remedies=bench.choose(
            mend.more_room(bench),
            mend.matching_shortcut(bench),
            mend.stretched(bench),
            mend.earlier_sizes(bench),
        )
        or ("give both branches the same channels and the same padding", "a 1×1 convolution on one branch"),
    )


# Everything else


def _any_other(bench: Workbench) -> Diagnosis:
    step, made = bench.step, bench.broken
    shape = _written(_image(bench))
    if made.error is None:
        rows = (step.out_shape or (0,))[0]
        return Diagnosis(
            f"{named(step.path)} turns a batch of {made.batch} images into {rows} rows.",
            has=rows,
            needs=made.batch,
            details=("The first side is the batch and must stay first, with its length.",),
            remedies=(
                "permute or transpose only the sides after the first",
                "flatten with torch.flatten(x, 1), which keeps the batch",
            ),
        )
    return Diagnosis(
        f"{named(step.path)} stops on {shape}: {first_line(made.error)}.",
        remedies=(
            f"compare {shape} with what {step.kind if step.module is not None else step.name} expects",
            "put print(x.shape) in front of that line and run one batch",
        ),
    )


def _written(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))})"


_KINDS: tuple[tuple[Callable[[Step], bool], Callable[[Workbench], Diagnosis | None]], ...] = (
    (_is_view, _view),
    (lambda s: s.what.endswith("linear"), _linear),
    (lambda s: windows_of(s) is not None, _conv_or_pool),
    (lambda s: "norm" in s.what, _norm),
    (lambda s: len(s.in_shapes) > 1, _pair),
)
