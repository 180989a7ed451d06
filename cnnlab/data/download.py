"""Download a published data set: into a temporary folder first, checked, then moved into place."""

from __future__ import annotations

import errno
import http.client
import shutil
import socket
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnnlab.data.catalogue import Published
from cnnlab.data.folder import closed, find_folder, read_folder, verify
from cnnlab.data.raw_file import MISSING
from cnnlab.data.splits import ImageData
from cnnlab.errors import DataError

PROBE_SECONDS = 3.0  # how long a server may take to say that it is there
STALL_SECONDS = 15.0  # how long a download may stand still
DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS}
DISK_ERRORS |= {errno.ENOTDIR, errno.EEXIST}  # a file is where a folder has to be

_failed: dict[str, str] = {}  # data set -> why; so that a second call does not wait for the network again


class Unreachable(DataError):
    """No server has the files: whoever wants them can still copy them by hand."""


def forget_failures() -> None:
    """Let the next download try the network again."""
    _failed.clear()


def download(data_set: Published, root: Path) -> ImageData:
    """Download a data set into `root`, laid out as torchvision does, and load it.

    Args:
        data_set: what to download.
        root: the folder that will hold MNIST/raw; files that are there already are kept.
    Raises:
        DataError: no server can be reached, the folder cannot be used, or a file is not as published.
    """
    hidden = closed(root)
    if hidden is not None:
        raise DataError(
            f"{root} cannot be used: you may not read {hidden}. Change its permissions, or name another "
            "folder in CNNLAB_DATA, or as root."
        )
    broken = [check for check in verify(root, data_set.name) if not check.ok and check.state != MISSING]
    if broken:  # they are not ours to replace
        folder = find_folder(root, data_set)
        raise DataError(
            "\n".join(f"{folder}/{check.file}: {check.state}. {check.remedy}" for check in broken)
        )
    if data_set.name in _failed:
        raise Unreachable(_failed[data_set.name])
    try:
        mirrors = _reachable(data_set)
        root.mkdir(parents=True, exist_ok=True)
        _check_space(root, data_set)
        # in the same folder, so that the move at the end is a rename
        with tempfile.TemporaryDirectory(
            prefix=".download-", dir=root, ignore_cleanup_errors=True
        ) as partial:
            raw = Path(partial) / data_set.folder / "raw"
            _fetch_files(data_set, mirrors, raw)
            read_folder(raw, data_set, "downloaded")  # nothing unchecked ever reaches its place
            _move(raw.parent, root / data_set.folder)
    except _NoNetwork as error:
        _failed[data_set.name] = f"{data_set.title} cannot be downloaded: {error}."
        raise Unreachable(_failed[data_set.name]) from error
    except OSError as error:
        raise DataError(f"{data_set.title} cannot be stored: {_disk_fault(error, root)}.") from error
    return read_folder(root / data_set.folder / "raw", data_set, "downloaded now")


class _NoNetwork(Exception):
    """No server could be reached, or none sent what was published."""


def _reachable(data_set: Published) -> list[str]:
    """The mirrors that answer within PROBE_SECONDS, asked all at once."""
    answers: dict[str, str] = {}
    threads = []
    for mirror in data_set.mirrors:
        url = f"{mirror}{data_set.files[-1].name}.gz"
        # a daemon: looking up a name can hang for longer than any timeout, and must not hold up the exit
        thread = threading.Thread(target=_probe, args=(url, mirror, answers), daemon=True)
        thread.start()
        threads.append((mirror, thread))
    deadline = time.monotonic() + PROBE_SECONDS
    for mirror, thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
        answers.setdefault(mirror, f"no answer within {PROBE_SECONDS:g} s")
    reachable = [mirror for mirror, _ in threads if answers[mirror] == ""]
    if not reachable:
        raise _NoNetwork("; ".join(f"{mirror}: {answers[mirror]}" for mirror, _ in threads))
    return reachable


def _probe(url: str, mirror: str, answers: dict[str, str]) -> None:
    """Write into `answers` why the mirror cannot be used; empty text: it can."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=PROBE_SECONDS):
            answers[mirror] = ""
    except (OSError, http.client.HTTPException, ValueError) as error:
        answers[mirror] = str(getattr(error, "reason", "") or error)


def _fetch_files(data_set: Published, mirrors: list[str], raw: Path) -> None:
    """Download and unpack the four files, each from the first mirror that has it whole."""
    from torchvision.datasets import utils

    for wanted in data_set.files:
        faults = []
        for mirror in mirrors:
            try:
                with _impatient():
                    utils.download_url(f"{mirror}{wanted.name}.gz", str(raw), md5=wanted.gz_md5)
                break
            except (OSError, http.client.HTTPException, RuntimeError) as error:
                if isinstance(error, OSError) and error.errno in DISK_ERRORS:
                    raise
                faults.append(f"{mirror}{wanted.name}.gz: {getattr(error, 'reason', '') or error}")
        else:
            raise _NoNetwork("; ".join(faults))
        utils.extract_archive(str(raw / f"{wanted.name}.gz"), str(raw))


@contextmanager
def _impatient() -> Iterator[None]:
    """Give new connections a timeout, which torchvision's download does not set."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _check_space(root: Path, data_set: Published) -> None:
    needed = int(1.3 * sum(wanted.bytes for wanted in data_set.files))  # with the compressed files
    free = shutil.disk_usage(root).free
    if free < needed:
        raise OSError(errno.ENOSPC, f"needs {needed / 1e6:.0f} MB, {free / 1e6:.0f} MB are free")


def _move(finished: Path, target: Path) -> None:
    """Put the finished folder in its place; files that are there already stay as they are."""
    try:
        finished.rename(target)  # one step, so that no other process sees half of it
    except OSError:
        if not target.is_dir():
            raise
        (target / "raw").mkdir(exist_ok=True)
        for file in sorted((finished / "raw").iterdir()):
            if not (target / "raw" / file.name).exists():
                file.rename(target / "raw" / file.name)


def _disk_fault(error: OSError, root: Path) -> str:
    elsewhere = "name another folder in CNNLAB_DATA and run `cnnlab data fetch`"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk that holds {root} is full ({error.strerror}): make room, or {elsewhere}"
    if error.errno in DISK_ERRORS:
        return f"{root} cannot be written ({error.strerror}): {elsewhere}"
    return f"{root}: {error}"
