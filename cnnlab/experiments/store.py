"""Every result in one table on disk: a line of JSON for each run, written when the run has ended."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cnnlab.experiments.run import Result, frozen
from cnnlab.table import Table

NO_RESULT = (ValueError, TypeError, KeyError, AttributeError)  # what reading something else raises
BEGINNING = b'{"key": '  # of every line


def read_results(path: str | Path) -> Table[Result]:
    """All results that a file holds, in the order in which they were written.

    A last line that a killed program left unfinished counts as not run. A run that stands there
    twice, from two sweeps at once, counts once.

    Args:
        path: the file that `sweep` wrote; where there is none, there are no results.
    Raises:
        ValueError: the file holds something else.
    """
    path = Path(path)
    try:
        lines = path.read_bytes().split(b"\n")
    except (FileNotFoundError, NotADirectoryError):
        return Table([])
    found: dict[str, Result] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            result = _from_json(json.loads(line))
        except NO_RESULT as error:
            if (number == len(lines) or b"\x00" in line) and _begun(line):
                continue  # cut off: the program was killed, or the disk was full
            raise ValueError(
                f"{path}, line {number}, holds no result of a sweep ({error}): "
                "name another file, or mend the line."
            ) from error
        found.setdefault(result.key, result)
    return Table(found.values())


def append(path: Path, result: Result) -> None:
    """Add one result, and wait until it is on the disk."""
    with open(path, "a+b") as file:
        if file.tell() and not _ends_a_line(file):
            file.seek(0)
            whole = file.read()
            start = whole.rfind(b"\n") + 1
            if _is_result(whole[start:]):
                file.write(b"\n")  # an editor took it away
            elif _begun(whole[start:]):
                file.truncate(start)  # what a killed program left of a line
            else:
                raise ValueError(f"{path} ends in something that is no result: name another file.")
        file.write(json.dumps(asdict(result), ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _begun(line: bytes) -> bool:
    """Whether a line is the beginning of a result; after a crash some systems leave zeros behind it."""
    line = line.rstrip(b"\x00")
    return line.startswith(BEGINNING) or BEGINNING.startswith(line)


def _is_result(line: bytes) -> bool:
    try:
        _from_json(json.loads(line))
    except NO_RESULT:
        return False
    return True


def _ends_a_line(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")


def _from_json(values: dict[str, Any]) -> Result:
    settings = {name: frozen(value) for name, value in values["settings"].items()}
    return Result(**{**values, "settings": settings})
