from __future__ import annotations

import errno
import os
import shutil
import tempfile
import threading
import time
import urllib.request

import pytest

from cnnlab.data import download as module
from cnnlab.data.download import download
from cnnlab.errors import DataError


def files_in(root) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_a_download_is_checked_laid_out_as_torchvision_does_and_leaves_no_temporary_folder(
    server, mnist, tmp_path
):
    data = download(mnist.published, tmp_path / "root")
    assert (len(data.train), len(data.test)) == (40, 20)
    assert data.source == "MNIST, downloaded now"
    assert files_in(tmp_path / "root") == {
        f"MNIST/raw/{name}{end}" for name in mnist.contents for end in ("", ".gz")
    }


def test_the_download_shows_its_progress_on_stderr_only(server, mnist, tmp_path, capfd):
    download(mnist.published, tmp_path)
    said = capfd.readouterr()
    assert said.out == ""
    assert "100%" in said.err


def test_a_server_that_sends_something_else_is_caught_and_nothing_is_kept(server, mnist, tmp_path):
    server.files["t10k-labels-idx1-ubyte.gz"] = b"<html>please log in to this network</html>"
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte\.gz: File not found or corrupted"):
        download(mnist.published, tmp_path)
    assert files_in(tmp_path) == set()
    assert list(tmp_path.iterdir()) == []


def test_no_network_is_said_with_the_addresses_that_were_tried(mnist, tmp_path):
    with pytest.raises(
        DataError, match=r"MNIST cannot be downloaded: http://a\.invalid/: the network is off in the tests"
    ):
        download(mnist.published, tmp_path / "root")
    assert not (tmp_path / "root").exists()


def test_a_server_that_refuses_is_named_with_its_answer(server, mnist, tmp_path):
    server.files.clear()
    with pytest.raises(DataError, match=r"http://a\.invalid/: Not Found"):
        download(mnist.published, tmp_path)


def test_a_network_that_never_answers_fails_fast_and_is_remembered(mnist, tmp_path, monkeypatch):
    asked, ended = [], threading.Event()

    def hang(request, *args, **kwargs):
        asked.append(request.full_url)
        ended.wait(60)
        raise OSError("too late")

    monkeypatch.setattr(urllib.request, "urlopen", hang)
    monkeypatch.setattr(module, "PROBE_SECONDS", 0.2)
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(DataError, match=r"no answer within 0\.2 s"):
            download(mnist.published, tmp_path)
    assert time.monotonic() - began < 3
    assert len(asked) == 1
    ended.set()


def test_a_failure_can_be_forgotten_so_that_the_network_is_tried_again(mnist, tmp_path, monkeypatch, request):
    with pytest.raises(DataError):
        download(mnist.published, tmp_path)
    request.getfixturevalue("server")
    with pytest.raises(DataError):
        download(mnist.published, tmp_path)
    module.forget_failures()
    assert len(download(mnist.published, tmp_path).train) == 40


def test_no_probe_takes_longer_than_3_seconds():
    assert module.PROBE_SECONDS <= 3


def test_a_download_that_stands_still_gets_a_timeout_which_is_taken_back(
    server, mnist, tmp_path, monkeypatch
):
    import socket

    seen = []
    answer = server.__call__
    monkeypatch.setattr(
        urllib.request, "urlopen", lambda *a, **k: seen.append(socket.getdefaulttimeout()) or answer(*a, **k)
    )
    download(mnist.published, tmp_path)
    assert seen[0] is None  # the probe has its own
    assert set(seen[1:]) == {module.STALL_SECONDS}
    assert socket.getdefaulttimeout() is None


def test_too_little_room_is_found_before_anything_is_written(server, mnist, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 99, 1000))
    with pytest.raises(
        DataError, match=r"the disk that holds .* is full \(needs 0 MB, 0 MB are free\): make room"
    ):
        download(mnist.published, tmp_path / "root")
    assert files_in(tmp_path) == set()


def test_a_disk_that_fills_up_on_the_way_is_said_and_nothing_half_written_stays(server, mnist, tmp_path):
    server.disk_full = True
    with pytest.raises(
        DataError, match=r"is full \(No space left on device\): make room, or name another folder"
    ):
        download(mnist.published, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOTDIR, errno.EEXIST])
def test_a_folder_that_cannot_be_written_is_said(server, mnist, tmp_path, monkeypatch, number):
    def refuse(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "TemporaryDirectory", refuse)
    with pytest.raises(DataError, match=r"cannot be written \(.*\): name another folder in CNNLAB_DATA"):
        download(mnist.published, tmp_path)


def test_a_disk_fault_is_not_remembered(server, mnist, tmp_path):
    server.disk_full = True
    with pytest.raises(DataError):
        download(mnist.published, tmp_path)
    server.disk_full = False
    assert len(download(mnist.published, tmp_path).train) == 40


def test_a_file_in_the_place_of_the_folder_is_an_error_and_stays(server, mnist, tmp_path):
    (tmp_path / "MNIST").write_text("mine")
    with pytest.raises(DataError, match="MNIST cannot be stored"):
        download(mnist.published, tmp_path)
    assert (tmp_path / "MNIST").read_text() == "mine"


def test_files_that_are_there_are_kept_and_only_the_missing_ones_added(server, mnist, tmp_path):
    raw = mnist.write(tmp_path)
    (raw / "train-images-idx3-ubyte").unlink()
    (raw / "notes.txt").write_text("mine")
    before = (raw / "t10k-images-idx3-ubyte").stat().st_mtime_ns
    download(mnist.published, tmp_path)
    assert (raw / "notes.txt").read_text() == "mine"
    assert (raw / "t10k-images-idx3-ubyte").stat().st_mtime_ns == before
    assert (raw / "train-images-idx3-ubyte").read_bytes() == mnist.contents["train-images-idx3-ubyte"]


def test_a_damaged_file_is_never_replaced(server, mnist, tmp_path):
    raw = mnist.write(tmp_path)
    (raw / "train-images-idx3-ubyte").unlink()
    (raw / "train-labels-idx1-ubyte").write_bytes(b"mine, though damaged")
    with pytest.raises(DataError, match="train-labels-idx1-ubyte: cut off: 20 bytes instead of 48"):
        download(mnist.published, tmp_path)
    assert (raw / "train-labels-idx1-ubyte").read_bytes() == b"mine, though damaged"
    assert server.asked == []


def test_an_interrupted_download_leaves_nothing_behind(server, mnist, tmp_path, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "read_folder", interrupt)
    with pytest.raises(KeyboardInterrupt):
        download(mnist.published, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_when_another_process_was_faster_its_files_are_used(server, mnist, tmp_path, monkeypatch):
    fetch = module._fetch_files

    def fetch_slowly(*args):
        fetch(*args)
        mnist.write(tmp_path)

    monkeypatch.setattr(module, "_fetch_files", fetch_slowly)
    assert len(download(mnist.published, tmp_path).train) == 40
