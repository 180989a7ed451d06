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
from cnnlab.race import RECIPE, lap
from cnnlab.table import Table, column
from cnnlab.timing import machine

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


CHOSEN = ((16, 5, 1, 2), (32, 3, 1, 2), (32, 3, 1, 1))
CANDIDATES: dict[str, tuple[Callable[[], nn.Module], dict[str, Any]]] = {
    "the chosen one": (models.CNNRace, {}),
    "lr 0.1": (models.CNNRace, {"lr": 0.1}),
    "lr 0.3": (models.CNNRace, {"lr": 0.3}),
    "batch 64, lr 0.2": (models.CNNRace, {"batch_size": 64}),
    "batch 256, lr 0.3": (models.CNNRace, {"batch_size": 256, "lr": 0.3}),
    "two epochs": (models.CNNRace, {"epochs": 2}),
    "Adam, lr 0.01": (
        models.CNNRace,
        {"optimizer": "adam", "lr": 0.01, "momentum": 0.0, "nesterov": False},
    ),
    "float32": (models.CNNRace, {"precision": "float32"}),
    "whole images": (partial(Small, *CHOSEN, edge=0), {}),
    "channels 12, 24, 48": (partial(Small, (12, 5, 1, 2), (24, 3, 1, 2), (48, 3, 1, 1)), {}),
    "channels 16, 32, 64": (partial(Small, (16, 5, 1, 2), (32, 3, 1, 2), (64, 3, 1, 1)), {}),
    "channels 8, 32, 64": (partial(Small, (8, 5, 1, 2), (32, 3, 1, 2), (64, 3, 1, 1)), {}),
    "two convolutions, 16, 48": (partial(Small, (16, 5, 1, 2), (48, 3, 1, 2)), {}),
    "stride in place of pooling": (partial(Small, (32, 4, 2, 1), (48, 3, 1, 2), (64, 3, 1, 1)), {}),
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
    data = load_data("mnist")
    train, held_out = hold_out(data.train, HELD_OUT)
    data = dataclasses.replace(data, train=train, test=held_out)  # the test images are out of reach
    lap(data)  # warm up
    laps: dict[str, list[Any]] = {name: [] for name in CANDIDATES}
    for seed in range(arguments.seeds):  # in turns: a busy minute hits all candidates
        for name, (build, settings) in CANDIDATES.items():
            laps[name].append(lap(data, seed, build, device="cpu", **settings))
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
        f"the test images were not looked at. Each candidate differs in one thing from `CNNRace` with "
        f"{settings}. {arguments.seeds} seeds each, in turns. A held-out accuracy of 98.8 % was wanted, at "
        "the fewest seconds. Written by `python -m benchmarks.race_choice`.",
        "",
        Table(rows).markdown(),
        "",
        f"Measured on: {machine('cpu')}.",
        "",
    ]
    arguments.out.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
