"""Small made-up data sets in the published layout, an empty cache folder, and no network."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import struct
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import platformdirs
import pytest
import torch

from cnnlab.data import Split, download
from cnnlab.data.catalogue import PUBLISHED, Published, RawFile

MNIST_ROOT = os.environ.get("CNNLAB_DATA", "")  # read before the fixture below hides it


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No CNNLAB_DATA, an empty cache folder, and a network that is down."""

    def no_network(request, *args, **kwargs):
        raise urllib.error.URLError("the network is off in the tests")

    monkeypatch.delenv("CNNLAB_DATA", raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *args, **kwargs: str(tmp_path / "cache"))
    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    download.forget_failures()
    yield
    download.forget_failures()


@pytest.fixture
def mnist_root():
    """The folder with the real MNIST."""
    if not Path(MNIST_ROOT, "MNIST", "raw").is_dir() or not MNIST_ROOT:
        pytest.skip("CNNLAB_DATA does not name a folder with MNIST/raw")
    return MNIST_ROOT


@pytest.fixture
def split():
    """Twenty images of noise, two of every class."""
    images = torch.randint(0, 256, (20, 1, 28, 28), generator=torch.Generator().manual_seed(1))
    return Split(images.to(torch.uint8), torch.arange(20) % 10)


class FakeSet:
    """A data set of 40 + 20 images that stands in for a published one."""

    def __init__(self, name: str, with_md5: bool) -> None:
        real = PUBLISHED[name]
        self.images = [_noise(40, seed=len(name)), _noise(20, seed=len(name) + 100)]
        self.labels = [np.roll(np.arange(n, dtype=np.uint8) % 10, len(name)) for n in (40, 20)]
        self.contents: dict[str, bytes] = {}
        for i, prefix in enumerate(("train", "t10k")):
            images = struct.pack(">4i", 2051, len(self.images[i]), 28, 28) + self.images[i].tobytes()
            labels = struct.pack(">2i", 2049, len(self.labels[i])) + self.labels[i].tobytes()
            self.contents[f"{prefix}-images-idx3-ubyte"] = images
            self.contents[f"{prefix}-labels-idx1-ubyte"] = labels
        self.packed = {f"{name}.gz": gzip.compress(body, mtime=0) for name, body in self.contents.items()}
        files = tuple(
            RawFile(
                name=wanted.name,
                kind=wanted.kind,
                count=40 if wanted.name.startswith("train") else 20,
                md5=_md5(self.contents[wanted.name]) if with_md5 else None,
                gz_md5=_md5(self.packed[f"{wanted.name}.gz"]),
            )
            for wanted in real.files
        )
        self.published = Published(
            real.name, real.title, real.folder, real.classes, ("http://a.invalid/",), files, real.balanced
        )

    def write(self, root: Path, packed: bool = False, plain: bool = True) -> Path:
        """Put the files under `root` as torchvision does; return the folder raw/."""
        raw = root / self.published.folder / "raw"
        raw.mkdir(parents=True)
        written = {**(self.contents if plain else {}), **(self.packed if packed else {})}
        for name, body in written.items():
            (raw / name).write_bytes(body)
        return raw


def _noise(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, 28, 28), dtype=np.uint8)


def _md5(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()


@pytest.fixture
def mnist(monkeypatch):
    """A small stand-in for MNIST, with published MD5."""
    fake = FakeSet("mnist", with_md5=True)
    monkeypatch.setitem(PUBLISHED, "mnist", fake.published)
    return fake


@pytest.fixture
def fashion(monkeypatch):
    """A small stand-in for Fashion-MNIST, of which only the compressed files' MD5 is known."""
    fake = FakeSet("fashion_mnist", with_md5=False)
    monkeypatch.setitem(PUBLISHED, "fashion_mnist", fake.published)
    return fake


class Server:
    """Answers the requests of urllib from a dictionary of files, and counts them."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []
        self.disk_full = False

    def __call__(self, request, *args, **kwargs):
        self.asked.append(f"{request.get_method()} {request.full_url}")
        name = request.full_url.rsplit("/", 1)[-1]
        if name not in self.files:
            raise urllib.error.HTTPError(request.full_url, 404, "Not Found", {}, None)
        return _Response(self.files[name], request.full_url, self.disk_full)


class _Response(io.BytesIO):
    def __init__(self, body: bytes, url: str, disk_full: bool) -> None:
        super().__init__(body)
        self.url, self.length, self.disk_full = url, len(body), disk_full

    def read(self, *args):
        if self.disk_full:  # as writing what was read would raise it
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().read(*args)


@pytest.fixture
def server(monkeypatch, mnist):
    """A mirror that has the stand-in for MNIST."""
    fake = Server(dict(mnist.packed))
    monkeypatch.setattr(urllib.request, "urlopen", fake)
    return fake
