"""The reader's own race: every try is kept, and the fastest that is accurate enough stands on top.

A try learns from one part of the training images and is measured on the other, the held-out one, so
that trying again and again does not wear out the test images. All laps are kept in one readable file,
`leaderboard.jsonl` beside `predictions.json` (or where the environment variable CNNLAB_LEADERBOARD
says), a line for each. Nothing is ever sent.
"""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from statistics import mean, median
from typing import Any

import torch
from torch import nn

from cnnlab import models, predictions
from cnnlab.arithmetic import whole
from cnnlab.data import ImageData, hold_out, load_data
from cnnlab.race import RECIPE, lap
from cnnlab.table import Table, column
from cnnlab.training.seeding import own_random_numbers

VARIABLE = "CNNLAB_LEADERBOARD"
FILE = "leaderboard.jsonl"
HELD_OUT = 1 / 6  # of the training images: 10,000 of MNIST's
GOALS = {"mnist": 98.8, "digits": 97.0}  # percent of the held-out images
EPOCHS = {"digits": 5}  # of few images one pass is too short
OURS = ("seed", "validation", "checkpoint", "callbacks", "progress")  # settings of `fit` that no try chooses


@dataclass(frozen=True)
class Kept:
    """One lap as the file holds it."""

    name: str
    data: str
    seed: int
    seconds: float
    accuracy: float  # percent of the held-out images
    parameters: int
    settings: dict[str, Any]  # those in which the try differs from the race's own
    kept_on: str  # the day, as in 2026-11-22
    network: str = ""  # a digest of its layers: two networks may have equally many parameters


@dataclass(frozen=True)
class Try:
    """All laps of one try."""

    place: str = column("place")  # "" where the goal was missed
    name: str = column("try")
    seconds: float = column("seconds", ".2f")  # median of the laps
    accuracy: float = column("held-out accuracy (%)", ".2f")  # mean over the seeds
    worst: float = column("worst seed (%)", ".2f")
    seeds: int = column("seeds", "d")
    parameters: int = column("parameters", ",d")


@own_random_numbers()
def attempt(
    name: str,
    build: Callable[[], nn.Module] = models.CNNRace,
    *,
    data: ImageData | None = None,
    seeds: int = 1,
    device: str | torch.device = "auto",
    **settings: Any,
) -> Table[Try]:
    """Race with a network and settings of your own, and see where they stand.

    Args:
        name: of this try. The same name again, with another number of seeds, adds laps to it.
        build: makes the network: its class, or a function without arguments.
        data: as `load_data` returns it; None loads it.
        seeds: laps, with the seeds 0, 1, 2, …
        device: where to train.
        settings: for `fit`, in place of those of the race, such as lr=0.1, epochs=2, batch_size=256.
    Returns:
        The leaderboard with this try in it.
    Raises:
        ValueError, TypeError: something that was given cannot be raced with; nothing is kept then.
        TrainingError: the network does not fit, or its training went astray; finished laps are kept.
    """
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"name={name!r}: a try needs a name, such as 'lr 0.1'.")
    if not _can_be_written(name):
        raise ValueError(f"name={name!r} holds half a character, which no file can keep: write another name.")
    if isinstance(build, nn.Module) or not callable(build):
        raise TypeError(
            f"build is {_kind(build)}: give what makes a network, its class without brackets or a function, "
            "so that every seed starts from new weights."
        )
    whole("seeds", seeds, 1)
    for setting in OURS:
        if setting in settings:
            raise ValueError(
                f"{setting}= is not yours to choose in the race: leave it out. (seeds=5 trains five.)"
            )
    data = load_data() if data is None else data
    goal = _goal(data.name)
    example = build()
    if not isinstance(example, nn.Module):
        raise TypeError(f"what build() made is {_kind(example)}, not a network.")
    if _begins_the_same(example, build()):
        raise ValueError(
            "build() gives the same weights twice, so the second lap would begin where the first ended, or "
            "repeat it: let it make a new network with new random weights each time."
        )
    parameters = sum(p.numel() for p in example.parameters())
    network = _digest(repr(example))
    name = " ".join(name.split())
    told = {key: _told(value) if callable(value) else value for key, value in sorted(settings.items())}
    kept, problem = _read()
    for before in kept:
        if (before.name, before.data) != (name, data.name):
            continue
        same = (before.parameters, before.settings) == (
            parameters,
            json.loads(json.dumps(told, default=repr)),
        )
        if not same or before.network not in ("", network):
            raise ValueError(
                f"{name!r} is on the leaderboard with {before.parameters:,} parameters and "
                f"{_settings(before.settings)}: give this try another name."
            )

    train, held_out = hold_out(data.train, HELD_OUT)
    choosing = dataclasses.replace(data, train=train, test=held_out)  # the test images are out of reach
    settings = {"epochs": EPOCHS.get(data.name, RECIPE["epochs"]), **settings}
    few = dataclasses.replace(choosing, train=train.take(min(len(train), 256)))
    lap(few, 0, build, device, **{**settings, "epochs": 1})  # warms up, and finds what does not fit
    for seed in range(seeds):
        made = lap(choosing, seed, build, device, **settings)
        today = date.today().isoformat()
        new = Kept(name, data.name, seed, made.seconds, made.accuracy, parameters, told, today, network)
        kept.append(new)
        problem = _append(new) or problem
    return _table(kept, data.name, goal, problem)


def leaderboard(data: str = "mnist") -> Table[Try]:
    """All tries so far, the fastest that reached the goal first; those that did not stand below.

    Args:
        data: "mnist" or "digits": times of one say nothing about the other.
    """
    goal = _goal(data)
    kept, problem = _read()
    return _table(kept, data, goal, problem)


def path() -> Path:
    """The file that holds the laps."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else predictions.path().with_name(FILE)


def _goal(data: str) -> float:
    if data not in GOALS:
        raise ValueError(f"the race has no goal for {data!r}: it is run on {' or '.join(GOALS)}.")
    return GOALS[data]


def _table(kept: Sequence[Kept], data: str, goal: float, problem: str) -> Table[Try]:
    tries: dict[str, list[Kept]] = {}
    for one in kept:
        if one.data == data:
            tries.setdefault(one.name, []).append(one)
    rows = []
    for name, laps in tries.items():
        by_seed = {one.seed: one.accuracy for one in laps}  # the same seed again is no new seed
        accuracies = list(by_seed.values())
        seconds = median(one.seconds for one in laps)
        found = mean(accuracies), min(accuracies), len(by_seed)
        rows.append(Try("", name, seconds, *found, laps[-1].parameters))
    reached = sorted((row for row in rows if row.accuracy >= goal), key=lambda row: row.seconds)
    missed = sorted((row for row in rows if row.accuracy < goal), key=lambda row: -row.accuracy)
    placed = [dataclasses.replace(row, place=str(place)) for place, row in enumerate(reached, start=1)]
    footer = [f"The goal: a mean of {goal:g} % of the held-out images. No test image was looked at."]
    if any(row.seeds < 3 for row in rows):
        footer.append("One or two seeds may be lucky ones: seeds=5 says more.")
    return Table([*placed, *missed], footer=[*footer, *([problem] if problem else [])])


def _settings(settings: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in settings.items()) or "the race's own settings"


def _kind(value: object) -> str:
    return f"of the type {type(value).__name__}"


def _read() -> tuple[list[Kept], str]:
    """All laps that can be read, and what is wrong with the file; nothing in it is ever changed."""
    file = path()
    try:
        lines = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        return [], ""
    except OSError as error:
        return [], f"({file} cannot be read, {error.strerror}: what is kept there is not shown.)"
    kept, damaged = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            kept.append(_lap(json.loads(line)))
        except (ValueError, TypeError, OverflowError, RecursionError):
            damaged.append(str(number))
    if not damaged:
        return kept, ""
    which = f"line {damaged[0]} holds" if len(damaged) == 1 else f"lines {', '.join(damaged)} hold"
    return kept, f"({file}: {which} no lap; left as found, and left out here.)"


def _lap(values: Any) -> Kept:
    """One line of the file; a TypeError where a part is missing or of the wrong kind."""
    made = Kept(**values)
    texts, counts = (made.name, made.data), (made.seed, made.parameters)
    numbers = (made.seconds, made.accuracy)
    if not (all(isinstance(t, str) for t in texts) and all(isinstance(n, int) for n in counts)):
        raise TypeError("a text or a count is none")
    if not all(isinstance(n, (int, float)) and math.isfinite(n) for n in numbers):
        raise TypeError("a number is none")
    if not isinstance(made.settings, dict):
        raise TypeError("the settings are none")
    if not (made.seconds > 0 and 0 <= made.accuracy <= 100 and _can_be_written(made.name)):
        raise ValueError("no lap can give that")
    return made


def _can_be_written(text: str) -> bool:
    """Whether UTF-8 can hold a text: half of a character that needs two, from a broken copy, it cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _begins_the_same(network: nn.Module, other: object) -> bool:
    """Whether two networks are one, or begin with the same random weights; zeros and ones are not random."""
    if network is other or not isinstance(other, nn.Module):
        return network is other
    drawn = [
        (a, b)
        for a, b in zip(network.parameters(), other.parameters())
        if a.numel() and bool((a != a.flatten()[0]).any())
    ]
    return bool(drawn) and all(a.shape == b.shape and torch.equal(a, b) for a, b in drawn)


def _told(function: Callable[..., Any]) -> str:
    """A function by its name; one without a name, a lambda, by what it does as well."""
    name = getattr(function, "__qualname__", repr(function))
    code = getattr(function, "__code__", None)
    if "<lambda>" not in name or code is None:
        return name
    constants = [getattr(constant, "co_code", constant) for constant in code.co_consts]
    return f"{name} {_digest(repr((code.co_code, code.co_names, constants)))}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def _append(new: Kept) -> str:
    """Add one line by one write, which two kernels can do at once; the reason where that is not possible."""
    file = path()
    line = json.dumps(asdict(new), ensure_ascii=False, default=repr).encode() + b"\n"
    try:
        if file.exists() and not os.access(file, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        with open(file, "a+b", buffering=0) as kept:
            if kept.seek(0, os.SEEK_END):
                kept.seek(-1, os.SEEK_END)
                if kept.read(1) != b"\n":
                    line = b"\n" + line  # what a killed program left of a line stays a line of its own
            if (written := kept.write(line)) != len(line):  # what is there stays a line of its own
                raise OSError(errno.ENOSPC, f"only {written} of {len(line)} bytes fitted")
            os.fsync(kept.fileno())
    except OSError as error:
        remedy = f"name a file that can be written in the environment variable {VARIABLE}"
        return f"(It is not kept: {file} cannot be written, {error.strerror}; {remedy}.)"
    return ""
