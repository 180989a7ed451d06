"""Files that appear complete under their name, or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

PARTIAL = ".cnnlab-partial"  # hardly the end of a file name of the user's
_NO_FILE = "a device or a pipe, no ordinary file"


def partial_name(path: Path) -> Path:
    """The name beside `path` under which a file is written first."""
    return path.with_name(path.name + PARTIAL)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that takes its name only when all of it is on the disk.

    What had the name before stays until then, also if the program is killed or the disk is full.

    Args:
        path: the file, or a link to it, which stays a link; another file beside it, with
            ".cnnlab-partial" added, is used while writing.
    Yields:
        The file, open for writing bytes.
    Raises:
        OSError: it cannot be written, or is no ordinary file; nothing is changed or left behind then.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path} is {'a folder' if path.is_dir() else _NO_FILE}: choose another name.")
    partial = partial_name(path)
    try:
        with open(partial, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # the content must be on the disk before the name points to it
        if path.exists():
            shutil.copymode(path, partial)
        os.replace(partial, path)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            error.filename = str(path)  # a full disk does not say which file it was
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text, in UTF-8, as a `whole_file`.

    Raises:
        OSError: it cannot be written; what was there before is still there then.
    """
    with whole_file(path) as file:
        file.write(text.encode())


def check_writable(path: Path) -> None:
    """Refuse a file that cannot be written, before the hours of work that it is for.

    Args:
        path: the file; its folder is made. A file that is there keeps its content.
    Raises:
        ValueError: it is a folder, or may not be written.
    """
    named, path = path, Path(os.path.realpath(path))  # a link that leads nowhere yet stays a link
    if path.is_dir():
        raise ValueError(f"{named} is a folder: name a file in it.")
    if path.exists() and not path.is_file():  # to open a pipe would wait for its reader
        raise ValueError(f"{named} is {_NO_FILE}: choose another name.")
    new = not path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()
    except OSError as error:
        raise ValueError(f"{named} cannot be written ({error.strerror}): name another file.") from error
    if new:
        with suppress(FileNotFoundError):  # another program may try the same place
            if not path.stat().st_size:  # what it has begun to write stays
                path.unlink()


def check_replaceable(path: Path, by: str, mark: str | None = None) -> None:
    """Refuse a file that `whole_file` could not replace, or that somebody else wrote, before the work.

    Args:
        path: the file; its folder is made. A file that is there keeps its content.
        by: the command that writes it.
        mark: what every file of that command holds; None takes its name between two backticks.
    Raises:
        ValueError: it cannot be written, or is there already and holds something else.
    """
    check_writable(path)
    place = Path(os.path.realpath(path))
    mark = f"`{by}`" if mark is None else mark
    if place.exists() and (content := place.read_bytes()).strip() and mark.encode() not in content:
        raise ValueError(f"{path} is there already and was not written by {by}: name another file.")
    partial = partial_name(place)  # a folder may let one file be changed, and none be added
    try:
        left = partial.exists()
        partial.open("ab").close()
        if not left:
            partial.unlink()
    except OSError as error:
        raise ValueError(
            f"{path} cannot be written: {partial.name} beside it cannot ({error.strerror}); name another "
            "file."
        ) from error
