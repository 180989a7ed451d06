"""The rows of the first table: one thing that cnnlab does, and the plain way to do the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cnnlab.data import Split, data_loader
from cnnlab.table import column
from cnnlab.timing import Timing, take_turns


@dataclass(frozen=True)
class Measured:
    """One thing that cnnlab does, and the plain way to do the same."""

    what: str = column("measured")
    seconds: float = column("cnnlab (s)", ".3f")  # median
    iqr: float = column("IQR", ".3f")  # seconds
    accuracy: float | None = column("accuracy (%)", ".2f", default=None)  # test, after the epoch
    against: str = column("against", default="")
    other_seconds: float | None = column("that (s)", ".3f", default=None)
    other_iqr: float | None = column("its IQR", ".3f", default=None)
    other_accuracy: float | None = column("its accuracy (%)", ".2f", default=None)
    ratio: float | None = column("times as long", ".2f", default=None)  # the other's median by ours
    wanted: str = column("wanted", default="")  # of the seconds, or of the ratio


def compared(
    what: str,
    ours: Timing,
    against: str,
    theirs: Timing,
    wanted: str = "",
    accuracies: tuple[float | None, float | None] = (None, None),
) -> Measured:
    """The row of two things that took turns.

    Args:
        what: what was measured.
        ours: seconds of cnnlab.
        against: what it is compared with.
        theirs: seconds of that.
        wanted: of the ratio.
        accuracies: test accuracy in percent of both.
    """
    ratio = theirs.median / ours.median
    mine, its = accuracies
    return Measured(what, ours.median, ours.iqr, mine, against, theirs.median, theirs.iqr, its, ratio, wanted)


def data_rows(train: Split, load_again: Callable[[], object], rounds: int) -> Iterable[Measured]:
    """Loading the data set, and reading all its images once.

    Args:
        train: the training images.
        load_again: loads the data set.
        rounds: measurements of each.
    """
    loading = take_turns({"ours": load_again}, rounds)["ours"]
    yield Measured("load_data, with its checks", loading.median, loading.iqr, wanted="≤ 0.15 s")
    took = take_turns(
        {
            "ours": lambda: _read(train.batches(64, shuffle=True)),
            "theirs": lambda: _read(data_loader(train, 64, shuffle=True)),
        },
        rounds,
    )
    yield compared(
        "read an epoch, batch 64", took["ours"], "DataLoader with ToTensor", took["theirs"], "≥ 7 times"
    )


def _read(batches: Iterable[object]) -> None:
    for _ in batches:
        pass
