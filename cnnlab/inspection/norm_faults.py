"""Normalisations that do not fit what arrives at them: batch, group, layer and instance norm."""

from __future__ import annotations

import math

from torch import nn

from cnnlab.inspection import remedies as mend
from cnnlab.inspection import repeated
from cnnlab.inspection.faults import Fault, written
from cnnlab.inspection.shapes import product
from cnnlab.inspection.workbench import Change, Workbench, assigned, named
from cnnlab.words import counted


def norm(bench: Workbench) -> Fault | None:
    """A normalisation of another size, or for data with another number of sides."""
    layer, shape, path = bench.step.module, bench.shape, bench.step.path
    if isinstance(layer, nn.LayerNorm):
        return _layer_norm(bench, layer)
    if isinstance(layer, nn.GroupNorm) and shape:
        return _group_norm(bench, layer)
    if not isinstance(layer, nn.modules.batchnorm._NormBase) or not shape:
        return None
    if isinstance(layer, nn.modules.instancenorm._InstanceNorm) and "spatial" in str(bench.broken.error):
        return _one_pixel(bench, layer)
    has, needs, kind = shape[0], layer.num_features, type(layer).__name__.removeprefix("Lazy")
    gets = counted(has, "channel")
    right = {1: "BatchNorm1d", 2: "BatchNorm1d", 3: "BatchNorm2d", 4: "BatchNorm3d"}.get(len(shape), kind)
    if kind != right and kind.startswith("BatchNorm"):
        sized, lazy = getattr(nn, right)(has), getattr(nn, f"Lazy{right}")()
        return Fault(
            f"{named(path)} is an nn.{kind}, but what it gets, {written(shape)}, needs an nn.{right}.",
            has=has,
            needs=needs,
            remedies=bench.choose(
                [Change(assigned(path, f"nn.{right}({has})"), {path: sized})],
                [Change(assigned(path, f"nn.Lazy{right}(), which counts its channels itself"), {path: lazy})],
            ),
        )
    if has == needs:
        return None
    return Fault(
        f"{named(path)} does not fit: it gets {gets}, but nn.{kind}({needs}) takes {needs}.",
        has=has,
        needs=needs,
        remedies=bench.choose(
            repeated.another_layer(bench, num_features=has),
            mend.resized(bench, num_features=has),
            mend.channels_before(bench, needs),
            mend.counts_itself(bench),
        ).or_else(f"nn.{kind}({has})", f"give it a map of {counted(needs, 'channel')}"),
    )


def _group_norm(bench: Workbench, layer: nn.GroupNorm) -> Fault | None:
    has, needs, path = bench.shape[0], layer.num_channels, bench.step.path
    if has == needs:
        return None
    groups = math.gcd(layer.num_groups, has)  # the groups must divide the channels
    return Fault(
        f"{named(path)} does not fit: it gets {counted(has, 'channel')}, "
        f"but nn.GroupNorm({layer.num_groups}, {needs}) takes {needs}.",
        has=has,
        needs=needs,
        remedies=bench.choose(
            [Change(assigned(path, f"nn.GroupNorm({groups}, {has})"), {path: nn.GroupNorm(groups, has)})],
            mend.channels_before(bench, needs),
            mend.without(bench, [bench.number]),
        ).or_else(f"nn.GroupNorm({groups}, {has})", f"give it a map of {counted(needs, 'channel')}"),
    )


def _layer_norm(bench: Workbench, layer: nn.LayerNorm) -> Fault | None:
    needs, path = tuple(layer.normalized_shape), bench.step.path
    has = bench.shape[-len(needs) :]
    if has == needs:
        return None
    choices = dict.fromkeys((has, bench.shape, bench.shape[-1:]))
    return Fault(
        f"{named(path)} does not fit: it gets {written(bench.shape)}, "
        f"but nn.LayerNorm takes {written(needs)}.",
        remedies=bench.choose(
            *(
                [Change(assigned(path, f"nn.LayerNorm({list(size)})"), {path: nn.LayerNorm(size)})]
                for size in choices
            ),
            mend.without(bench, [bench.number]),
        ),
    )


def _one_pixel(bench: Workbench, layer: nn.Module) -> Fault:
    """An instance norm on maps of one pixel, which have no spread."""
    size, kind = product(bench.shape[1:]), type(layer).__name__
    poolings = [n for n in bench.before(bench.number) if "pool" in bench.broken.steps[n].what]
    return Fault(
        f"{named(bench.step.path)} gets maps of {size} px, but nn.{kind} needs more than one pixel in each.",
        has=1,
        needs=2,
        details=("It takes the mean and the spread of each map over its pixels: one pixel has no spread.",),
        remedies=bench.choose(mend.without(bench, [bench.number]), mend.without(bench, poolings)).or_else(
            f"call {named(bench.step.path)} before the pooling", "leave it out"
        ),
    )
