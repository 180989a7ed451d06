"""Train each lab's network by its own recipe, and compare with what the lab reported.

A finished run is one line in a file beside the table, so a command that was stopped goes on
where it was when it is given again.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

from cnnlab import models
from cnnlab.arithmetic import whole
from cnnlab.data import ImageData, load_data
from cnnlab.device import pick_device
from cnnlab.table import Table, column
from cnnlab.timing import load, machine
from cnnlab.training import evaluate, fit, set_seed
from cnnlab.whole_file import check_replaceable, check_writable, write_text

# The networks that have a band come first, so that a run cut short still answers for them.
NETWORKS = ("cnn_320", "cnn_padded", "cnn_wide", "logistic", "mlp", "lenet_dropout", "cnn_deep")


@dataclass(frozen=True)
class Band:
    """Where the mean accuracy must lie, in percent of MNIST's test images."""

    low: float
    high: float = 100.0

    @property
    def words(self) -> str:
        """As the table says it."""
        return f"at least {self.low:g}" if self.high == 100 else f"{self.low:g} to {self.high:g}"


BANDS = {"cnn_320": Band(97.5, 99.0), "cnn_padded": Band(98.5), "cnn_wide": Band(98.5)}


@dataclass(frozen=True)
class Run:
    """One network trained once: one line of the file of finished runs."""

    network: str
    seed: int
    data: str  # the data set's name
    settings: dict[str, Any]  # what the run was trained with; other settings make another run
    accuracy: float  # percent of the test images
    seconds: list[float]  # of each epoch
    machine: str  # with software and date
    load: float | None  # programs that wanted a CPU core, mean of the last minute; None on Windows


@dataclass(frozen=True)
class Reproduced:
    """One network: what its lab reported, and what came out here."""

    network: str = column("network")
    lab: str = column("lab")
    recipe: str = column("recipe")
    reported: float | None = column("reported (%)", ".2f")
    accuracy: float = column("reproduced (%)", ".2f")  # mean over the seeds
    lowest: float = column("lowest", ".2f")
    highest: float = column("highest", ".2f")
    seeds: int = column("seeds", "d")
    seconds: float | None = column("s an epoch", ".1f")  # median; None where the machine was busy
    band: str = column("must be")
    holds: bool | None = column("holds")  # None where there is no band


def reproduce(
    names: Sequence[str] | None = None,
    seeds: int = 3,
    root: str | Path | None = None,
    out: str | Path = "reproduce.md",
    *,
    data: str = "mnist",
    epochs: int | None = None,
    device: str = "auto",
    progress: bool = True,
) -> Table[Reproduced]:
    """Train the labs' networks and write the table of reported against reproduced accuracies.

    Finished runs are kept beside `out`, in a file that ends in .jsonl, and are not run again.
    All networks run with seed 0 first, then with seed 1, and so on; after each run `out` is
    written anew, with all the runs that are kept.

    Args:
        names: networks, by name; None for all seven of the labs.
        seeds: how often each network is trained, with the seeds 0, 1, 2, ...
        root: the folder that holds MNIST; None looks where `load_data` does.
        out: the Markdown file.
        data: "mnist"; with another data set no band is judged, as the bands are MNIST's.
        epochs: fewer passes than the recipe asks for, for a trial; then no band is judged either.
        device: where to train.
        progress: show a bar for each run.
    Returns:
        One row for each network; `all_hold(table)` says whether every band held.
    Raises:
        ValueError: a network is unknown or has no recipe, a number is below 1, or `out` ends in .jsonl or
            cannot be written.
        DataError: MNIST was not found.
        KeyboardInterrupt: stopped by Ctrl-C; the finished runs are kept.
    """
    chosen = NETWORKS if names is None else tuple(dict.fromkeys(names))
    for name in chosen:
        models.recipe(name)  # an unknown name is refused before anything is trained
    whole("seeds", seeds, 1)
    if epochs is not None:
        whole("epochs", epochs, 1)
    if Path(out).suffix == ".jsonl":
        raise ValueError(f"{out} is where the runs are kept: name a file such as reproduce.md for the table.")
    pick_device(device)  # a wrong one is said before the network is waited for
    images = load_data(data, root)
    kept = Path(out).with_suffix(".jsonl")
    check_writable(kept)
    check_replaceable(Path(out), "cnnlab reproduce")

    planned = [(name, seed) for seed in range(seeds) for name in chosen]
    finished = {_identity(r.network, r.seed, r.data, r.settings): r for r in read_runs(kept)}
    mine = []
    for number, (name, seed) in enumerate(planned, start=1):
        settings = _settings(name, epochs)
        key = _identity(name, seed, images.name, settings)
        known = key in finished
        if not known:
            finished[key] = _train(name, seed, images, settings, device, progress)
            _append(kept, finished[key])
        run = finished[key]
        mine.append(run)
        print(
            f"[{number}/{len(planned)}] {name}, seed {seed}: {run.accuracy:.2f} %, "
            f"{median(run.seconds):.1f} s an epoch{' (kept from before)' if known else ''}",
            flush=True,
        )
        alike = [
            r
            for r in finished.values()
            if r.network in NETWORKS and r.data == images.name and r.settings == _settings(r.network, epochs)
        ]
        write_text(Path(out), _markdown(alike, images, kept.name))
    return tabulate(mine)


def all_hold(table: Table[Reproduced]) -> bool:
    """Whether no band was missed."""
    return all(row.holds is not False for row in table)


def tabulate(runs: Sequence[Run]) -> Table[Reproduced]:
    """The finished runs as a table, one row for each network."""
    rows = []
    for name in sorted({run.network for run in runs}, key=NETWORKS.index):
        mine = [run for run in runs if run.network == name]
        calm = [run for run in mine if not _was_busy(run)]
        recipe, settings = models.recipe(name), mine[0].settings
        accuracies = [run.accuracy for run in mine]
        as_in_the_lab = mine[0].data == "mnist" and settings == _settings(name)
        band = BANDS.get(name) if as_in_the_lab else None
        rows.append(
            Reproduced(
                network=name,
                lab=recipe.lab,
                recipe=_in_words(settings),
                reported=recipe.reported,
                accuracy=mean(accuracies),
                lowest=min(accuracies),
                highest=max(accuracies),
                seeds=len(mine),
                seconds=median(s for run in calm for s in run.seconds) if calm else None,
                band=band.words if band else "",
                holds=band.low <= mean(accuracies) <= band.high if band else None,
            )
        )
    return Table(rows, footer=_footer(runs))


def read_runs(path: str | Path) -> list[Run]:
    """The finished runs in a file; a line that was cut off when the program was killed is left out."""
    if not Path(path).is_file():
        return []
    runs = []
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        try:
            runs.append(Run(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return runs


def _train(
    name: str, seed: int, images: ImageData, settings: dict[str, Any], device: str, progress: bool
) -> Run:
    """One run, by the recipe, from random weights to the accuracy on all test images."""
    how = dict(settings)
    pixels = {"mean": how.pop("mean"), "std": how.pop("std")}
    train = dataclasses.replace(images.train, **pixels)
    test = dataclasses.replace(images.test, **pixels)
    set_seed(seed)
    model = models.build(name)
    history = fit(model, train, seed=seed, device=device, progress=progress, **how)
    if history.stopped:  # fit keeps what was learnt when Ctrl-C stops it, but half a run is no result
        raise KeyboardInterrupt
    return Run(
        network=name,
        seed=seed,
        data=images.name,
        settings=settings,
        accuracy=evaluate(model, test, device=device).accuracy,
        seconds=[round(seconds, 2) for seconds in history.epochs.column("seconds")],
        machine=str(machine(device)),
        load=load(),
    )


def _settings(name: str, epochs: int | None = None) -> dict[str, Any]:
    """What decides a run's result, apart from the seed."""
    recipe = models.recipe(name)
    return {
        "optimizer": recipe.optimizer,
        "lr": recipe.lr,
        "momentum": recipe.momentum,
        "batch_size": recipe.batch_size,
        "epochs": epochs or recipe.epochs,
        "mean": recipe.mean,
        "std": recipe.std,
    }


def _in_words(settings: dict[str, Any]) -> str:
    how = f"{settings['optimizer']} {settings['lr']:g}"
    if settings["momentum"]:
        how += f" momentum {settings['momentum']:g}"
    plain = settings["mean"] == 0 and settings["std"] == 1
    pixels = "pixels 0 to 1" if plain else f"mean {settings['mean']:g} std {settings['std']:g}"
    epochs = "1 epoch" if settings["epochs"] == 1 else f"{settings['epochs']} epochs"
    return f"{how}, batch {settings['batch_size']}, {epochs}, {pixels}"


def _identity(network: str, seed: int, data: str, settings: dict[str, Any]) -> str:
    return json.dumps([network, seed, data, settings], sort_keys=True)


def _append(path: Path, run: Run) -> None:
    """Add one line, on a line of its own even if the last one was cut off, and see it onto the disk."""
    cut_off = path.is_file() and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if cut_off else "") + json.dumps(dataclasses.asdict(run)) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _was_busy(run: Run) -> bool:
    """Whether more programs wanted a core than there are, so that the seconds tell of them, too."""
    return run.load is not None and run.load > machine().cores + 0.5


def _footer(runs: Sequence[Run]) -> list[str]:
    lines = [f"Measured on: {on}." for on in dict.fromkeys(run.machine for run in runs)]
    busy = [run.load for run in runs if run.load is not None and _was_busy(run)]
    if busy:
        lines.append(
            f"Other programs kept the machine busy in {len(busy)} of {len(runs)} runs (median load "
            f"{median(busy):.1f} on {machine().cores} cores): their seconds are left out. "
            "The accuracies do not depend on it."
        )
    return lines


def _markdown(runs: Sequence[Run], images: ImageData, kept: str) -> str:
    notes = [f"- **{name}**: {models.recipe(name).notes}" for name in sorted({r.network for r in runs})]
    return "\n".join(
        [
            "# The labs' networks, reproduced",
            "",
            "Each network was trained by its lab's own recipe, with cross-entropy on logits, on the "
            f"{len(images.train):,} training images of {images.name}, and judged by all {len(images.test):,} "
            "test images. *Reproduced* is the mean over the seeds; it must lie in the band where there is "
            f"one. Written by `cnnlab reproduce`; every run is a line of `{kept}`.",
            "",
            tabulate(runs).markdown(),
            "",
            "## What to know about the reported figures",
            *notes,
            "",
        ]
    )
