"""One epoch of a lab's network, by `fit` and by the lab's loop; the accuracy stands beside the seconds."""

from __future__ import annotations

import copy
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import cast

import torch
from torch import nn

from cnnlab import models
from cnnlab.benchmark.loops import Loop, lab_002_epoch, lab_004_epoch
from cnnlab.benchmark.rows import Measured, compared
from cnnlab.data import ImageData, Split, data_loader
from cnnlab.device import has_bfloat16
from cnnlab.errors import TrainingError
from cnnlab.timing import take_turns
from cnnlab.training import History, evaluate, fit, set_seed

# network -> the loop of its lab, what is wanted in float32 and in bfloat16
LABS: dict[str, tuple[Loop, str, str | None]] = {
    "cnn_320": (lab_002_epoch, "≥ 5 times", None),
    "cnn_padded": (lab_004_epoch, "≥ 2 times", "≥ 4 times, with AMX"),
}
CACHE = "TORCHINDUCTOR_CACHE_DIR"  # where torch.compile keeps what it has compiled


class Trial:
    """A way to train for one epoch; each call starts from new weights, with a seed of its own.

    Args:
        train: trains a network with a seed, and returns it.
    """

    def __init__(self, train: Callable[[int], nn.Module]) -> None:
        self._train = train
        self._models: list[nn.Module] = []

    def __call__(self) -> None:
        self._models.append(self._train(len(self._models)))

    def accuracy(self, test: Split) -> float:
        """Mean test accuracy in percent; the first call only warmed up, and is left out."""
        found = [evaluate(model, test, device="cpu").accuracy for model in self._models[1:]]
        return sum(found) / len(found)


def training_rows(data: ImageData, rounds: int, notes: list[str]) -> Iterator[Measured]:
    """One epoch of both labs' networks, each way in turns.

    Args:
        data: trained on all whole batches of `train`, tested on `test`.
        rounds: epochs that each median and each accuracy is of, with the seeds 1, 2, 3 ….
        notes: where it is said what was left out, and why.
    """
    for name, (loop, wanted, wanted_bfloat16) in LABS.items():
        with _fresh_cache():
            yield from _network_rows(name, loop, (wanted, wanted_bfloat16), data, rounds, notes)


def _network_rows(
    name: str, loop: Loop, wanted: tuple[str, str | None], data: ImageData, rounds: int, notes: list[str]
) -> Iterator[Measured]:
    recipe = models.recipe(name)
    n = recipe.batch_size
    train = data.train.take(len(data.train) // n * n)  # a smaller last batch would be compiled for itself
    # The lab's loop has a process of its own, as a student would run it: what `fit` asks of the memory
    # allocator (`keep_memory`) would help it, too.
    with ProcessPoolExecutor(1, get_context("spawn"), _bring, (train,)) as apart:
        trials = {
            "fit": Trial(partial(_by_fit, recipe, train, "float32")),
            "loop": Trial(lambda seed: apart.submit(_by_loop, recipe, loop, seed).result()),
        }
        if wanted[1] is not None:
            if has_bfloat16("cpu"):
                trials["bfloat16"] = Trial(partial(_by_fit, recipe, train, "bfloat16"))
            else:
                notes.append(
                    "bfloat16 was left out: this processor does not multiply 16-bit numbers in hardware."
                )
        compiling = 0.0
        try:
            step, compiling = _compiled(recipe, train)
            trials["compiled"] = Trial(step)
        except (RuntimeError, TrainingError) as error:
            notes.append(
                f"{name} by torch.compile was left out: it does not work here, which is mostly for want of a "
                f"C++ compiler ({type(error).__name__})."
            )
        took = take_turns(trials, rounds)
    accuracy = {way: trial.accuracy(data.test) for way, trial in trials.items()}

    def row(what: str, way: str, against: str, other: str, wanted: str) -> Measured:
        return compared(
            f"train an epoch of {name}, batch {n}{what}",
            took[way],
            against,
            took[other],
            wanted,
            (accuracy[way], accuracy[other]),
        )

    yield row("", "fit", f"lab {recipe.lab}'s loop", "loop", wanted[0])
    if "bfloat16" in trials:
        yield row(", in bfloat16", "bfloat16", f"lab {recipe.lab}'s loop", "loop", wanted[1] or "")
    if "compiled" in trials:
        yield row(
            f", its steps only, after {compiling:.0f} s of torch.compile", "compiled", "plain fit", "fit", ""
        )


def _by_fit(recipe: models.Recipe, train: Split, precision: str, seed: int) -> nn.Module:
    set_seed(seed)
    model = models.build(recipe.model)
    fit_epoch(model, recipe, train, precision, seed)
    return model


_brought: list[Split] = []  # what the loop trains on, in its own process


def _bring(train: Split) -> None:
    _brought[:] = [train]


def _by_loop(recipe: models.Recipe, loop: Loop, seed: int) -> nn.Module:
    set_seed(seed)
    model = models.build(recipe.model)
    loop(model, data_loader(_brought[0], recipe.batch_size, shuffle=True, seed=seed))
    return model


def _compiled(recipe: models.Recipe, train: Split) -> tuple[Callable[[int], nn.Module], float]:
    """A function that trains a compiled network, and the seconds that compiling took.

    Raises:
        RuntimeError, TrainingError: this machine cannot compile.
    """
    # Where a CUDA toolkit is installed and no GPU is, compiling warns of it: here that is no news.
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
    model = models.build(recipe.model)
    compiled = cast(nn.Module, torch.compile(model))
    few = train.take(recipe.batch_size)
    start = time.perf_counter()
    fit_epoch(compiled, recipe, few, "float32", 0)
    first = time.perf_counter() - start
    start = time.perf_counter()
    fit_epoch(compiled, recipe, few, "float32", 0)
    seconds = first - (time.perf_counter() - start)

    def by_compiled(seed: int) -> nn.Module:
        set_seed(seed)
        model.load_state_dict(models.build(recipe.model).state_dict())
        fit_epoch(compiled, recipe, train, "float32", seed)
        return copy.deepcopy(model)

    return by_compiled, seconds


def fit_epoch(
    model: nn.Module, recipe: models.Recipe, train: Split, precision: str, seed: int = 0
) -> History:
    """One epoch by `fit`, as the recipe says, on the CPU."""
    return fit(
        model,
        train,
        epochs=1,
        batch_size=recipe.batch_size,
        optimizer=recipe.optimizer,
        lr=recipe.lr,
        momentum=recipe.momentum,
        device="cpu",
        precision=precision,
        seed=seed,
        progress=False,
    )


@contextmanager
def _fresh_cache() -> Iterator[None]:
    """Inside, torch.compile finds nothing that it compiled before."""
    before = os.environ.get(CACHE)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ[CACHE] = folder
        try:
            yield
        finally:
            del os.environ[CACHE]
            if before is not None:
                os.environ[CACHE] = before
