"""Find a batch that is mixed up although as many rows come out as images went in."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cnnlab.inspection.faults import Fault, main_path
from cnnlab.inspection.tracing import Detours, Trace, trace
from cnnlab.inspection.view_faults import VIEWS
from cnnlab.inspection.workbench import Change, Workbench, call, fits

_BATCH = 7  # images; hardly ever the length of another side as well


def mixed_up(model: nn.Module, images: Tensor) -> tuple[Fault, Trace] | None:
    """The step that moves numbers from one image into another, and the trace that shows it.

    Args:
        model: a network that goes through.
        images: (N, ...) the batch that it was given; others of the same shape are made up.
    Returns:
        None, if each row of the output depends on its own image alone, or if no step has put the
        batch anywhere else than first.
    """
    if not images.is_floating_point() or images.is_meta:
        return None
    noise = torch.rand(_BATCH, *images.shape[1:], dtype=images.dtype, device=images.device)
    made = trace(model, noise)
    away, back = _detour(made)
    if not fits(made) or not away:
        return None
    other = noise.clone()
    other[0] = 1 - other[0]
    again = trace(model, other)
    before, after = (t.output[0] if isinstance(t.output, (tuple, list)) else t.output for t in (made, again))
    if not fits(again) or torch.allclose(before[1:], after[1:], rtol=1e-3, atol=1e-5, equal_nan=True):
        return None
    views = [n for n in (*away, *back) if made.steps[n].what in VIEWS]
    return _fault(Workbench(model, noise, made, (views or away)[0]), [*away, *back]), made


def _detour(made: Trace) -> tuple[list[int], list[int]]:
    """The steps on the way that leave another side first, and the one that puts as many rows there again."""
    path = main_path(made)
    lost = [(made.steps[n].out_shape or ())[:1] != (made.batch,) for n in path]
    if True not in lost:
        return [], []
    start = lost.index(True)
    end = lost.index(False, start) if False in lost[start:] else len(path)
    return path[start:end], path[end : end + 1]


def _fault(bench: Workbench, detour: list[int]) -> Fault:
    step, steps = bench.step, bench.broken.steps
    written = [call(steps[n]) for n in detour]
    calls = written[0] + "".join(text.removeprefix("x") for text in written[1:])
    detours: list[Detours] = [
        {n: (lambda x, *_, **__: x) for n in detour} | {detour[0]: way}
        for way in (lambda x, *_, **__: torch.flatten(x, 1), lambda x, *_, **__: x.reshape(len(x), -1))
    ]
    if any(steps[n].module is not None for n in detour):
        detours = []  # a layer on the way may belong there
    first = step.out_shape[0] if step.out_shape and step.out_shape[:1] != (bench.broken.batch,) else None
    side = (
        f"its first side, which must stay the batch, is {first}"
        if first is not None
        else "the batch does not come first in what it gets"
    )
    texts = ("x = torch.flatten(x, 1)", "x = x.view(x.size(0), -1)")
    return Fault(
        f"{call(step)} mixes up the images: {side}.",
        has=first,
        needs=bench.broken.batch,
        details=("Another first image changes what comes out for the others.",),
        remedies=bench.choose(
            *([Change(f"{text} in place of {calls}", instead=d)] for text, d in zip(texts, detours))
        ).or_else(*texts),
        number=bench.number,
    )
