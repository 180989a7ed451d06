"""Tell where cnnlab looks for a data set and what it finds there; fetch it on demand."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cnnlab.data.catalogue import Published, published
from cnnlab.data.download import Unreachable, download, forget_failures
from cnnlab.data.folder import closed, find_folder, verify
from cnnlab.data.load import VARIABLE, cache_folder, find_given, given_folder, how_to_get
from cnnlab.data.raw_file import MISSING, FileCheck
from cnnlab.errors import DataError
from cnnlab.table import Table, column


@dataclass(frozen=True)
class Source:
    """One of the places where `load_data` looks."""

    place: str = column("looks in")
    folder: str = column("folder")  # empty: there is none
    found: str = column("found")
    used: bool = column("used")  # whether load_data takes the data set from here
    ok: bool = True  # False: load_data raises here


def describe_sources(name: str = "mnist", root: str | Path | None = None) -> Table[Source]:
    """Where `load_data` looks for a data set, in its order, and what is there; asks no server.

    Args:
        name: "mnist", "fashion_mnist" or "kmnist".
        root: a folder to look in first.
    Raises:
        ValueError: the name is unknown.
    """
    data_set = published(name)
    rows = []
    given = given_folder(root)
    if given is None:
        rows.append(Source(VARIABLE, "", "not set", False))
    else:
        rows.append(_given(*given, data_set))
    decided = rows[0].used or not rows[0].ok
    rows.append(_cache(data_set, decided))
    decided = decided or rows[-1].used or not rows[-1].ok
    rows.append(Source("download", "", "tried where nothing above has it", not decided))
    if name == "mnist":
        rows.append(Source("the bundled digits", "", 'what "auto" takes where all else fails', False))
    return Table(rows)


def fetch(name: str = "mnist", root: str | Path | None = None) -> Table[FileCheck]:
    """Download a data set, unless it is there already; files that are there stay as they are.

    Args:
        name: "mnist", "fashion_mnist" or "kmnist".
        root: the folder that will hold MNIST/raw; None: the one in CNNLAB_DATA, else cnnlab's cache folder.
    Returns:
        The files and their checks, as `verify` does.
    Raises:
        ValueError: the name is unknown.
        DataError: no network, a folder that cannot be written, or a damaged file that is in the way.
    """
    data_set = published(name)
    given = given_folder(root)
    target = given[0] if given else cache_folder()
    there = next(folder for folder in (target, *target.absolute().parents) if os.path.exists(folder))
    if not os.path.isdir(there):
        wrong = "is not a folder" if there == target else f"cannot be a folder, because {there} is a file"
        raise DataError(f"{target} {wrong}: name another one in {VARIABLE}, or as root.")
    checks = verify(target, name)
    if all(check.ok for check in checks):
        return checks
    forget_failures()  # somebody asked for it, so the network is tried again
    try:
        download(data_set, target)
    except Unreachable as error:
        raise DataError(f"{error}\n{how_to_get(data_set, given)}") from error
    return verify(target, name)


def _given(root: Path, said_in: str, data_set: Published) -> Source:
    try:
        folder = find_given(root, said_in, data_set)
    except DataError as error:
        return Source(said_in, str(root), str(error).splitlines()[0], False, ok=False)
    if folder is None:
        return Source(said_in, str(root), f"no {data_set.title}", False)
    state, complete, _ = _state(folder, data_set)
    return Source(said_in, str(folder), state, used=complete, ok=complete)


def _cache(data_set: Published, decided: bool) -> Source:
    folder = find_folder(cache_folder(), data_set)
    if folder is None:
        hidden = closed(cache_folder())
        found = f"no {data_set.title}" if hidden is None else f"you may not read {hidden}"
        return Source("cache folder", str(cache_folder()), found, False)
    state, complete, damaged = _state(folder, data_set)
    # what is missing there can be downloaded; what is damaged stands in the way
    return Source("cache folder", str(folder), state, complete and not decided, not damaged)


def _state(folder: Path, data_set: Published) -> tuple[str, bool, bool]:
    """What is in a folder, whether all files are good, and whether one is damaged."""
    checks = verify(folder, data_set.name)
    faults = [check for check in checks if not check.ok]
    told = "; ".join(f"{check.file}: {check.state}" for check in faults)
    damaged = any(check.state != MISSING for check in faults)
    return told or f"{data_set.title}, {checks[0].state}", not faults, damaged
