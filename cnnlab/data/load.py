"""Find a data set, wherever it is, and load it."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from cnnlab.data.catalogue import DATA_NAMES, PUBLISHED, Published
from cnnlab.data.digits import load_digits
from cnnlab.data.raw_files import find_folder, looked_for, read
from cnnlab.data.splits import ImageData
from cnnlab.errors import DataError, did_you_mean

VARIABLE = "CNNLAB_DATA"


class FallbackNotice(UserWarning):
    """MNIST was not found, and the small scikit-learn digits were loaded in its place."""


def cache_folder() -> Path:
    """Where cnnlab keeps the data sets it downloads."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("cnnlab", appauthor=False)) / "data"


def load_data(name: str = "auto", root: str | Path | None = None, download: bool = True) -> ImageData:
    """Load a data set of small images.

    Looks in `root`; without it in the folder that the environment variable CNNLAB_DATA names, then
    in cnnlab's cache folder, then downloads. "auto" is MNIST, or where it is nowhere to be had the
    digits that come with scikit-learn.

    Args:
        name: "auto", "mnist", "fashion_mnist", "kmnist" or "digits".
        root: the folder that holds MNIST/raw, as torchvision lays it out; the digits need none.
        download: whether to download what is not found.
    Raises:
        ValueError: the name is unknown.
        DataError: the data set was not found, or a file is cut off, swapped or corrupt.
    """
    if name not in DATA_NAMES:
        raise ValueError(f"unknown data set {name!r}: {did_you_mean(name, DATA_NAMES)}")
    if name == "digits":
        return load_digits()
    data_set = PUBLISHED["mnist" if name == "auto" else name]
    if root is not None:
        return _from_given(Path(root).expanduser(), data_set, f"root={str(root)!r}")
    if os.environ.get(VARIABLE):
        return _from_given(Path(os.environ[VARIABLE]).expanduser(), data_set, VARIABLE)
    folder = find_folder(cache_folder(), data_set)
    if folder is not None:
        return read(folder, data_set, str(folder))
    if name == "auto":
        warnings.warn("MNIST was not found: these are the scikit-learn digits.", FallbackNotice, stacklevel=2)
        return load_digits()
    raise DataError(f"{data_set.title} was not found: {looked_for(cache_folder(), data_set)}.")


def _from_given(root: Path, data_set: Published, said_by: str) -> ImageData:
    """The data set under a folder that somebody named: where it lacks, that is a mistake."""
    if not root.is_dir():
        raise DataError(f"{said_by}: there is no folder {root}.")
    folder = find_folder(root, data_set)
    if folder is None:
        raise DataError(f"{said_by} has no {data_set.title}: {looked_for(root, data_set)}.")
    return read(folder, data_set, str(folder))
