"""Read one raw IDX file, as it is or compressed, and tell what is wrong with it."""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.data.catalogue import PUBLISHED, Published, RawFile
from cnnlab.table import column

VERIFIED = "verified"
WELL_FORMED = "well-formed; its MD5 is not published"
MISSING = "missing"
EMPTY_IMAGES = 10  # so many without a single pixel in a row are no data
COMPRESSED = "compressed, but its name does not end with .gz"

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class FileCheck:
    """What was found of one raw file."""

    file: str = column("file")  # with .gz where only the compressed file is there
    bytes: int | None = column("bytes", ",d")  # of the uncompressed file; None: it cannot be read
    md5: str | None = column("MD5")  # of the uncompressed file; None: it cannot be read
    state: str = column("state")  # VERIFIED, WELL_FORMED, or what is wrong
    remedy: str = ""  # what was expected and what to do; empty where nothing is wrong

    @property
    def ok(self) -> bool:
        """Whether the file may be used."""
        return not self.remedy


def locate(folder: Path, wanted: RawFile) -> Path | None:
    """The uncompressed file, else the compressed one, else None."""
    paths = (folder / wanted.name, folder / f"{wanted.name}.gz")
    return next((path for path in paths if os.path.isfile(path)), None)  # False also where it may not look


def read_content(path: Path) -> Bytes | Exception:
    """The uncompressed bytes of a file, or why it cannot be read; nothing is written beside it."""
    try:
        if path.suffix == ".gz":
            return np.frombuffer(bytearray(gzip.decompress(path.read_bytes())), dtype=np.uint8)
        return np.fromfile(path, dtype=np.uint8)
    except (OSError, EOFError, zlib.error) as error:
        return error


def check_content(
    path: Path | None, content: Bytes | Exception | None, wanted: RawFile, data_set: Published
) -> FileCheck:
    """Compare the bytes of a file with what was published.

    Args:
        path: the file; None: there is none.
        content: what `read_content(path)` returned.
        wanted: the file that it should be.
        data_set: the data set that it belongs to.
    """
    md5 = f"MD5 {wanted.md5}" if wanted.md5 else "an MD5 that is not published"
    put = f"Put the published {wanted.name} (or .gz) of {data_set.title} in its place."
    if path is None or content is None:
        return FileCheck(wanted.name, None, None, MISSING, f"Expected {wanted.bytes:,} bytes, {md5}. {put}")
    if isinstance(content, PermissionError):
        return FileCheck(path.name, None, None, "not readable for you", "Allow yourself to read it.")
    if isinstance(content, IsADirectoryError):
        return FileCheck(path.name, None, None, "a folder, not a file", f"Move it away. {put}")
    if isinstance(content, Exception):
        state = f"cannot be read ({content})"
        return FileCheck(path.name, None, None, state, f"It is cut off or corrupt. {put}")
    found = _md5(content)
    state, remedy = _fault(path, content, found, wanted, data_set)
    if not state:
        state = VERIFIED if wanted.md5 else _compare_with_gz(path, content, wanted)
    if state in (VERIFIED, WELL_FORMED):
        return FileCheck(path.name, content.size, found, state)
    if not remedy and path.suffix != ".gz" and _beside(path).is_file():
        remedy = f"Move it away: then {path.name}.gz beside it is used."
    elif state == COMPRESSED:
        remedy = "Add .gz to its name."
    expected = f"Expected {wanted.bytes:,} bytes, {md5}; found {content.size:,} bytes, MD5 {found}."
    return FileCheck(path.name, content.size, found, state, f"{expected} {remedy or put}")


def _fault(path: Path, content: Bytes, md5: str, wanted: RawFile, data_set: Published) -> tuple[str, str]:
    """What is wrong with the bytes, and a remedy if it is a special one; both empty if nothing is."""
    if content[:2].tobytes() == b"\x1f\x8b":  # as every gzip file begins
        return COMPRESSED, ""
    header = _header(content, wanted)
    for other in data_set.files:
        # a file of just the right size with another's header is no other file, but has a damaged header
        if other != wanted and header[:2] == other.header[:2] and content.size != wanted.bytes:
            return _swapped(path, wanted, other)
    if content.size != wanted.bytes:
        much = "cut off" if content.size < wanted.bytes else "too long"
        return f"{much}: {content.size:,} bytes instead of {wanted.bytes:,}", ""
    if header != wanted.header:
        return f"corrupt: it begins with the numbers {header} instead of {wanted.header}", ""
    for other_set in PUBLISHED.values():
        if other_set.name != data_set.name and md5 in {file.md5 for file in other_set.files}:
            return f"from another data set: {other_set.title}, not {data_set.title}", ""
    if wanted.md5 and md5 != wanted.md5:
        return f"corrupt: its MD5 is {md5} instead of {wanted.md5}", ""
    if wanted.kind == "labels":
        return _label_fault(content[8:], data_set), ""
    last = EMPTY_IMAGES * math.prod(wanted.header[2:])
    if not content[-last:].any():  # a download that reserved its place and stopped
        return f"corrupt: its last {EMPTY_IMAGES} images are all 0", ""
    return "", ""


def _label_fault(labels: Bytes, data_set: Published) -> str:
    counts = np.bincount(labels, minlength=len(data_set.classes))
    if len(counts) > len(data_set.classes):
        at = int(np.argmax(labels >= len(data_set.classes)))
        return f"corrupt: label {labels[at]} at index {at:,}, but labels run to {len(data_set.classes) - 1}"
    if data_set.balanced and counts.min() != counts.max():
        return (
            f"corrupt or from another data set: {counts.min():,} to {counts.max():,} images a class, "
            f"but {data_set.title} has {len(labels) // len(counts):,} of each"
        )
    return ""


def _compare_with_gz(path: Path, content: Bytes, wanted: RawFile) -> str:
    """The state of a file of which only the compressed file's MD5 was published, where that is at hand."""
    compressed = path if path.suffix == ".gz" else _beside(path)
    if not compressed.is_file():
        return WELL_FORMED
    packed = compressed.read_bytes()
    md5 = _md5(packed)
    if md5 != wanted.gz_md5:
        fault = f"corrupt: the MD5 of {compressed.name} is {md5} instead of {wanted.gz_md5}"
        return fault if path == compressed else WELL_FORMED
    # a gzip file ends with the CRC-32 of what it holds
    same = zlib.crc32(content.data) == int.from_bytes(packed[-8:-4], "little")
    return VERIFIED if same else f"corrupt: it differs from what {compressed.name} holds"


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.gz")


def _swapped(path: Path, wanted: RawFile, other: RawFile) -> tuple[str, str]:
    """What to say of a file that holds another one; one that is well is not to be written over."""
    there = locate(path.parent, other)
    content = read_content(there) if there is not None else None
    both = isinstance(content, np.ndarray) and _header(content, wanted)[:2] == wanted.header[:2]
    return f"swapped: it holds {other.name}", "Give both files the name of what they hold." if both else ""


def _header(content: Bytes, wanted: RawFile) -> tuple[int, ...]:
    size = 4 * len(wanted.header)
    return tuple(content[:size].view(">i4").tolist()) if content.size >= size else ()


def _md5(content: Any) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
