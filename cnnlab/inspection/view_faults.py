"""Steps that put the numbers into another shape, and mix up the images of the batch by it."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from cnnlab.inspection import remedies as mend
from cnnlab.inspection.faults import Fault, written
from cnnlab.inspection.tracing import Step, trace
from cnnlab.inspection.windows import spatial_sides
from cnnlab.inspection.workbench import Change, Workbench, assigned, call, named
from cnnlab.words import counted

VIEWS = ("view", "reshape", "flatten", "ravel", "squeeze", "unflatten")
_USUAL_BATCHES = (64, 50, 100, 32, 128, 16)


def view(bench: Workbench) -> Fault | None:
    """A view of the wrong width, a batch size written into it, a batch joined into one row."""
    step, batch = bench.step, bench.broken.batch
    if "input tensor's size and stride" in str(bench.broken.error):
        return _out_of_order(bench)
    if step.in_shape[:1] != (batch,) or (step.out_shape or ())[:1] == (batch,):
        return None  # the batch came in mixed up, or goes out as it should
    fraction = next((v for v in _given(step) if isinstance(v, float)), None)
    if fraction is not None:
        return _no_whole_number(bench, fraction)
    each, sizes = math.prod(bench.shape), _sizes(step)
    wide = math.prod(sizes[1:])
    if len(sizes) > 1 and sizes[0] == -1 and wide > 0 and wide != each:
        return _wrong_width(bench, each, wide)
    if len(sizes) > 1 and sizes[0] > 0 and sizes[0] != batch and wide in (-1, each):
        side = _side_taken(bench, sizes[0])
        if side:
            return _side_for_batch(bench, sizes[0], side)
        return _joined(bench, each) if _counts_images(bench) else _batch_in_it(bench, sizes[0])
    if step.out_shape is not None:
        return _joined(bench, each)
    if not sizes:
        return None
    wanted = abs(wide) if len(sizes) > 1 else sizes[0]
    return Fault(
        f"{_call(step)} cannot work: each image has {each} numbers, not {wanted}.",
        has=each,
        needs=wanted,
        remedies=_keep_the_batch(bench),
    )


def _no_whole_number(bench: Workbench, fraction: float) -> Fault:
    return Fault(
        f"{_call(bench.step)} has {fraction} in it, which is no whole number of numbers.",
        has=math.prod(bench.shape),
        details=("A result of / is always a float, 14.0 as well: 28 // 2 is 14, and w_out floors.",),
        remedies=_keep_the_batch(bench),
    )


def _wrong_width(bench: Workbench, each: int, wide: int) -> Fault:
    flatten = _flatten(bench)
    rows = ""
    for batch in (*_USUAL_BATCHES, wide // math.gcd(each, wide)):
        if batch * each % wide == 0:
            made = batch * each // wide
            rows = f"A batch of {batch} becomes {batch}·{each}/{wide} = {made} rows, without an error here."
            break
    return Fault(
        f"{_call(bench.step)} mixes up the images: each has {each} numbers, not {wide}.",
        has=each,
        needs=wide,
        details=(rows,),
        remedies=bench.choose(
            mend.one_row_for_each_image(bench, flatten),
            mend.earlier_sizes(bench, wide),
            mend.one_row_for_each_image(bench, flatten, lazily=True),
        ).or_else(flatten, "x = x.view(x.size(0), -1)"),
    )


def _batch_in_it(bench: Workbench, number: int) -> Fault:
    return Fault(
        f"{_call(bench.step)} has a batch of {number} written into it: no other batch gets through unmixed.",
        has=number,
        needs=bench.broken.batch,
        details=("The last batch of an epoch is usually smaller.",),
        remedies=_keep_the_batch(bench),
    )


def _side_taken(bench: Workbench, number: int) -> int | None:
    """The side of the input that x.size(…) took the number from, if the line says so; None for a number."""
    step, line = bench.step, bench.step.line.text.replace(" ", "") if bench.step.line else ""
    if f"{step.what}({number}" in line or f"{step.what}(x,({number}" in line or number not in bench.shape:
        return None
    sides = [side for side, length in enumerate(step.in_shape) if side and length == number]
    said = [side for side in sides if f"size({side})" in line or f"shape[{side}]" in line]
    return (said or sides)[0]


def _counts_images(bench: Workbench) -> bool:
    """Whether the first side follows from the number of images, as in x.reshape(2 * len(x), -1)."""
    again = trace(bench.model, bench.another_batch())
    step = again.steps[bench.number] if bench.number < len(again.steps) else None
    return step is not None and _sizes(step)[:1] != _sizes(bench.step)[:1]


def _side_for_batch(bench: Workbench, number: int, side: int) -> Fault:
    """x.view(x.size(1), -1): a side of the image where the batch should be."""
    what = "channels" if side == 1 and len(bench.shape) == 3 else f"side {side}"
    written = ", ".join([f"x.size({side})", *map(str, _sizes(bench.step)[1:])])
    return Fault(
        f"x.{bench.step.what}({written}) puts the {what}, {number}, where the batch should be: "
        f"x.size({side}) is {number}, the batch is x.size(0).",
        has=number,
        needs=bench.broken.batch,
        details=(f"Every batch becomes {number} rows, of many images each.",),
        remedies=_keep_the_batch(bench),
    )


def _joined(bench: Workbench, each: int) -> Fault:
    after, batch = bench.step.out_shape or (), bench.broken.batch
    if bench.step.what == "squeeze":
        return _squeezed(bench)
    one_row = len(after) == 1 or after[0] == 1
    what = "joins all images into one row" if one_row else f"turns {batch} images into {after[0]} rows"
    return Fault(
        f"{_call(bench.step)} {what}.",
        has=after[0] if after else None,
        needs=batch,
        details=(f"The first side is the batch and must stay: each image has {each} numbers of its own.",),
        remedies=_keep_the_batch(bench),
    )


def _squeezed(bench: Workbench) -> Fault:
    """A squeeze that takes the batch of one image away, with the channel where there is one."""
    before, after = bench.step.in_shape, bench.step.out_shape or ()
    here = [bench.number]
    later = range(bench.number + 1, len(bench.broken.steps))
    at = next((n for n in later if spatial_sides(bench.broken.steps[n]) == 2), None)  # it needs a map
    lost = "without the batch" if at is None else "without batch and channel"
    remedies = _keep_the_batch(bench)
    if at is not None:
        remedies = bench.choose(mend.without(bench, here), mend.channel_back(bench, at, here)).or_else(
            "leave squeeze() out", "x.squeeze(dim) with the side that is to go"
        )
    return Fault(
        f"{_call(bench.step)} turns {counted(bench.broken.batch, 'image')} into "
        f"{counted(after[0], 'row') if after else 'one number'}.",
        has=after[0] if after else None,
        needs=bench.broken.batch,
        details=(
            "squeeze() takes away every side of length 1: "
            f"{written(before)} becomes {written(after)}, {lost}.",
        ),
        remedies=remedies,
    )


def _out_of_order(bench: Workbench) -> Fault:
    asked = _call(bench.step)

    def reshape(x: Tensor, *sizes: Any) -> Any:
        return x.reshape(*sizes)

    return Fault(
        f"{asked} cannot read the numbers in this order: permute or transpose came before.",
        remedies=bench.choose(
            [Change(asked.replace(".view", ".reshape"), instead={bench.number: reshape})],
            mend.one_row_for_each_image(bench, "x = torch.flatten(x, 1)"),
        ).or_else("x.reshape(…) in place of x.view(…)", "x = x.contiguous() before it"),
    )


def _keep_the_batch(bench: Workbench) -> Any:
    other = "x = x.view(x.size(0), -1)"
    if bench.step.module is not None:
        other = assigned(bench.step.path, "nn.Flatten(start_dim=1)")
    return bench.choose(
        mend.one_row_for_each_image(bench, _flatten(bench)), mend.one_row_for_each_image(bench, other)
    ).or_else("x = torch.flatten(x, 1)", "x = x.view(x.size(0), -1)")


def _flatten(bench: Workbench) -> str:
    if bench.step.module is None:
        return "x = torch.flatten(x, 1)"
    return assigned(bench.step.path, "nn.Flatten()")


def _sizes(step: Step) -> tuple[int, ...]:
    """The whole numbers in a view or reshape."""
    return tuple(v for v in _given(step) if isinstance(v, int))


def _given(step: Step) -> tuple[Any, ...]:
    """What a view or reshape was given."""
    if step.module is not None or step.what not in ("view", "reshape"):
        return ()
    given: Any = step.args[1:] or step.kwargs.get("size", step.kwargs.get("shape", ()))
    if len(given) == 1 and isinstance(given[0], (tuple, list)):
        given = given[0]
    return tuple(given)


def _call(step: Step) -> str:
    """A step as it is written: "x.view(-1, 320)"."""
    if step.module is None:
        return call(step)
    start = getattr(step.module, "start_dim", None)
    return f"{named(step.path)}, nn.{step.kind}({'' if start is None else f'start_dim={start}'}),"
