"""Read the four raw files of a published data set, and tell what is wrong with them."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from cnnlab.data.catalogue import PUBLISHED, Published, RawFile, published
from cnnlab.data.splits import ImageData, Split
from cnnlab.errors import DataError
from cnnlab.table import Table, column

VERIFIED = "verified"


@dataclass(frozen=True)
class FileCheck:
    """What was found of one raw file."""

    file: str = column("file")
    bytes: int | None = column("bytes", ",d")  # of the uncompressed file; None: missing
    md5: str | None = column("MD5")  # of the uncompressed file; None: missing
    state: str = column("state")  # VERIFIED, or what is wrong
    remedy: str = ""  # what to do about it

    @property
    def ok(self) -> bool:
        return self.state.startswith(VERIFIED)


def find_folder(root: Path, data_set: Published) -> Path | None:
    """The folder with the raw files, where `root` is torchvision's root, the data set's folder or raw/ itself."""
    named = [root / data_set.folder / "raw", root / data_set.folder]
    if root.name not in {other.folder for other in PUBLISHED.values()} - {data_set.folder}:
        named.append(root / "raw")
        if root.parent.name not in {other.folder for other in PUBLISHED.values()} - {data_set.folder}:
            named.append(root)
    return next((folder for folder in named if any(_path(folder, f) for f in data_set.files)), None)


def looked_for(root: Path, data_set: Published) -> str:
    """The sentence that says which files belong where."""
    return (
        f"looked in {root / data_set.folder / 'raw'}, {root / 'raw'} and {root} for "
        f"{', '.join(f.name for f in data_set.files)} (each as it is or with .gz)"
    )


def verify(root: str | Path, name: str = "mnist") -> Table[FileCheck]:
    """Check the four raw files of a data set without raising.

    Args:
        root: the folder that holds MNIST/raw (or MNIST/ or raw/ itself).
        name: "mnist", "fashion_mnist" or "kmnist".
    Returns:
        One row for each file; `row.ok`, and where it is False `row.state` and `row.remedy`.
    """
    data_set = published(name)
    folder = find_folder(Path(root).expanduser(), data_set)
    if folder is None:
        folder = Path(root).expanduser() / data_set.folder / "raw"
    checks = [check for check, _ in _read_all(folder, data_set)]
    return Table(checks, footer=[str(folder), *(f"{c.file}: {c.remedy}" for c in checks if not c.ok)])


def read(folder: Path, data_set: Published, source: str) -> ImageData:
    """The data set in this folder, every file verified.

    Raises:
        DataError: a file is missing, cut off, swapped or corrupt.
    """
    results = _read_all(folder, data_set)
    for check, _ in results:
        if not check.ok:
            raise DataError(f"{folder / check.file}: {check.state}. {check.remedy}")
    arrays = [torch.from_numpy(content) for _, content in results if content is not None]
    side = (1, 28, 28)
    train = Split(arrays[0][16:].view(-1, *side), arrays[1][8:].long(), data_set.classes)
    test = Split(
        arrays[2][16:].view(-1, *side), arrays[3][8:].long(), data_set.classes, train.mean, train.std
    )
    return ImageData(data_set.name, train, test, data_set.classes, train.mean, train.std, source)


def _read_all(folder: Path, data_set: Published) -> list[tuple[FileCheck, np.ndarray | None]]:
    with ThreadPoolExecutor(4) as pool:  # reading and hashing leave the interpreter free
        return list(pool.map(lambda wanted: _read_one(folder, wanted, data_set), data_set.files))


def _path(folder: Path, wanted: RawFile) -> Path | None:
    paths = (folder / wanted.name, folder / f"{wanted.name}.gz")
    return next((path for path in paths if path.is_file()), None)


def _read_one(folder: Path, wanted: RawFile, data_set: Published) -> tuple[FileCheck, np.ndarray | None]:
    path = _path(folder, wanted)
    if path is None:
        found = FileCheck(wanted.name, None, None, "missing", _replace(wanted, data_set))
        return found, None
    try:
        if path.suffix == ".gz":
            content = np.frombuffer(bytearray(gzip.decompress(path.read_bytes())), dtype=np.uint8)
        else:
            content = np.fromfile(path, dtype=np.uint8)
    except (OSError, EOFError, zlib.error) as error:
        return FileCheck(path.name, None, None, f"unreadable: {error}", _replace(wanted, data_set)), None
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    problem, remedy = _problem(content, md5, wanted, data_set)
    if problem:
        return FileCheck(path.name, content.size, md5, problem, remedy), None
    return FileCheck(path.name, content.size, md5, VERIFIED), content


def _replace(wanted: RawFile, data_set: Published) -> str:
    return f"Put the published {wanted.name} of {data_set.title} ({wanted.bytes:,} bytes) in its place."


def _problem(content: np.ndarray, md5: str, wanted: RawFile, data_set: Published) -> tuple[str, str]:
    """What is wrong with the file and what to do, or two empty strings."""
    replace = _replace(wanted, data_set)
    header = (
        tuple(int(n) for n in content[: 4 * len(wanted.header)].view(">i4")) if content.size >= 16 else ()
    )
    for other in data_set.files:
        if other != wanted and header[:2] == other.header[:2]:
            return f"swapped: it holds {other.name}", "Exchange the names of the two files."
    if content.size < wanted.bytes:
        return f"cut off: {content.size:,} bytes instead of {wanted.bytes:,}", replace
    if content.size > wanted.bytes:
        return f"too long: {content.size:,} bytes instead of {wanted.bytes:,}", replace
    if header != wanted.header:
        return f"corrupt: it begins with {header} instead of {wanted.header}", replace
    if wanted.md5 and md5 != wanted.md5:
        return f"corrupt: its MD5 is {md5} instead of {wanted.md5}", replace
    return "", ""
