"""The folder with the four raw files of a data set: find it, check it, read it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from cnnlab.data.catalogue import PUBLISHED, Published, published
from cnnlab.data.raw_file import FileCheck, check_content, locate, read_content
from cnnlab.data.splits import PIXELS, ImageData, Split, pixel_statistics
from cnnlab.errors import DataError
from cnnlab.table import Table


def expanded(path: str | Path, said_in: str) -> Path:
    """A path with ~ written out.

    Args:
        path: what somebody wrote.
        said_in: where: "root" or "CNNLAB_DATA".
    Raises:
        DataError: there is no such home folder.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise DataError(
            f"{said_in} names {str(path)!r}, but there is no user of that name, or no home folder.\n"
            "Correct it, or leave it out."
        ) from error


def candidates(root: Path, data_set: Published) -> list[Path]:
    """The folders under `root` that may hold the raw files, the usual one first.

    `root` may be torchvision's root, the data set's own folder, or the folder raw/ itself.
    """
    folders = [root / data_set.folder / "raw", root / data_set.folder]
    # all data sets name their files alike: never read those of another one's folder
    others = {other.folder for other in PUBLISHED.values()} - {data_set.folder}
    # the own name of "." or of a link tells nothing; a path with a zero byte leads nowhere
    here = root if "\0" in str(root) else Path(os.path.realpath(root))
    if here.name not in others and not (here.name == "raw" and here.parent.name in others):
        folders += [root / "raw", root]
    return folders


def find_folder(root: Path, data_set: Published) -> Path | None:
    """The first candidate that holds all four files, else the first that holds some, else None."""
    folders = candidates(root, data_set)
    for enough in (is_complete, _is_begun):
        for folder in folders:
            if enough(folder, data_set):
                return folder
    return None


def is_complete(folder: Path, data_set: Published) -> bool:
    """Whether all four files are there, whatever is in them."""
    return all(locate(folder, wanted) for wanted in data_set.files)


def closed(path: Path) -> Path | None:
    """The nearest folder at or above `path` that the user may not enter; None: all can be looked into."""
    there = (folder for folder in (path, *path.parents) if os.path.isdir(folder))
    return next((folder for folder in there if not os.access(folder, os.X_OK)), None)


def _is_begun(folder: Path, data_set: Published) -> bool:
    return any(locate(folder, wanted) for wanted in data_set.files)


def verify(root: str | Path, name: str = "mnist") -> Table[FileCheck]:
    """Check the four raw files of a data set; a fault is a row of the table, not an exception.

    Args:
        root: the folder that holds MNIST/raw, or MNIST/ or raw/ itself.
        name: "mnist", "fashion_mnist" or "kmnist".
    Returns:
        One row a file: `row.ok`, `row.state`, and `row.remedy` where the file is not ok.
    Raises:
        ValueError: the name is unknown.
        DataError: root begins with a home folder that there is not.
    """
    data_set = published(name)
    root = expanded(root, "root")
    folder = find_folder(root, data_set) or candidates(root, data_set)[0]
    checks, _ = _check_all(folder, data_set)
    return Table(checks, footer=[f"in {folder}", *(f"{c.file}: {c.remedy}" for c in checks if not c.ok)])


def read_folder(folder: Path, data_set: Published, source: str) -> ImageData:
    """Load the data set in this folder, every file checked.

    Args:
        folder: where the four files are.
        data_set: which data set they are.
        source: where they came from, in words.
    Raises:
        DataError: a file is missing, cut off, swapped or corrupt; all such files are named.
    """
    checks, loaded = _check_all(folder, data_set)
    faults = [f"{folder / c.file}: {c.state}. {c.remedy}" for c in checks if not c.ok]
    if faults:
        raise DataError("\n".join(faults))
    assert loaded is not None  # nothing is at fault, so all was read
    train, test = loaded
    named = f"{data_set.title}, {source}"
    return ImageData(data_set.name, train, test, train.classes, train.mean, train.std, named)


def _in_the_way(path: Path) -> Path | None:
    """A folder that has the name of a file, or a file in a folder that may not be entered."""
    return path if os.path.isdir(path) or closed(path) else None


def _check_all(folder: Path, data_set: Published) -> tuple[list[FileCheck], tuple[Split, Split] | None]:
    """The state of every file, and the two splits where nothing is wrong."""
    paths = [locate(folder, wanted) or _in_the_way(folder / wanted.name) for wanted in data_set.files]
    contents = [None if path is None else read_content(path) for path in paths]
    with ThreadPoolExecutor(max_workers=4) as pool:  # hashing and counting leave the interpreter free
        arrays = [torch.from_numpy(c) for c in contents if c is not None and not isinstance(c, Exception)]
        whole = [array.numel() for array in arrays] == [wanted.bytes for wanted in data_set.files]
        counted = pool.submit(pixel_statistics, arrays[0][16:]) if whole else None
        checks = list(
            pool.map(check_content, paths, contents, data_set.files, [data_set] * len(data_set.files))
        )
    if counted is None or not all(check.ok for check in checks):
        return checks, None
    shape = (-1, 1, PIXELS, PIXELS)
    images, labels, test_images, test_labels = arrays
    norm = counted.result()
    train = Split(images[16:].view(shape), labels[8:].long(), data_set.classes, *norm)
    return checks, (
        train,
        Split(test_images[16:].view(shape), test_labels[8:].long(), data_set.classes, *norm),
    )
