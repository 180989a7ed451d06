"""Explain a model: how its sizes follow from each other, or where and why they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from cnnlab.inspection.diagnosis import diagnose
from cnnlab.inspection.faults import Fault, main_path, written
from cnnlab.inspection.mixing import mixed_up
from cnnlab.inspection.notes import notes_on, unregistered
from cnnlab.inspection.parameters import count_parameters
from cnnlab.inspection.python_faults import compiled, no_image, no_network, stopped
from cnnlab.inspection.shapes import arithmetic_of, first_line, product
from cnnlab.inspection.tracing import Step, Trace, trace, zeros_for
from cnnlab.inspection.windows import windows_of
from cnnlab.inspection.workbench import Remedies, fits, named
from cnnlab.inspection.wrong_input import wrong_device, wrong_input
from cnnlab.words import counted, wrapped

_MNIST = (1, 28, 28)
_LONGEST_CHAIN = 6  # steps that are shown before a mistake


@dataclass(frozen=True, repr=False)
class Explanation:
    """Why a model works, or what keeps it from working; prints as text."""

    works: bool
    headline: str
    line: str | None = None  # the line of forward() where it fails, if no layer does
    chain: tuple[str, ...] = ()  # the sizes, step by step, with their arithmetic
    details: tuple[str, ...] = ()  # sentences that belong to the headline
    remedies: tuple[str, ...] = ()  # ways to mend it, the simplest first
    heading: str = ""  # of the remedies: what they were seen to do
    notes: tuple[str, ...] = ()  # worth knowing, but no mistake
    layer: str | None = None  # the layer or function where it fails
    has: int | None = None  # the number that is there
    needs: int | None = None  # the number that should be there
    error: str | None = None  # PyTorch's own message

    def __str__(self) -> str:
        lines = [wrapped(self.headline, "  ")]
        if self.line:
            lines.append(f"  {self.line}")
        lines += [f"  {text}" for text in self.chain]
        for text in self.details:
            lines.append(wrapped(text, "  "))
        if self.remedies:
            lines.append(self.heading)
        for number, text in enumerate(self.remedies, start=1):
            lines.append(wrapped(f"  {number}. {text}", "   "))
        for text in self.notes:
            lines.append(wrapped(f"Note: {text}", "  "))
        return "\n".join(lines)

    __repr__ = __str__


def explain(model: Any, input_shape_or_tensor: Any = (1, 28, 28)) -> Explanation:
    """Say why a model works, or where it fails: which layer, which number, and ways to mend it.

    A copy of the model runs on a small batch; the model stays as it is. Remedies are tried on
    other copies before they are told. This function does not raise, whatever the model does.

    Args:
        model: any network, also one that does not work.
        input_shape_or_tensor: the shape of one image, (C, H, W); or what the model is given, (N, C, H, W).
    Returns:
        An explanation that prints as text.

    >>> explain(nn.Sequential(nn.Conv2d(1, 10, 5), nn.ReLU(), nn.Flatten(), nn.Linear(784, 10)))
    layer 3 does not fit: it gets 5760 numbers for each image, but nn.Linear(784, 10) takes 784.
      0 Conv2d   10 × 24 × 24  floor((28 + 2·0 − 5)/1) + 1 = 24
      2 Flatten  5760          10 × 24 × 24 = 5760
    Any one of these mends it:
      1. layer 3: nn.Linear(5760, 10)
      2. layer 3: nn.LazyLinear(10), which counts its inputs itself
    """
    if not isinstance(model, nn.Module) or getattr(model, "_modules", None) is None:
        return _failing(no_network(model))
    if isinstance(model, torch.jit.ScriptModule):
        return _failing(compiled(model))
    inner = getattr(model, "_orig_mod", None)  # of torch.compile(model)
    model = inner if isinstance(inner, nn.Module) else model
    wrong = no_image(input_shape_or_tensor)
    if wrong is not None:
        return _failing(wrong)
    try:
        with torch.random.fork_rng(devices=[]):
            return _explained(model, input_shape_or_tensor)
    except Exception as error:  # a student who is stuck must get a sentence, not a second traceback
        name = type(model).__name__
        return Explanation(False, f"{name} could not be looked into: {first_line(error)}.", error=str(error))


def _explained(model: nn.Module, given: Tensor | Sequence[int]) -> Explanation:
    is_batch = isinstance(given, Tensor)
    images = given.detach() if isinstance(given, Tensor) else zeros_for(model, given)
    elsewhere = wrong_device(model, images)
    if elsewhere is not None:
        return _failing(elsewhere)
    made = trace(model, images)
    if fits(made):
        mixed = mixed_up(model, images)
        if mixed is not None:
            return _failing(*mixed)
        return _working(model, images, made)
    wrong = wrong_input(model, images, made, is_batch)
    if wrong is not None:
        return _failing(wrong, made)
    if images.ndim > 1 and len(images) > 2:  # two images are enough to try remedies on
        few = images.new_zeros(2, *images.shape[1:])
        again = trace(model, few)
        images, made = (images, made) if fits(again) else (few, again)
    fault = diagnose(model, images, made) or stopped(model, made)
    if tuple(images.shape[1:]) != _MNIST and fits(trace(model, zeros_for(model, _MNIST))):
        fault = replace(fault, details=(*fault.details, f"With images of {_MNIST} it fits together."))
    return _failing(fault, made)


def _working(model: nn.Module, images: Tensor, made: Trace) -> Explanation:
    output = made.output[0] if isinstance(made.output, (tuple, list)) else made.output
    shape = tuple(output.shape[1:])
    comes = (
        f"{counted(shape[0], 'number')} come{'s' * (shape[0] == 1)}"
        if len(shape) == 1
        else f"{written(shape)} comes"
    )
    if not shape:
        comes = "1 number comes"
    parameters = count_parameters(made.model)
    most = max(parameters, key=lambda row: row.count, default=None)
    total = f"{parameters.total:,} parameters"
    if most is not None and most.count:
        total += f", most of them in {named(most.name)}: {most.formula} = {most.count:,}"
    return Explanation(
        True,
        f"It fits together: {written(images.shape[1:])} goes in, {comes} out for each image.",
        chain=_chain(made, main_path(made)),
        details=(f"{total}.",),
        notes=notes_on(model, images, made),
    )


def _failing(fault: Fault, made: Trace | None = None) -> Explanation:
    """A mistake as an explanation, with the sizes that lead to it."""
    step = line = None
    path = main_path(made) if made is not None and fault.has_sizes_before else []
    if made is not None and fault.number is not None:
        step = made.steps[fault.number]
        line = step.line if step.module is None or not step.registered else None
        path = [number for number in path if number < fault.number]
    elif made is not None and fault.has_sizes_before:
        line = made.line
    chain = _chain(made, path) if made is not None else ()
    if made is not None and (made.error is not None or fault.number is not None):  # else any step may count
        chain = chain if len(chain) <= _LONGEST_CHAIN else ("…", *chain[-_LONGEST_CHAIN:])
    return Explanation(
        False,
        fault.headline,
        line=str(line) if line is not None else None,
        chain=chain,
        details=fault.details,
        remedies=fault.remedies.texts,
        heading=_heading(fault.remedies),
        notes=tuple(dict.fromkeys(unregistered(made))) if made is not None else (),
        layer=step.path if step is not None else None,
        has=fault.has,
        needs=fault.needs,
        error=str(made.error) if made is not None and made.error is not None else None,
    )


def _heading(remedies: Remedies) -> str:
    if remedies.mend == "untried":
        return "What to try:"
    these = "Any one of these" if len(remedies.texts) > 1 else "This"
    rest = "; then explain again, because there is another mistake" if remedies.mend == "part" else ""
    return f"{these} mends it{rest}:"


def _chain(made: Trace, path: Sequence[int]) -> tuple[str, ...]:
    """The steps that change the shape, in columns: name, size, arithmetic."""
    steps = [made.steps[number] for number in path if _changes_shape(made.steps[number])]
    rows = [(_name(s), product(made.image_shape(s.out_shape or ())), arithmetic_of(s, made)) for s in steps]
    first, second = (max((len(row[i]) for row in rows), default=0) for i in (0, 1))
    return tuple(f"{a.ljust(first)}  {b.ljust(second)}  {c}".rstrip() for a, b, c in rows)


def _name(step: Step) -> str:
    """The layer's name, with its kind where the name is only a number."""
    return f"{step.path} {step.kind}" if step.path.rpartition(".")[2].isdigit() else step.path


def _changes_shape(step: Step) -> bool:
    return step.in_shape != step.out_shape or windows_of(step) is not None
