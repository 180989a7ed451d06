"""How many epochs lab 004's network needs, with its own constant learning rate and with one cycle.

`python -m benchmarks.race_steps --out benchmarks/race_steps.md` trains it on 50,000 images of MNIST, measures
it on the other 10,000, and writes the table. Notebook 11 shows these figures as recorded ones, because an
epoch of this network takes too long there.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnlab import fit, hold_out, load_data, models, set_seed
from cnnlab.device import has_bfloat16
from cnnlab.leaderboard import GOALS, HELD_OUT
from cnnlab.table import Table, column
from cnnlab.timing import machine
from cnnlab.whole_file import check_replaceable, write_text

MOST_EPOCHS = 8
WAYS: dict[str, dict[str, Any]] = {
    "constant, until the goal": {"epochs": MOST_EPOCHS, "lr": 0.001},
    "one cycle, 1 epoch": {"epochs": 1, "lr": 0.003, "schedule": "one_cycle"},
    "one cycle, 2 epochs": {"epochs": 2, "lr": 0.003, "schedule": "one_cycle"},
}


@dataclass(frozen=True)
class Trained:
    """One training of the network."""

    way: str = column("learning rate")
    seed: int = column("seed", "d")
    epochs: int = column("epochs", "d")
    accuracy: float = column("held-out accuracy (%)", ".2f")


class UntilGoal:
    """Ends a training as soon as the held-out images are read well enough."""

    def on_epoch(self, state: Any) -> None:
        """Look at the epoch that has ended."""
        print(f"  epoch {state.epoch}: {state.record.validation_accuracy:.2f} %", flush=True)
        if state.record.validation_accuracy >= GOALS["mnist"]:
            state.request_stop()


def main() -> None:
    """Train every way from every seed, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("race_steps.md"))
    parser.add_argument("--seeds", type=int, default=2)
    arguments = parser.parse_args()
    check_replaceable(arguments.out, "python -m benchmarks.race_steps")
    data = load_data("mnist")
    train, held_out = hold_out(data.train, HELD_OUT)
    precision = "bfloat16" if has_bfloat16("cpu") else "float32"
    rows = []
    for seed in range(arguments.seeds):
        for way, settings in WAYS.items():
            set_seed(seed)
            history = fit(
                models.build("cnn_padded"),
                train,
                batch_size=100,
                validation=held_out,
                device="cpu",
                precision=precision,
                seed=seed,
                progress=False,
                callbacks=[] if "schedule" in settings else [UntilGoal()],
                **settings,
            )
            rows.append(Trained(way, seed, len(history.epochs), history.epochs[-1].validation_accuracy))
            print(rows[-1], flush=True)
            write_text(arguments.out, _markdown(rows, len(train), len(held_out), precision))


def _markdown(rows: list[Trained], learnt_from: int, measured_on: int, precision: str) -> str:
    """What is known so far; written after every training, so that nothing is lost if it is stopped."""
    return "\n".join(
        [
            "# How many epochs lab 004's network needs",
            "",
            f"`cnn_padded`, Adam, batch 100, {precision}; {learnt_from:,} training images of MNIST to learn "
            f"from, the other {measured_on:,} to measure; the test images were not looked at. "
            f"The goal is {GOALS['mnist']} %. "
            "Constant: lr 0.001, as in lab 004; one cycle: up to lr 0.003 and down to almost 0. Written by "
            "`python -m benchmarks.race_steps`.",
            "",
            Table(rows).markdown(),
            "",
            f"Trained on: {machine('cpu')}.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
