"""A training step against the floor: the least time that its arithmetic and its memory traffic allow."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.profiler import ProfilerActivity, profile

from cnnlab import models
from cnnlab.benchmark.training import fit_epoch
from cnnlab.data import Split
from cnnlab.device import has_bfloat16
from cnnlab.inspection import multiply_adds, trace_shapes
from cnnlab.table import column
from cnnlab.training import make_optimizer
from cnnlab.training.layout import fast_layout

NETWORKS = ("logistic", "mlp", "cnn_320", "cnn_wide", "lenet_dropout", "cnn_padded", "cnn_deep")
SQUARE = 2048  # rows and columns of the matrices whose product gives the rate
STEPS = 30  # of each measurement, or as many as the data have
WARM = 5  # steps that are left out
MOVES = {"flatten", "view", "reshape", "dropout"}  # in step names: nothing new is stored

EXPLANATION = f"""\
*Multiply–adds* of a step: the forward pass takes those that `cnnlab.inspection.multiply_adds` counts for an
image, and backward takes them twice more, once for the gradients of the weights and once for those of each
layer's input; so 3 times, but 2 times for the first layer, as nobody asks for the gradient of the images.
*Moved*, a plain estimate: every parameter 6 times (forward and backward read it, its gradient is written and
read, the update reads and writes it) and every number that the optimiser keeps for it twice; every number
that a layer puts out 5 times (written, read by the next layer, read again in backward, and its gradient
written and read); the images once; 4 bytes each, in bfloat16 2 for what layers put out. *Rate*: the machine's
own, of `torch.mm` of two {SQUARE:,} × {SQUARE:,} matrices in the precision of the row, measured in turns with
the step. *Floor*: the longer one of the multiply–adds at that rate and a plain copy that moves as many bytes.
*Step*: median time between two steps of `fit`, with the batch, the checks and the records; *bare loop*: the
same step in a loop without them, in the same memory layout. *Share*: floor by step. *Most of the time*: the
three operations that `torch.profiler` finds to take most, in percent of all operations' own time."""


@dataclass(frozen=True)
class FloorRow:
    """One network's training step, and what it could take at least."""

    network: str = column("network")
    batch_size: int = column("batch", "d")  # images
    precision: str = column("precision")
    million: float = column("multiply–adds (10⁶)", ",.1f")  # of a step
    megabytes: float = column("moved (MB)", ",.2f")  # 10^6 bytes, of a step
    rate: float = column("rate (10⁹/s)", ",.0f")  # multiply-adds of torch.mm
    floor_ms: float = column("floor (ms)", ".3f")
    step_ms: float = column("step (ms)", ".2f")
    bare_ms: float = column("bare loop (ms)", ".2f")
    share: float = column("share (%)", ".0f")  # floor by step
    most: str = column("most of the time")


@dataclass(frozen=True)
class Cost:
    """What a training step does, counted."""

    multiply_adds: int
    bytes: int  # moved between memory and processor, by the estimate of `EXPLANATION`


def step_cost(model: nn.Module, batch_size: int, state: int, precision: str = "float32") -> Cost:
    """Count the multiply–adds and estimate the bytes of a training step.

    Args:
        model: a network for images (1, 28, 28).
        batch_size: images in the step.
        state: numbers that the optimiser keeps for each parameter: 2 for Adam, 1 for momentum.
        precision: "float32", or "bfloat16", where layers put out 2 bytes for each number.

    >>> step_cost(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), 100, state=0)
    Cost(multiply_adds=1568000, bytes=522000)
    """
    work = multiply_adds(model)
    forward, first = work.total, work[0].count
    parameters = sum(p.numel() for p in model.parameters())
    layers = [row for row in trace_shapes(model) if not MOVES & {row.kind.lower(), row.name.lower()}]
    outputs = sum(math.prod(row.out_shape) for row in layers)
    each = 2 if precision == "bfloat16" else 4
    moved = 4 * parameters * (6 + 2 * state) + batch_size * (4 * 28 * 28 + each * 5 * outputs)
    return Cost(batch_size * (3 * forward - first), moved)


def floor_rows(train: Split, rounds: int, networks: tuple[str, ...] = NETWORKS) -> Iterator[FloorRow]:
    """Each lab network's step, in float32 and, where the processor has it, in bfloat16.

    Args:
        train: the images; `STEPS` batches of them at most.
        rounds: how often product, copy, `fit` and the bare loop take turns, at least 1.
        networks: by name; each with its lab's batch size and optimiser.
    """
    precisions = ("float32", "bfloat16") if has_bfloat16("cpu") else ("float32",)
    for name in networks:
        for precision in precisions:
            yield _row(models.recipe(name), train, rounds, precision)


def _row(recipe: models.Recipe, train: Split, rounds: int, precision: str) -> FloorRow:
    steps = min(STEPS, len(train) // recipe.batch_size)
    few = train.take(steps * recipe.batch_size)
    state = 2 if recipe.optimizer == "adam" else int(recipe.momentum > 0)
    cost = step_cost(models.build(recipe.model), recipe.batch_size, state, precision)
    product = _product(torch.bfloat16 if precision == "bfloat16" else torch.float32)
    copying = _copy(cost.bytes)
    multiplying, moving, ours, bare = [], [], [], []
    for _ in range(rounds):
        multiplying.append(_seconds(product))
        moving.append(_seconds(copying))
        ours += _between(_fit_times(models.build(recipe.model), recipe, few, precision))
        bare += _between(_bare_times(recipe, few, precision))
    rate = SQUARE**3 / median(multiplying)
    floor = max(cost.multiply_adds / rate, median(moving))
    step = median(ours)
    return FloorRow(
        network=recipe.model,
        batch_size=recipe.batch_size,
        precision=precision,
        million=cost.multiply_adds / 1e6,
        megabytes=cost.bytes / 1e6,
        rate=rate / 1e9,
        floor_ms=floor * 1e3,
        step_ms=step * 1e3,
        bare_ms=median(bare) * 1e3,
        share=100 * floor / step,
        most=_most(partial(_fit_times, models.build(recipe.model), recipe, few, precision)),
    )


def _product(dtype: torch.dtype) -> Callable[[], object]:
    random = torch.Generator().manual_seed(0)
    a = torch.randn(SQUARE, SQUARE, generator=random).to(dtype)
    return partial(torch.mm, a, a, out=torch.empty_like(a))


def _copy(size: int) -> Callable[[], object]:
    """A copy that reads half of so many bytes and writes the other half."""
    source = torch.zeros(max(1, size // 8))
    return partial(torch.empty_like(source).copy_, source)


def _seconds(call: Callable[[], object]) -> float:
    """Of the second of two calls."""
    call()
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _between(times: list[float]) -> list[float]:
    """Seconds of each step after the first ones, from the times at which the steps ended."""
    warm = min(WARM, len(times) - 2)
    return [after - before for before, after in zip(times[warm:], times[warm + 1 :])]


def _fit_times(model: nn.Module, recipe: models.Recipe, train: Split, precision: str) -> list[float]:
    return fit_epoch(model, recipe, train, precision).steps.column("seconds")


def _bare_times(recipe: models.Recipe, train: Split, precision: str) -> list[float]:
    """The step of `fit`, without checks, records and callbacks."""
    model = models.build(recipe.model).train()
    optimizer = make_optimizer(model, recipe.optimizer, lr=recipe.lr, momentum=recipe.momentum)
    autocast: Callable[[], AbstractContextManager[Any]] = nullcontext
    if precision == "bfloat16":
        autocast = partial(torch.autocast, "cpu", dtype=torch.bfloat16)
    times = []
    batches = train.batches(recipe.batch_size, shuffle=True)
    layout = fast_layout(model, next(iter(batches))[0])
    for images, labels in batches:
        optimizer.zero_grad()
        with autocast(), layout.views:
            logits = model(layout.arranged(images))
        F.cross_entropy(logits.float(), labels).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        times.append(time.perf_counter())
    return times


def _most(run: Callable[[], object]) -> str:
    """The three operations that take most of the time, with their shares of all operations' own time."""
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        run()
    operations = sorted(seen.key_averages(), key=lambda found: -found.self_cpu_time_total)
    total = sum(found.self_cpu_time_total for found in operations)
    return ", ".join(
        f"{found.key.removeprefix('aten::')} {100 * found.self_cpu_time_total / total:.0f} %"
        for found in operations[:3]
    )
