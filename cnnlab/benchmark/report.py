"""`cnnlab bench`: measure everything, and write both tables to one file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median

import torch

from cnnlab.arithmetic import whole
from cnnlab.benchmark.floor import EXPLANATION, floor_rows
from cnnlab.benchmark.rows import Measured, data_rows
from cnnlab.benchmark.starting import import_rows, picture_row
from cnnlab.benchmark.training import training_rows
from cnnlab.benchmark.words import with_words
from cnnlab.data import ImageData, load_data
from cnnlab.table import Table
from cnnlab.timing import load, machine
from cnnlab.whole_file import check_replaceable, write_text

PLACE = "*(Why the shares are what they are: to be written by hand after a quiet run.)*"


def benchmark(
    out: str | Path = "results.md", *, root: str | Path | None = None, quick: bool = False, rounds: int = 5
) -> Table[Measured]:
    """Measure imports, data and training on the CPU, and write two tables as Markdown.

    What is compared runs in turns, after one turn to warm up, so that a machine that gets
    slower meanwhile slows both down. What a person wrote under the tables is kept.

    Args:
        out: the Markdown file.
        root: the folder that holds MNIST; None looks where `load_data` does.
        quick: use the bundled digits, to try the command; epochs of 1,437 images say little.
        rounds: measurements that each median is of, at least 3.
    Returns:
        One row for each thing measured; the second table, of the steps, is in the file only.
    Raises:
        ValueError: fewer than 3 rounds, or `out` cannot be written, or is a file of somebody else's.
    """
    whole("rounds", rounds, 3)
    out = Path(out)
    check_replaceable(out, "cnnlab bench")
    name = "digits" if quick else "auto"
    images = load_data(name, root)
    busy, rows = [load()], []
    notes: list[str] = []
    for row in _rows(images, name, root, rounds, notes):
        print(f"{row.what}: {row.seconds:.2f} s", flush=True)
        rows.append(row)
        busy.append(load())
    steps = []
    for step in floor_rows(images.train, rounds):
        print(f"{step.network}, {step.precision}: {step.step_ms:.2f} ms a step", flush=True)
        steps.append(step)
        busy.append(load())
    measured_on = [f"Measured on: {machine('cpu')}.", *_about_load(busy)]
    table = Table(rows, footer=[*notes, *measured_on])
    text = [
        "# What cnnlab costs",
        "",
        f"Medians of {rounds} measurements with {images.name}, an epoch being {len(images.train):,} images. "
        "The sides of a row took turns, the labs' loops in processes of their own. *IQR* is the distance of "
        "the quartiles, in seconds. An *accuracy* is "
        f"the mean over the seeds 1 to {rounds}, after the epoch, on the {len(images.test):,} test images. "
        "What is *wanted* is wanted of the seconds, or of how many times as long the other takes. "
        "Written by `cnnlab bench`.",
        "",
        table.markdown(),
        "",
        "## A step against the floor",
        "",
        EXPLANATION,
        "",
        Table(steps, footer=measured_on).markdown(),
    ]
    write_text(out, with_words(out, "\n".join(text), PLACE))
    return table


def _rows(
    images: ImageData, name: str, root: str | Path | None, rounds: int, notes: list[str]
) -> Iterator[Measured]:
    yield from import_rows(rounds)
    try:
        picture, why = picture_row(rounds, root), "the notebooks are not beside cnnlab"
    except RuntimeError as error:  # a reader may have changed the notebook
        picture, why = None, str(error).rstrip(".")
    if picture is None:
        notes.append(f"The first picture of notebook 1 was left out: {why}.")
    else:
        yield picture
    yield from data_rows(images.train, lambda: load_data(name, root), rounds)
    yield from training_rows(images, rounds, notes)


def _about_load(busy: Iterable[float | None]) -> list[str]:
    """What the table says about other programs; this one makes a load of one for each thread."""
    loads = [value for value in busy if value is not None]
    if not loads or median(loads) <= torch.get_num_threads() + 0.5:
        return []
    return [
        f"Other programs ran meanwhile (median load {median(loads):.1f} on {machine().cores} cores): the "
        "seconds are longer than on an idle machine, and the ratios are rough."
    ]
