"""Children of this program train with a checkpoint and are killed, again and again, at any moment.

    python -m tests.training.killed_run FOLDER

It prints one line per way of dying: its name, how many children were killed, and whether the
weights and the losses are, bit for bit, those of a run that was never stopped. The children are
forks of one process that has computed nothing yet, so that each needs no import of its own.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from cnnlab.training import checkpoint, fit, make_optimizer
from tests.training.small import SmallSplit, net, weights

EPOCHS = 6


def train(path: Path, schedule: str = "one_cycle") -> None:
    """A run with all that could go differently: dropout, momentum, schedule, shuffling, validation."""
    model = net(dropout=0.3)
    history = fit(
        model,
        SmallSplit(96),
        epochs=EPOCHS,
        batch_size=8,
        optimizer="sgd",
        lr=0.1,
        momentum=0.9,
        schedule=schedule,
        validation=SmallSplit(16, seed=1),
        device="cpu",
        progress=False,
        checkpoint=path,
    )
    torch.save((weights(model), history.steps.column("loss")), path.with_suffix(".result"))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def child(path: Path, before: Callable[[], None] = lambda: None) -> int:
    """Fork, train, and leave; returns the child's process id."""
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what it prints is no result
        before()
        train(path)
        os._exit(0)
    return pid


def was_killed(pid: int) -> bool:
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"a child failed with {status}"
    return os.WIFSIGNALED(status)


def at_random_moments(folder: Path) -> tuple[Path, int]:
    """Kill after a random time, until one gets through; each lives a little longer than the last."""
    path, killed, patience = folder / "random.pt", 0, 0.05
    while True:
        pid = child(path)
        time.sleep(random.Random(killed).uniform(0, patience))
        os.kill(pid, signal.SIGKILL)
        if not was_killed(pid):
            return path, killed
        killed, patience = killed + 1, patience * 1.15


def in_the_middle_of_writing(folder: Path) -> tuple[Path, int]:
    """Every child but the last is killed when half of a checkpoint is in the file."""
    path, killed = folder / "writing.pt", 0

    def half(content: object, file: object) -> None:
        whole(content, file)
        if len(content["recorder"]["epochs"]["epoch"]) % 2 == 0:  # type: ignore[index]
            file.truncate(file.tell() // 2)  # type: ignore[attr-defined]
            file.flush()  # type: ignore[attr-defined]
            die()

    whole = torch.save
    for _ in range(2):
        killed += was_killed(child(path, lambda: setattr(checkpoint.torch, "save", half)))
    was_killed(child(path))
    return path, killed


def just_before_the_move(folder: Path) -> tuple[Path, int]:
    """Killed when the new file is complete and the old one still in place."""
    path = folder / "before.pt"
    killed = was_killed(child(path, lambda: setattr(checkpoint.os, "replace", lambda a, b: die())))
    was_killed(child(path))
    return path, int(killed)


def just_after_the_move(folder: Path) -> tuple[Path, int]:
    """Killed as soon as the new file is in place, once for every epoch."""
    path, killed = folder / "after.pt", 0

    def move_and_die(a: Path, b: Path) -> None:
        move(a, b)
        die()

    move = os.replace
    for _ in range(EPOCHS):
        killed += was_killed(child(path, lambda: setattr(checkpoint.os, "replace", move_and_die)))
    was_killed(child(path))
    return path, killed


def main(folder: Path) -> None:
    torch.set_num_threads(1)  # a fork does not inherit threads
    make_optimizer(net())  # PyTorch imports much with its first optimiser: once here, not in every child
    whole = folder / "whole.pt"
    assert not was_killed(child(whole))
    expected_weights, expected_losses = torch.load(whole.with_suffix(".result"), weights_only=True)
    for way in (at_random_moments, in_the_middle_of_writing, just_before_the_move, just_after_the_move):
        path, killed = way(folder)
        found_weights, found_losses = torch.load(path.with_suffix(".result"), weights_only=True)
        same = torch.equal(found_weights, expected_weights) and found_losses == expected_losses
        print(way.__name__, killed, "same" if same else "DIFFERENT", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
