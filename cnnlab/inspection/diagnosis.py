"""Find the mistake in a model that does not fit together."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from cnnlab.device import is_out_of_memory
from cnnlab.inspection.faults import Fault, mixing_step, written
from cnnlab.inspection.layer_faults import conv_or_pool, places_later, with_indices
from cnnlab.inspection.linear_faults import bilinear, linear
from cnnlab.inspection.norm_faults import norm
from cnnlab.inspection.number_faults import fraction, matrix, number_format
from cnnlab.inspection.padding_faults import padding
from cnnlab.inspection.pair_faults import operation, pair
from cnnlab.inspection.parameter_faults import einsum, with_parameter
from cnnlab.inspection.python_faults import call_the_layer
from cnnlab.inspection.sequence_faults import (
    ATTENTIONS,
    attention,
    not_unpacked,
    recurrent,
    steps_first,
    unpacked_later,
    whole_state,
)
from cnnlab.inspection.setting_faults import pixel_shuffle, prelu, unflatten
from cnnlab.inspection.shapes import first_line
from cnnlab.inspection.tracing import Step, Trace
from cnnlab.inspection.view_faults import VIEWS, view
from cnnlab.inspection.windows import windows_of
from cnnlab.inspection.workbench import Change, Remedies, Workbench, named
from cnnlab.words import counted


def diagnose(model: nn.Module, images: Tensor, made: Trace) -> Fault | None:
    """The mistake in a trace that failed, or that mixed up the batch.

    Args:
        model: the network.
        images: (N, ...) the batch that was traced, small: remedies are tried on it.
        made: the trace of `images` through `model`.
    Returns:
        None, if no layer and no function of PyTorch is to blame.
    """
    mixing = mixing_step(made)
    if made.failed is not None and steps_first(made.failed, made.batch):
        mixing = None  # there the batch must come second
    number = len(made.steps) - 1 if mixing is None else mixing
    if mixing is None and made.failed is None:
        return unpacked_later(model, images, made) or places_later(model, images, made)
    bench = Workbench(model, images, made, number)
    for applies, look in _KINDS:
        if applies(bench.step):
            fault = look(bench)
            if fault is not None:
                return replace(fault, number=number)
    return replace(_any_other(bench) if bench.step.out_shape is None else _rows(bench), number=number)


def _layer_for_numbers(bench: Workbench) -> Fault | None:
    """A layer where numbers should be: nn.ReLU(x), which makes a layer and does nothing with x."""
    name, kind = named(bench.step.path), type(_given_layers(bench.step)[0]).__name__
    return Fault(
        f"{name} gets a layer, an nn.{kind}, where it needs numbers: nn.{kind}(x) makes a layer, "
        "but does not call it.",
        remedies=Remedies().or_else(*call_the_layer(kind)),
    )


def _given_layers(step: Step) -> list[nn.Module]:
    return [value for value in step.args if isinstance(value, nn.Module)]


def _rows(bench: Workbench) -> Fault:
    """A step that is no view and changes the number of rows all the same."""
    rows = (bench.step.out_shape or (0,))[0]
    joined = Remedies()
    if bench.step.what in ("cat", "concat", "concatenate"):
        joined = bench.choose(
            [Change("torch.cat(…, dim=1), which joins channels", instead={bench.number: _cat_channels})],
            [Change("the sum of the maps in place of torch.cat", instead={bench.number: _sum_of_maps})],
        )
    return Fault(
        f"{named(bench.step.path)} turns {bench.broken.batch} images into {rows} rows.",
        has=rows,
        needs=bench.broken.batch,
        details=("The first side is the batch: it must stay first and keep its length.",),
        remedies=joined.or_else(
            "permute, transpose and average only the sides after the first",
            "flatten with torch.flatten(x, 1), which keeps the batch",
        ),
    )


def _cat_channels(maps: Sequence[Tensor], *_: object, **__: object) -> Tensor:
    return torch.cat(list(maps), 1)


def _sum_of_maps(maps: Sequence[Tensor], *_: object, **__: object) -> Tensor:
    return torch.stack(list(maps)).sum(0)


def _any_other(bench: Workbench) -> Fault:
    """A step that nothing special is known about: PyTorch's own message and the shape."""
    step, shape = bench.step, written(bench.shape)
    message = first_line(bench.broken.error) if bench.broken.error else ""
    advice = (
        f"compare {shape} with what {step.kind if step.module is not None else step.what} expects",
        "put print(x.shape) in front of that line and run one batch",
    )
    if "device" in message:
        advice = (
            "call model.to(device) after all its layers were made, and make tensors in forward() on x.device",
            "keep layers in an nn.ModuleList: model.to(device) does not look into a plain list",
        )
    if bench.broken.error is not None and is_out_of_memory(bench.broken.error):
        return Fault(
            f"{named(step.path)} stops: what it makes of {counted(len(bench.images), 'image')} of {shape} "
            "does not fit into this machine's memory.",
            remedies=Remedies().or_else("a smaller image", "a pooling or a stride before it"),
        )
    has, needs = _numbers_said(bench)
    return Fault(
        f"{named(step.path)} stops at an input of {shape}: {message}.",
        has=has,
        needs=needs,
        remedies=Remedies().or_else(*advice),
    )


def _numbers_said(bench: Workbench) -> tuple[int | None, int | None]:
    """What is there and what is expected, as PyTorch's message has it; only if the first is in the shape."""
    message = first_line(bench.broken.error) if bench.broken.error else ""
    found = re.search(r"got (?P<has>\d+),?(?: but)? expected (?P<needs>\d+)", message)
    found = found or re.search(r"[Ee]xpect\D*(?P<needs>\d+),?(?: but)? got (?P<has>\d+)", message)
    if found is None or int(found["has"]) not in bench.shape:
        return None, None
    return int(found["has"]), int(found["needs"])


_KINDS: tuple[tuple[Callable[[Step], bool], Callable[[Workbench], Fault | None]], ...] = (
    (lambda step: not step.in_shapes and bool(_given_layers(step)), _layer_for_numbers),
    (lambda step: step.out_shape is None, not_unpacked),
    (lambda step: step.out_shape is None, with_indices),
    (lambda step: len(step.in_shapes) == 1, whole_state),
    (lambda step: step.out_shape is None, number_format),
    (lambda step: step.what in ("rnn", "lstm", "gru") and step.out_shape is None, recurrent),
    (lambda step: step.what in ATTENTIONS, attention),
    (lambda step: step.what == "prelu", prelu),
    (lambda step: step.what in ("pixelshuffle", "pixel_shuffle"), pixel_shuffle),
    (lambda step: step.what == "unflatten", unflatten),
    (lambda step: step.what in VIEWS, view),
    (lambda step: step.out_shape is None, fraction),
    (lambda step: step.out_shape is None, padding),
    (lambda step: step.what in ("matmul", "mm"), matrix),
    (lambda step: step.what == "bilinear", bilinear),
    (lambda step: step.what.endswith("linear"), linear),
    (lambda step: windows_of(step) is not None, conv_or_pool),
    (lambda step: "norm" in step.what, norm),
    (lambda step: step.what == "einsum", einsum),
    (lambda step: operation(step.what) is not None, with_parameter),
    (lambda step: len(step.in_shapes) > 1, pair),
)
