"""Find a data set, wherever it is, and load it."""

from __future__ import annotations

import os
import shlex
import textwrap
import warnings
from pathlib import Path

from cnnlab.data.catalogue import DATA_NAMES, PUBLISHED, Published
from cnnlab.data.digits import load_digits
from cnnlab.data.download import download as download_into
from cnnlab.data.folder import candidates, closed, expanded, find_folder, is_complete, read_folder
from cnnlab.data.splits import ImageData
from cnnlab.errors import DataError, did_you_mean

VARIABLE = "CNNLAB_DATA"


class FallbackNotice(UserWarning):
    """MNIST was not found, and the small bundled digits were loaded in its place."""


# Python shows a warning once a line; this one is shown at every call. Appended, so that filters which the
# reader has set come first.
warnings.filterwarnings("always", category=FallbackNotice, append=True)


def cache_folder() -> Path:
    """Where cnnlab keeps the data sets it downloads."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("cnnlab", appauthor=False)) / "data"


def load_data(name: str = "auto", root: str | Path | None = None, download: bool = True) -> ImageData:
    """Load a data set of small images.

    Looks in `root`; without it in the folder that the environment variable CNNLAB_DATA names; then
    in cnnlab's cache folder; then downloads. "auto" is MNIST, or where it is nowhere to be had the
    small digits that come with cnnlab, with a `FallbackNotice`. A folder that was named and does not
    hold the data set, or holds a damaged one, is an error and never passed over.

    Args:
        name: "auto", "mnist", "fashion_mnist", "kmnist" or "digits".
        root: the folder that holds MNIST/raw, or MNIST/ or raw/ itself; the digits need none.
        download: whether to download what is not found.
    Raises:
        ValueError: the name is unknown.
        TypeError: root is no path.
        DataError: the data set was not found, or a file is cut off, swapped or corrupt.

    >>> load_data("digits").train.images.shape
    torch.Size([1437, 1, 28, 28])
    """
    if name not in DATA_NAMES:
        raise ValueError(f"unknown data set {name!r}: {did_you_mean(name, DATA_NAMES)}")
    if name == "digits":
        return load_digits()
    data_set = PUBLISHED["mnist" if name == "auto" else name]
    given = given_folder(root)
    if given is not None:
        folder = find_given(*given, data_set)
        if folder is not None:
            return read_folder(folder, data_set, f"the folder in {given[1]}")
    cached = find_folder(cache_folder(), data_set)
    if cached is not None and is_complete(cached, data_set):
        return read_folder(cached, data_set, "cnnlab's cache folder")
    reason = "download=False, and it is not in cnnlab's cache folder"
    if download:
        try:
            return download_into(data_set, cache_folder())
        except DataError as error:
            reason = str(error)
    if name == "auto":
        warnings.warn(_notice(reason), FallbackNotice, stacklevel=2)
        return load_digits()
    raise DataError(f"{data_set.title} was not found: {reason}\n{how_to_get(data_set)}")


def given_folder(root: str | Path | None) -> tuple[Path, str] | None:
    """The folder that somebody named, and where: as `root`, or in CNNLAB_DATA."""
    if root is not None:
        if not isinstance(root, (str, os.PathLike)):
            raise TypeError(f"root={root!r} is a {type(root).__name__}: give a folder, such as 'data'.")
        return expanded(root, "root"), "root"
    if os.environ.get(VARIABLE):
        return expanded(os.environ[VARIABLE], VARIABLE), VARIABLE
    return None


def find_given(root: Path, said_in: str, data_set: Published) -> Path | None:
    """Find a data set in a folder that somebody named.

    Args:
        root: that folder.
        said_in: "root" or "CNNLAB_DATA".
        data_set: what to look for.
    Returns:
        The folder with the raw files; None where CNNLAB_DATA has MNIST but not this data set.
    Raises:
        DataError: there is no such folder, or it does not hold what was asked for.
    """
    folder = find_folder(root, data_set)
    hidden = next(filter(None, map(closed, candidates(root, data_set))), None)
    if folder is None and hidden is not None:
        raise DataError(
            f"{said_in} names {root}, but you may not read {hidden}. "
            f"Change its permissions, or let {said_in} name another folder."
        )
    astray = _astray(root, data_set) if folder is None else None
    if astray is not None:
        raise DataError(
            f"{said_in} names {root}, and {astray} is a link to {os.readlink(astray)}, which is not there. "
            f"Mend the link, or let {said_in} name another folder."
        )
    if not os.path.isdir(root):
        raise DataError(f"{said_in} names {str(root)!r}, which is not a folder. Correct it, or leave it out.")
    if folder is None and not (said_in == VARIABLE and find_folder(root, PUBLISHED["mnist"])):
        looked = ", ".join(str(folder) for folder in candidates(root, data_set))
        files = ", ".join(wanted.name for wanted in data_set.files)
        raise DataError(
            f"{said_in} names {root}, which does not hold {data_set.title}.\n"
            f"Looked for {files} (as they are or with .gz) in {looked}.\n"
            f"Put them there, or leave {said_in} out."
        )
    return folder


def _astray(root: Path, data_set: Published) -> Path | None:
    """A link that leads nowhere, where a folder or a file of the data set should be."""
    folders = candidates(root, data_set)
    files = [
        folder / f"{wanted.name}{end}"
        for folder in folders
        for wanted in data_set.files
        for end in ("", ".gz")
    ]
    return next((p for p in (root, *folders, *files) if os.path.islink(p) and not os.path.exists(p)), None)


def how_to_get(data_set: Published, given: tuple[Path, str] | None = None) -> str:
    """The sentences that say which files belong where.

    Args:
        data_set: what is missing.
        given: the folder that it shall come into, and where that was said; None: the cache folder.
    """
    files = ", ".join(f"{wanted.name}.gz" for wanted in data_set.files)
    if given is not None:
        root = f" --root {shlex.quote(str(given[0]))}" if given[1] == "root" else ""
        return (
            f"Where there is a network, run `cnnlab data fetch {data_set.name}{root}`. "
            f"Otherwise copy {files} (or the unpacked files) into {given[0] / data_set.folder / 'raw'}."
        )
    raw = cache_folder() / data_set.folder / "raw"
    nearest = next(folder for folder in (raw, *raw.parents) if os.path.exists(folder))
    cache = f"{raw}, or into " if os.path.isdir(nearest) and os.access(nearest, os.W_OK) else ""
    return (
        f"Where there is a network, run `cnnlab data fetch {data_set.name}`. "
        f"Otherwise copy {files} (or the unpacked files) into {cache}{data_set.folder}/raw in a folder of "
        f"your own and set {VARIABLE} to that folder."
    )


def _notice(reason: str) -> str:
    told = [
        "THIS IS NOT MNIST. MNIST was not found, so these are the 1,797 small digits that come with cnnlab, "
        "8×8 pixels enlarged to 20×20 in the middle of 28×28.",
        "What it means: everything runs, but with 1,437 training images in place of 60,000. Accuracies and "
        "times are not those of MNIST.",
        f"Why: {reason}",
        how_to_get(PUBLISHED["mnist"]),
    ]
    rule = "=" * 88
    # a path that is broken in two can neither be read nor copied
    wrapper = textwrap.TextWrapper(len(rule), break_long_words=False, break_on_hyphens=False)
    lines = [line for text in told for part in text.splitlines() for line in wrapper.wrap(part)]
    return "\n".join(["", rule, *lines, rule])
