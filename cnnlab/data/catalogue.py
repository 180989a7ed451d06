"""The published data sets: their files, sizes and checksums."""

from __future__ import annotations

from dataclasses import dataclass

from cnnlab.data.splits import DIGITS, PIXELS
from cnnlab.errors import did_you_mean


@dataclass(frozen=True)
class RawFile:
    """One uncompressed IDX file as it was published."""

    name: str
    kind: str  # "images" or "labels"
    count: int  # images or labels in it
    md5: str | None  # of the uncompressed file, where it is known
    gz_md5: str  # of the compressed file that is downloaded

    @property
    def header(self) -> tuple[int, ...]:
        """The big-endian 32-bit numbers that it begins with: magic, count, height, width."""
        return (2051, self.count, PIXELS, PIXELS) if self.kind == "images" else (2049, self.count)

    @property
    def bytes(self) -> int:
        """Size of the whole file."""
        return 4 * len(self.header) + self.count * (PIXELS * PIXELS if self.kind == "images" else 1)


@dataclass(frozen=True)
class Published:
    """A data set as it was published."""

    name: str  # what cnnlab calls it
    title: str  # what people call it
    folder: str  # what torchvision calls its class and folder
    classes: tuple[str, ...]
    mirrors: tuple[str, ...]  # addresses of folders with the compressed files
    files: tuple[RawFile, ...]  # train images, train labels, test images, test labels
    balanced: bool  # every class has the same number of images


def _files(gz_md5: tuple[str, str, str, str], md5: tuple[str, ...] = ()) -> tuple[RawFile, ...]:
    kinds = (
        ("train-images-idx3-ubyte", "images", 60_000),
        ("train-labels-idx1-ubyte", "labels", 60_000),
        ("t10k-images-idx3-ubyte", "images", 10_000),
        ("t10k-labels-idx1-ubyte", "labels", 10_000),
    )
    return tuple(RawFile(*kind, plain, gz) for kind, plain, gz in zip(kinds, md5 or [None] * 4, gz_md5))


# Class names, mirrors and the MD5 of the compressed files are torchvision's (a test compares them). They are
# written out here because importing torchvision takes far longer than reading the data.
MNIST = Published(
    name="mnist",
    title="MNIST",
    folder="MNIST",
    classes=DIGITS,
    mirrors=("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"),
    files=_files(
        gz_md5=(
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "d53e105ee54ea40749a09fcbcd1e9432",
            "9fb629c4189551a2d022fa330f9573f3",
            "ec29112dd5afa0611ce80d1b7f02629c",
        ),
        md5=(
            "6bbc9ace898e44ae57da46a324031adb",
            "a25bea736e30d166cdddb491f175f624",
            "2646ac647ad5339dbf082846283269ea",
            "27ae3e4e09519cfbb04c329615203637",
        ),
    ),
    balanced=False,
)
FASHION_MNIST = Published(
    name="fashion_mnist",
    title="Fashion-MNIST",
    folder="FashionMNIST",
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    mirrors=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
    files=_files(
        gz_md5=(
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79",
            "bb300cfdad3c16e7a12a480ee83cd310",
        )
    ),
    balanced=True,
)
KMNIST = Published(
    name="kmnist",
    title="KMNIST",
    folder="KMNIST",
    classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    mirrors=("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    files=_files(
        gz_md5=(
            "bdb82020997e1d708af4cf47b453dcf7",
            "e144d726b3acfaa3e44228e80efcd344",
            "5c965bf0a639b31b8f53240b1b52f4d7",
            "7320c461ea6c1c855c0b718fb2a4b134",
        )
    ),
    balanced=True,
)
PUBLISHED = {published.name: published for published in (MNIST, FASHION_MNIST, KMNIST)}
DATA_NAMES = ("auto", *PUBLISHED, "digits")


def published(name: str) -> Published:
    """The published data set of this name, or an error that suggests one."""
    if not isinstance(name, str) or name not in PUBLISHED:
        raise ValueError(f"unknown data set {name!r}: {did_you_mean(name, PUBLISHED)}")
    return PUBLISHED[name]
