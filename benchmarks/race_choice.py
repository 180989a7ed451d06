"""How the race's network and numbers were chosen: on images held out of the training set, never on the test.

`python -m benchmarks.race_choice --out benchmarks/race_choice.md` trains every candidate from three random
starts on 50,000 training images, measures it on the other 10,000, and writes the table.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import Any

from torch import Tensor, nn

from cnnlab import hold_out, load_data, models
from cnnlab.race import IMAGES, RECIPE, lap
from cnnlab.table import Table, column
from cnnlab.timing import machine
from cnnlab.whole_file import check_replaceable, write_text

HELD_OUT = 10_000  # images of the training set


class Small(nn.Sequential):
    """The race's network with other sizes: blocks of convolution, pooling, batch norm and ReLU.

    Args:
        blocks: (channels, kernel, stride, pooling) of each convolution; pooling 1 means none.
        edge: pixels that are cut off on every side.
    """

    def __init__(self, *blocks: tuple[int, int, int, int], edge: int = 2) -> None:
        layers: list[nn.Module] = []
        c_in, width = 1, 28 - 2 * edge
        for channels, kernel, stride, pooling in blocks:
            layers.append(nn.Conv2d(c_in, channels, kernel, stride, bias=False))
            layers += [nn.MaxPool2d(pooling)] if pooling > 1 else []
            layers += [nn.BatchNorm2d(channels), nn.ReLU()]
            c_in, width = channels, ((width - kernel) // stride + 1) // pooling
        super().__init__(*layers, nn.Flatten(), nn.Linear(c_in * width * width, 10))
        self.edge = edge

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, 10) of images (N, 1, 28, 28)."""
        side = slice(self.edge, 28 - self.edge)
        return super().forward(x[:, :, side, side])


SGD = {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "batch_size": 128, "label_smoothing": 0.0}
CHOSEN = ((16, 5, 1, 2), (32, 3, 1, 2), (96, 3, 1, 1))
CANDIDATES: dict[str, tuple[Callable[[], nn.Module], dict[str, Any]]] = {
    "the chosen one": (models.CNNRace, {}),
    "25,000 images": (models.CNNRace, {"images": 25_000}),
    "20,000 images": (models.CNNRace, {"images": 20_000}),
    "all 50,000 images": (models.CNNRace, {"images": None}),
    "lr 0.1": (models.CNNRace, {"lr": 0.1}),
    "lr 0.3": (models.CNNRace, {"lr": 0.3}),
    "momentum 0.6": (models.CNNRace, {"momentum": 0.6}),
    "momentum 0.9": (models.CNNRace, {"momentum": 0.9}),
    "batch 128": (models.CNNRace, {"batch_size": 128}),
    "batch 256": (models.CNNRace, {"batch_size": 256}),
    "no label smoothing": (models.CNNRace, {"label_smoothing": 0.0}),
    "SGD, batch 128, no label smoothing": (models.CNNRace, SGD),
    "the same, all 50,000 images": (models.CNNRace, {**SGD, "images": None}),
    "Adam, lr 0.01": (models.CNNRace, {"optimizer": "adam", "lr": 0.01, "momentum": 0.0}),
    "bfloat16": (models.CNNRace, {"precision": "bfloat16"}),
    "whole images": (partial(Small, *CHOSEN, edge=0), {}),
    "channels 16, 32, 32": (partial(Small, *CHOSEN[:2], (32, 3, 1, 1)), {}),
    "channels 16, 32, 64": (partial(Small, *CHOSEN[:2], (64, 3, 1, 1)), {}),
    "channels 8, 32, 96": (partial(Small, (8, 5, 1, 2), *CHOSEN[1:]), {}),
    "stride in place of the first pooling": (partial(Small, (16, 5, 2, 1), *CHOSEN[1:]), {}),
}


@dataclass(frozen=True)
class Candidate:
    """One way to train, and what it reached on the held-out images."""

    name: str = column("candidate")
    seconds: float = column("seconds", ".2f")  # median over the seeds
    accuracy: float = column("held-out accuracy (%)", ".2f")  # mean over the seeds
    worst: float = column("worst seed (%)", ".2f")


def main() -> None:
    """Train every candidate, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("race_choice.md"))
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    check_replaceable(arguments.out, "python -m benchmarks.race_choice")
    data = load_data("mnist")
    train, held_out = hold_out(data.train, HELD_OUT)
    data = dataclasses.replace(data, train=train, test=held_out)  # the test images are out of reach
    lap(data, images=IMAGES)  # warm up
    laps: dict[str, list[Any]] = {name: [] for name in CANDIDATES}
    for seed in range(arguments.seeds):  # in turns: a busy minute hits all candidates
        for name, (build, settings) in CANDIDATES.items():
            laps[name].append(lap(data, seed, build, device="cpu", **{"images": IMAGES, **settings}))
            print(f"{name}, seed {seed}: {laps[name][-1]}", flush=True)
    rows = [
        Candidate(
            name,
            median(one.seconds for one in made),
            mean(one.accuracy for one in made),
            min(one.accuracy for one in made),
        )
        for name, made in laps.items()
    ]
    settings = ", ".join(f"{key}={value!r}" for key, value in RECIPE.items())
    text = [
        "# How the race's network and numbers were chosen",
        "",
        f"{len(train):,} training images of MNIST to learn from, the other {len(held_out):,} to choose by; "
        f"the test images were not looked at. Each candidate differs in what it names from `CNNRace` on "
        f"{IMAGES:,} images with {settings}. {arguments.seeds} seeds each, in turns. A held-out "
        "accuracy of 98.8 % was wanted, with room to spare, at few seconds. Written by "
        "`python -m benchmarks.race_choice`.",
        "",
        Table(rows).markdown(),
        "",
        f"Measured on: {machine('cpu')}.",
        "",
    ]
    write_text(arguments.out, "\n".join(text))


if __name__ == "__main__":
    main()
