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
    files: tuple[RawFile, ...]  # train images, train labels, test images, test labels
    balanced: bool  # every class has the same number of images


def _files(*md5: str | None) -> tuple[RawFile, ...]:
    return (
        RawFile("train-images-idx3-ubyte", "images", 60_000, md5[0]),
        RawFile("train-labels-idx1-ubyte", "labels", 60_000, md5[1]),
        RawFile("t10k-images-idx3-ubyte", "images", 10_000, md5[2]),
        RawFile("t10k-labels-idx1-ubyte", "labels", 10_000, md5[3]),
    )


MNIST = Published(
    name="mnist",
    title="MNIST",
    folder="MNIST",
    classes=DIGITS,
    files=_files(
        "6bbc9ace898e44ae57da46a324031adb",
        "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea",
        "27ae3e4e09519cfbb04c329615203637",
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
    files=_files(None, None, None, None),
    balanced=True,
)
KMNIST = Published(
    name="kmnist",
    title="KMNIST",
    folder="KMNIST",
    classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    files=_files(None, None, None, None),
    balanced=True,
)
PUBLISHED = {published.name: published for published in (MNIST, FASHION_MNIST, KMNIST)}
DATA_NAMES = ("auto", *PUBLISHED, "digits")


def published(name: str) -> Published:
    """The published data set of this name, or an error that suggests one."""
    if name not in PUBLISHED:
        raise ValueError(f"unknown data set {name!r}: {did_you_mean(name, PUBLISHED)}")
    return PUBLISHED[name]
