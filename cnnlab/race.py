"""The race: from random weights to 99 % of MNIST's test images, honestly and in a few seconds.

What counts is the mean over ten seeds, and that no seed falls far below. Nothing was chosen by the
test images: network and numbers were chosen on 10,000 images held out of the training set
(benchmarks/race_choice.py), and the test images are looked at when a lap is over.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median, quantiles
from typing import Any

import torch
from torch import nn

from cnnlab import models
from cnnlab.arithmetic import whole
from cnnlab.benchmark import lab_004_epoch
from cnnlab.data import ImageData, data_loader, load_data
from cnnlab.device import has_bfloat16, pick_device
from cnnlab.table import Table, column
from cnnlab.timing import load, machine, synchronise, take_turns
from cnnlab.training import evaluate, fit, set_seed
from cnnlab.training.seeding import own_random_numbers
from cnnlab.whole_file import check_replaceable, write_text

TARGET = 99.0  # percent of the test images, mean over the seeds
WORST = 98.8  # percent that every seed must reach
MOST_EPOCHS = 10  # of lab 004's loop

# What `fit` is told in the race; `precision` is the faster one on the machine.
RECIPE: dict[str, Any] = {
    "epochs": 1,
    "batch_size": 192,
    "optimizer": "muon",
    "lr": 0.2,
    "momentum": 0.8,
    "schedule": "one_cycle",
    "label_smoothing": 0.1,
}
IMAGES = 30_000  # each is seen once; the other half of the training set is not needed


@dataclass(frozen=True)
class Lap:
    """One training from random weights, and what it reached."""

    seed: int = column("seed", "d")
    seconds: float = column("seconds", ".2f")  # of training alone: the images were in memory
    accuracy: float = column("test accuracy (%)", ".2f")


@dataclass(frozen=True)
class Runner:
    """All laps of one way to train."""

    name: str = column("trained by")
    seeds: int = column("seeds", "d")
    epochs: float = column("epochs", "g")
    seconds: float = column("seconds", ".2f")  # median
    iqr: float = column("IQR", ".2f")  # seconds between the quartiles
    accuracy: float = column("test accuracy (%)", ".2f")  # mean
    worst: float = column("worst seed (%)", ".2f")


def lap(
    data: ImageData,
    seed: int = 0,
    build: Callable[[], nn.Module] = models.CNNRace,
    device: str | torch.device = "auto",
    images: int | None = None,
    **settings: Any,
) -> Lap:
    """Train one network from random weights against the clock, and then look at the test images.

    The clock runs while images are chosen and `fit` works. All images are in memory before it starts; the
    test comes after.

    Args:
        data: whose training images are trained on.
        seed: of the weights, and of the order of the images.
        build: makes the network.
        device: where it is trained.
        images: how many of the training images, at least 1, drawn by the seed; None takes all.
        settings: for `fit`, in place of those of `RECIPE`; precision is the one that is faster here.
    """
    if images is not None:
        whole("images", images, 1)
    device = pick_device(device)
    if "precision" not in settings:
        settings["precision"] = faster_precision(device)
    set_seed(seed)
    model = build()
    synchronise(device)
    start = time.perf_counter()
    train = data.train
    if images is not None and images < len(train):
        train = train.take(torch.randperm(len(train))[:images])
    history = fit(
        model,
        train,
        seed=seed,
        device=device,
        **{"progress": False, **RECIPE, **settings},
    )
    synchronise(device)
    seconds = time.perf_counter() - start
    if history.stopped:  # half a lap is none
        raise KeyboardInterrupt("stopped in the middle of a lap")
    return Lap(seed, seconds, evaluate(model, data.test, device=device).accuracy)


@functools.cache
def faster_precision(device: torch.device) -> str:
    """The precision in which the race's steps take less time, "bfloat16" or "float32"; timed once.

    Having the instruction is not enough: some processors multiply 16-bit numbers more slowly. A gain of less
    than a tenth is taken for noise: other networks, with more arithmetic, would lose by it.
    """
    if not has_bfloat16(device):
        return "float32"
    model = models.CNNRace().to(device).to(memory_format=torch.channels_last)
    images = torch.zeros(RECIPE["batch_size"], 1, 28, 28, device=device)
    images = images.to(memory_format=torch.channels_last)

    def step(enabled: bool) -> None:
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled):
            logits = model(images)
        logits.float().logsumexp(dim=1).mean().backward()
        synchronise(device)

    with own_random_numbers():
        took = take_turns({"float32": lambda: step(False), "bfloat16": lambda: step(True)}, rounds=7)
    gains = took["bfloat16"].median < 0.9 * took["float32"].median
    return "bfloat16" if gains else "float32"


def race(
    out: str | Path = "race.md",
    seeds: int = 10,
    *,
    root: str | Path | None = None,
    device: str | torch.device = "auto",
    against: int = 1,
    quick: bool = False,
) -> Table[Runner]:
    """Race over several seeds, beside lab 004's own loop on its own network, and write the table.

    Lab 004's loop runs on until it, too, has `TARGET`; its epochs and our laps take turns, so that a
    machine that gets slower meanwhile slows both down.

    Args:
        out: the Markdown file.
        seeds: laps, with the seeds 0, 1, 2, ...
        root: the folder that holds MNIST; None looks where `load_data` does.
        device: where both are trained.
        against: seeds of lab 004's loop; 0 leaves it out.
        quick: use the bundled digits and fewer epochs, to try the command.
    Returns:
        A row for each way to train; its footer says what was held against what.
    Raises:
        ValueError: a number is out of range, `out` cannot be written, or is a file of somebody else's.
    """
    whole("seeds", seeds, 1)
    whole("against", against)
    device = pick_device(device)
    check_replaceable(Path(out), "cnnlab race")
    data = load_data("digits" if quick else "auto", root)
    busy = load()

    cold = lap(data, device=device, images=IMAGES)
    print(f"the first lap of a new process: {cold.seconds:.2f} s", flush=True)
    laps: list[Lap] = []

    def laps_in_between(n: int) -> None:
        for seed in range(len(laps), min(len(laps) + n, seeds)):
            laps.append(lap(data, seed, device=device, images=IMAGES))
            print(f"seed {seed}: {laps[-1].seconds:.2f} s, {laps[-1].accuracy:.2f} %", flush=True)

    try:
        theirs = [
            _lab_004(data, seed, device, 1 if quick else MOST_EPOCHS, lambda: laps_in_between(2))
            for seed in range(against)
        ]
        laps_in_between(seeds)
    except KeyboardInterrupt:
        print(f"Stopped after {len(laps)} of {seeds} laps: they stand above, and {out} is as it was.")
        raise

    epochs = RECIPE["epochs"] * min(1, IMAGES / len(data.train))
    rows = [_runner("cnnlab", laps, epochs)]
    if theirs:
        theirs_epochs = mean(epochs for epochs, _ in theirs)
        rows.append(_runner("lab 004's loop", [lap for _, lap in theirs], theirs_epochs))
    table = Table(rows, footer=_footer(rows, cold, device, busy))
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    write_text(Path(out), _markdown(table, laps, data, device))
    return table


def won(table: Table[Runner]) -> bool:
    """Whether the mean and the worst seed are what they must be."""
    return table[0].accuracy >= TARGET and table[0].worst >= WORST


def _lab_004(
    data: ImageData, seed: int, device: torch.device, epochs: int, between: Callable[[], None]
) -> tuple[int, Lap]:
    """Lab 004's network, optimiser and DataLoader, until the target is reached; the epochs it took."""
    set_seed(seed)
    model = models.build("cnn_padded").to(device)
    loader = data_loader(data.train, batch_size=100, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    seconds = accuracy = 0.0
    for epoch in range(1, epochs + 1):
        synchronise(device)
        start = time.perf_counter()
        model.train()
        there = ((images.to(device), labels.to(device)) for images, labels in loader)
        lab_004_epoch(model, there, optimizer)
        synchronise(device)
        seconds += time.perf_counter() - start
        accuracy = evaluate(model, data.test, device=device).accuracy
        print(f"lab 004's loop, epoch {epoch}: {seconds:.1f} s, {accuracy:.2f} %", flush=True)
        between()
        if accuracy >= TARGET:
            break
    return epoch, Lap(seed, seconds, accuracy)


def _runner(name: str, laps: Sequence[Lap], epochs: float) -> Runner:
    seconds = [lap.seconds for lap in laps]
    low, _, high = quantiles(seconds, n=4, method="inclusive") if len(seconds) > 1 else (0.0, 0.0, 0.0)
    accuracies = [lap.accuracy for lap in laps]
    return Runner(name, len(laps), epochs, median(seconds), high - low, mean(accuracies), min(accuracies))


def _footer(rows: Sequence[Runner], cold: Lap, device: torch.device, busy: float | None) -> list[str]:
    ours, *theirs = rows
    lines = [f"The first lap of a new process, which also loads what training needs: {cold.seconds:.2f} s."]
    lines += [f"{row.name} takes {row.seconds / ours.seconds:.0f} times as long." for row in theirs]
    words = "" if busy is None else f"; load when begun {busy:.1f}"
    return [*lines, f"Measured on: {machine(device)}{words}."]


def _markdown(table: Table[Runner], laps: Sequence[Lap], data: ImageData, device: torch.device) -> str:
    precision = faster_precision(device)
    used = min(IMAGES, len(data.train))
    settings = ", ".join(f"{key}={value!r}" for key, value in RECIPE.items())
    return "\n".join(
        [
            "# The race to 99 %",
            "",
            f"From random weights to trained ones; then, off the clock, the {len(data.test):,} test images "
            f"of {data.name}. All images are in memory when the clock starts. cnnlab's way draws {used:,} of "
            f"the {len(data.train):,} training images by the seed, and sees each once. "
            "Written by `cnnlab race`.",
            "",
            table.markdown(),
            "",
            f"cnnlab's way: `fit(models.CNNRace(), the images drawn, {settings}, precision={precision!r})`. "
            "Network and numbers were chosen on images held out of the training set: "
            "[race_choice.md](race_choice.md).",
            "",
            "Every lap:",
            "",
            Table(laps).markdown(),
            "",
        ]
    )
