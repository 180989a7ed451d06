"""How time and memory of training grow: python -m benchmarks.growth --out benchmarks/growth.md

One thing grows at a time: the images (up to MNIST's 60,000, then ten times as many, made by shifts of
up to 2 pixels), the batch size, the channels or the kernel. The rest stays at `BASE`. Each setting is
trained in a process of its own, so that its peak memory is its own: the largest resident set of the
whole process, Python, PyTorch and the images included. Writes a table and, beside it, a chart.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch

from cnnlab import fit, load_data, models, set_seed
from cnnlab.data import Split, shift
from cnnlab.table import Table, column
from cnnlab.timing import load, machine
from cnnlab.whole_file import check_replaceable, write_text

MOST_MEMORY = 1536  # MiB that a training run may take
MNIST_IMAGES = 60_000
FARTHEST = 2  # pixels that an image is shifted at most
FEW_STEPS = 12  # of a setting whose step is measured; an epoch is measured whole
PLACE = "*(Where it stops being linear, and why: to be written by hand after a quiet run.)*"


@dataclass(frozen=True)
class Setting:
    """One training run."""

    images: int = 20 * 128
    batch_size: int = 128
    channels: int = 8  # of both convolutions
    kernel: int = 5  # pixels; the padding keeps the size of the maps


BASE = Setting()
GROWTH: dict[str, Sequence[int]] = {
    "images": (1_000, 3_000, 10_000, 30_000, 60_000, 600_000),
    "batch_size": (8, 32, 128, 512, 1024, 2048, 4096),
    "channels": (4, 8, 16, 32, 64, 128),
    "kernel": (1, 3, 5, 7, 9, 11),
}
NAMES = {"images": "images", "batch_size": "batch size", "channels": "channels", "kernel": "kernel (px)"}


@dataclass(frozen=True)
class Growth:
    """What one setting took."""

    grows: str = column("what grows")
    value: int = column("to", ",d")
    seconds: float = column("time (s)", ".4f")  # of an epoch where the images grow, else of a step
    of: str = column("of")
    times: float = column("times the first", ",.1f")  # time, by that of the first of its kind
    linear: float = column("if linear", ",.1f")  # value, by that of the first of its kind
    peak: float = column("peak memory (MiB)", ",.0f")  # of the process


def settings() -> list[tuple[str, Setting]]:
    """What grows, and each setting of it."""
    made = []
    for name, values in GROWTH.items():
        for value in values:
            setting = dataclasses.replace(BASE, **{name: value})
            if name == "batch_size":
                setting = dataclasses.replace(setting, images=min(FEW_STEPS * value, MNIST_IMAGES))
            elif name != "images":
                setting = dataclasses.replace(setting, images=FEW_STEPS * BASE.batch_size)
            made.append((name, setting))
    return made


def augmented(train: Split, images: int, seed: int = 0) -> Split:
    """So many images: the first ones, or where they do not suffice, all of them shifted again and again.

    Args:
        train: the images, uint8 (N, 1, H, W).
        images: how many.
        seed: of the shifts, by -2 to 2 pixels in both directions; the first N images stay as they are.
    Returns:
        A Split that is normalised as `train` is.
    """
    if images <= len(train):
        return train.take(images)
    random = torch.Generator().manual_seed(seed)
    pixels = torch.empty(images, *train.images.shape[1:], dtype=torch.uint8)  # whole: parts need it twice
    for start in range(0, images, len(train)):
        part = train.images[: images - start]
        moves = torch.randint(-FARTHEST, FARTHEST + 1, (len(part), 2), generator=random)
        if start == 0:
            pixels[: len(part)] = part
            continue
        for dx, dy in moves.unique(dim=0).tolist():
            chosen = (moves == torch.tensor([dx, dy])).all(dim=1).nonzero().flatten()
            pixels[start + chosen] = shift(part[chosen], dx, dy)
    labels = train.labels.repeat(-(-images // len(train)))[:images]
    return dataclasses.replace(train, images=pixels, labels=labels)


def train_once(setting: Setting, data: str, whole_epoch: bool) -> tuple[float, float, float]:
    """Train for one epoch in this process.

    Args:
        setting: what to train.
        data: "mnist" or "digits".
        whole_epoch: measure the epoch, in place of the median step.
    Returns:
        Seconds, the peak memory of this process in MiB, and what it had before the first image.
    """
    imported = peak_memory()
    train = augmented(load_data(data).train, setting.images)
    set_seed(0)
    model = models.build(
        "convnet", channels=(setting.channels, setting.channels), kernel=setting.kernel, padding="same"
    )
    history = fit(model, train, epochs=1, batch_size=setting.batch_size, device="cpu", progress=False)
    ends = history.steps.column("seconds")
    between = sorted(after - before for before, after in pairwise(ends[1:]))  # the first sets up
    seconds = history.epochs[0].seconds if whole_epoch else between[len(between) // 2]
    return seconds, peak_memory(), imported


def peak_memory() -> float:
    """The largest resident set of this process so far, in MiB."""
    status = Path("/proc/self/status")
    if status.is_file():  # Linux, whose ru_maxrss counts in the process that started this one
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10  # bytes there, KiB elsewhere


def measure(name: str, setting: Setting, data: str) -> tuple[float, float, float]:
    """Train once in a new process: what `train_once` returns."""
    asked = json.dumps([dataclasses.asdict(setting), data, name == "images"])
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.growth", "--one", asked],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[1],
    )
    if run.returncode:
        raise RuntimeError(f"{name}, {setting}: {run.stderr.strip().splitlines()[-1:]}")
    seconds, peak, imported = json.loads(run.stdout.splitlines()[-1])
    return seconds, peak, imported


def rows_of(measured: Iterable[tuple[str, Setting, float, float]]) -> list[Growth]:
    """The table's rows from (what grows, setting, seconds, MiB); the first of a kind is compared with."""
    rows: list[Growth] = []
    first: dict[str, tuple[float, int]] = {}
    for name, setting, seconds, peak in measured:
        value = getattr(setting, name)
        base_seconds, base_value = first.setdefault(name, (seconds, value))
        of = "an epoch" if name == "images" else "a step"
        rows.append(Growth(NAMES[name], value, seconds, of, seconds / base_seconds, value / base_value, peak))
    return rows


def report(rows: Sequence[Growth], chart: str, data: str, imported: float, about: Sequence[str]) -> str:
    """The Markdown above the words."""
    peak = max(rows, key=lambda row: row.peak)
    verdict = "all" if peak.peak <= MOST_MEMORY else "not all"
    return "\n".join(
        [
            "# How training grows",
            "",
            f"`python -m benchmarks.growth`, with {data}: `fit` on the CPU in float32, the network `convnet` "
            f"with two convolutions of {BASE.channels} channels, kernel {BASE.kernel}, padding that keeps "
            f"the size, batches of {BASE.batch_size}. One thing grows at a time. The time is of an epoch "
            "where the images grow, else of a step, the median of one epoch. More than "
            f"{MNIST_IMAGES:,} images are made of MNIST's by shifts of up to {FARTHEST} pixels (seed 0), as "
            "uint8. Each row is a process of its own; its peak memory is the largest resident set. Of that, "
            f"{imported:,.0f} MiB are there when PyTorch and cnnlab are imported, before any image is.",
            "",
            f"![Time and peak memory against images, batch size, channels and kernel]({chart})",
            "",
            "Both axes are logarithmic; the dashed lines have the slope 1, from the first measurement on.",
            "",
            Table(rows).markdown(),
            "",
            f"Wanted of a training run: at most 1.5 GiB, that is {MOST_MEMORY:,} MiB; {verdict} of these "
            f"runs stay below it. The largest, {peak.peak:,.0f} MiB, has {peak.grows} {peak.value:,}.",
            "",
            *about,
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every setting, write the table and draw the chart."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("growth.md"), help="the table; the chart beside it")
    parser.add_argument("--quick", action="store_true", help="to try it, on the bundled digits")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.one:
        setting, data, whole_epoch = json.loads(chosen.one)
        print(json.dumps(train_once(Setting(**setting), data, whole_epoch)))
        return
    from benchmarks.growth_chart import draw
    from cnnlab.benchmark import with_words

    chart = chosen.out.with_suffix(".png")
    if chart == chosen.out or (chart.exists() and not chosen.out.exists()):
        raise SystemExit(f"{chart} would hold the chart, and is taken: name another --out.")
    check_replaceable(chosen.out, "python -m benchmarks.growth")
    data = "digits" if chosen.quick else "mnist"
    begun, busy = time.perf_counter(), load()
    measured = []
    for name, setting in settings():
        if chosen.quick:
            setting = dataclasses.replace(setting, images=min(setting.images, 2_000))
            if name == "images" and setting.images == 2_000 != getattr(setting, name):
                continue
        seconds, peak, imported = measure(name, setting, data)
        print(f"{NAMES[name]} {getattr(setting, name):,}: {seconds:.4f} s, {peak:,.0f} MiB", flush=True)
        measured.append((name, setting, seconds, peak))
    rows = rows_of(measured)
    draw(rows, MOST_MEMORY).savefig(chart, dpi=90)
    minutes = (time.perf_counter() - begun) / 60
    said = "" if busy is None else f"; load when begun {busy:.1f}"
    about = [f"Measured on: {machine('cpu')}{said}; {minutes:.1f} minutes in all."]
    text = report(rows, chart.name, "the digits" if chosen.quick else "MNIST", imported, about)
    write_text(chosen.out, with_words(chosen.out, text, PLACE))


if __name__ == "__main__":
    main()
