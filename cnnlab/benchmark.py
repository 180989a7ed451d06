"""What cnnlab costs, measured on this machine against the loops that the labs wrote.

The two loops here are the yardstick: they keep what makes the labs' own loops slow, and
compute the right loss.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median, quantiles

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnlab import models
from cnnlab.arithmetic import whole
from cnnlab.data import Split, data_loader, load_data
from cnnlab.table import Table, column
from cnnlab.timing import Timing, load, machine, take_turns
from cnnlab.training import fit
from cnnlab.whole_file import check_writable

Loop = Callable[[nn.Module, Iterable[tuple[Tensor, Tensor]]], None]  # one epoch of training

IMPORT = """
import time, torch
start = time.perf_counter()
from cnnlab import evaluate, fit, load_data, models, set_seed, trace_shapes
print(time.perf_counter() - start)
"""


@dataclass(frozen=True)
class Measured:
    """One thing that cnnlab does, and the plain way to do the same."""

    what: str = column("measured")
    seconds: float = column("cnnlab (s)", ".3f")  # median
    iqr: float = column("IQR", ".3f")  # seconds
    against: str = column("against")
    other_seconds: float | None = column("that (s)", ".3f", default=None)
    other_iqr: float | None = column("its IQR", ".3f", default=None)
    ratio: float | None = column("times as long", ".1f", default=None)  # the other's median by ours


def benchmark(
    out: str | Path = "results.md", *, root: str | Path | None = None, quick: bool = False, rounds: int = 3
) -> Table[Measured]:
    """Measure imports, data and training on the CPU, and write the table as Markdown.

    What is compared runs in turns, after one turn to warm up, so that a machine that gets
    slower meanwhile slows both down.

    Args:
        out: the Markdown file.
        root: the folder that holds MNIST; None looks where `load_data` does.
        quick: use the bundled digits, to try the command; epochs of 1,437 images say little.
        rounds: measurements that each median is of, at least 3.
    Returns:
        One row for each thing measured.
    Raises:
        ValueError: fewer than 3 rounds, or `out` cannot be written.
    """
    whole("rounds", rounds, 3)
    check_writable(Path(out))
    data = "digits" if quick else "auto"
    images = load_data(data, root)
    busy = [load()]
    rows = []
    for row in _rows(images.train, lambda: load_data(data, root), rounds):
        print(f"{row.what}: {row.seconds:.2f} s", flush=True)
        rows.append(row)
        busy.append(load())
    table = Table(rows, footer=[f"Measured on: {machine('cpu')}.", *_about_load(busy)])
    text = [
        "# What cnnlab costs",
        "",
        f"Medians of {rounds} measurements with {images.name}, an epoch being {len(images.train):,} images. "
        "The two sides of a row took turns. *IQR* is the distance of the quartiles, in seconds. "
        "Written by `cnnlab bench`.",
        "",
        table.markdown(),
        "",
    ]
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    Path(out).write_text("\n".join(text), encoding="utf-8")
    return table


def lab_002_epoch(model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """One epoch as lab 002 trained: for the accuracy, two more forward passes in each step."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
    loss_sum = correct = total = 0.0
    for images, labels in batches:
        optimizer.zero_grad()
        loss = F.nll_loss(F.log_softmax(model(images), dim=1), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        loss_sum += loss.item()
        correct += (model(images).argmax(1) == labels).sum().item()  # after the update: other weights
        total += len(model(images))


def lab_004_epoch(model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """One epoch as lab 004 trained: a plain loop over a DataLoader."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    loss_sum = correct = 0.0
    for images, labels in batches:
        optimizer.zero_grad()
        logits = model(images)
        loss = F.cross_entropy(logits, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        loss_sum += loss.item()
        correct += (logits.argmax(1) == labels).sum().item()


def _rows(train: Split, load_again: Callable[[], object], rounds: int) -> Iterable[Measured]:
    low, middle, high = quantiles([_import_seconds() for _ in range(rounds)], n=4, method="inclusive")
    yield Measured("import cnnlab's names, after torch", middle, high - low, "")
    loading = take_turns({"ours": load_again}, rounds)["ours"]
    yield Measured("load_data, with its checks", loading.median, loading.iqr, "")
    yield _compare(
        "read an epoch, batch 64",
        lambda: _read(train.batches(64, shuffle=True)),
        "DataLoader with ToTensor",
        lambda: _read(data_loader(train, 64, shuffle=True)),
        rounds,
    )
    for name, loop in (("cnn_320", lab_002_epoch), ("cnn_padded", lab_004_epoch)):
        recipe = models.recipe(name)
        yield _compare(
            f"train an epoch of {name}, batch {recipe.batch_size}",
            partial(_fit_epoch, recipe, train),
            f"lab {recipe.lab}'s loop",
            partial(_loop_epoch, loop, recipe, train),
            rounds,
        )


def _compare(
    what: str, ours: Callable[[], object], against: str, theirs: Callable[[], object], rounds: int
) -> Measured:
    took: dict[str, Timing] = take_turns({"ours": ours, "theirs": theirs}, rounds)
    a, b = took["ours"], took["theirs"]
    return Measured(what, a.median, a.iqr, against, b.median, b.iqr, b.median / a.median)


def _fit_epoch(recipe: models.Recipe, train: Split) -> None:
    fit(
        models.build(recipe.model),
        train,
        epochs=1,
        batch_size=recipe.batch_size,
        optimizer=recipe.optimizer,
        lr=recipe.lr,
        momentum=recipe.momentum,
        device="cpu",
        progress=False,
    )


def _loop_epoch(loop: Loop, recipe: models.Recipe, train: Split) -> None:
    loop(models.build(recipe.model), data_loader(train, recipe.batch_size, shuffle=True))


def _read(batches: Iterable[object]) -> None:
    for _ in batches:
        pass


def _import_seconds() -> float:
    """Seconds that the import takes in a new Python, where torch is imported already."""
    run = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
    return float(run.stdout)


def _about_load(busy: Iterable[float | None]) -> list[str]:
    """What the table says about other programs; this one makes a load of one for each thread."""
    loads = [value for value in busy if value is not None]
    if not loads or median(loads) <= torch.get_num_threads() + 0.5:
        return []
    return [
        f"Other programs ran meanwhile (median load {median(loads):.1f} on {machine().cores} cores): the "
        "seconds are longer than on an idle machine, and the ratios are rough."
    ]
