"""One training run of an experiment: its settings, its name on disk, and what came out."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
import io
import json
import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from cnnlab.data import ImageData, Split, hold_out, load_data
from cnnlab.errors import TrainingError, did_you_mean
from cnnlab.models import build
from cnnlab.models.convnet import ConvNet
from cnnlab.table import column
from cnnlab.timing import thread_count
from cnnlab.training import evaluate, fit, set_seed

HELD_OUT = 1 / 6  # of the training images: what is compared is the accuracy on these
OF_THE_NETWORK = {name: p.default for name, p in inspect.signature(ConvNet).parameters.items()}
OF_THE_TRAINING = {
    "epochs": 1,
    "batch_size": 64,
    "optimizer": "adam",
    "lr": 0.003,
    "momentum": 0.0,
    "weight_decay": 0.0,
    "schedule": "one_cycle",
}
BASE: dict[str, Any] = {**OF_THE_NETWORK, **OF_THE_TRAINING}  # every setting, and what it is unless changed


_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Task:
    """All that decides the result of one run, and nothing else; small enough to send to another computer."""

    settings: tuple[tuple[str, Any], ...]  # every name of BASE, sorted
    seed: int
    data: str
    images: int | None  # training images; None takes all that are not held out

    @property
    def key(self) -> str:
        """The name under which the result is kept: the same settings have the same name everywhere."""
        whole = [list(self.settings), self.seed, self.data, self.images]
        return hashlib.blake2b(json.dumps(whole).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Result:
    """What one run gave."""

    key: str
    settings: dict[str, Any]
    seed: int = column("seed", "d")
    data: str = column("data")
    images: int | None = column("images", ",d")
    accuracy: float | None = column("accuracy (%)", ".2f")  # on the held-out images; None where it failed
    loss: float | None = column("loss", ".4f")
    seconds: float = column("time (s)", ".2f")  # of the training
    parameters: int = column("parameters", ",d")
    said: str = column("said")  # why it failed, or what `fit` warned of; empty if nothing


def task(settings: Mapping[str, Any], seed: int, data: str, images: int | None) -> Task:
    """One run, its settings checked by building its network.

    Raises:
        ValueError, TypeError: a setting has no such name, or a value that no network can have.
    """
    known_settings(settings)
    whole = {**BASE, **settings}
    build("convnet", **{name: whole[name] for name in OF_THE_NETWORK})
    return Task(tuple(sorted((name, frozen(value)) for name, value in whole.items())), seed, data, images)


def known_settings(settings: Mapping[str, Any]) -> None:
    """Refuse a setting that no run has.

    Raises:
        ValueError: there is no such name in `BASE`; the message says the nearest.
    """
    for name in settings:
        if name not in BASE:
            raise ValueError(f"unknown setting {name!r}: {did_you_mean(name, BASE)}")


def frozen(value: Any) -> Any:
    """A setting as it is compared and kept: (10, 20) and [10, 20] are the same channels."""
    if isinstance(value, (np.generic, np.ndarray, torch.Tensor)):
        value = value.tolist()  # JSON knows Python's numbers only
    return tuple(frozen(part) for part in value) if isinstance(value, (list, tuple)) else value


def perform(task: Task, root: str | None = None) -> Result:
    """Train and measure, with one thread. Where training cannot go on, that is the result.

    Args:
        task: what to do.
        root: the folder of the data, as for `load_data`.
    Raises:
        KeyboardInterrupt: it was stopped; a network that is half trained is no result.
    """
    # One after the other in a process, also where a Dask worker has several threads: they would share
    # PyTorch's random numbers. Afterwards the caller's notebook has its own number of threads again.
    with _one_at_a_time, thread_count(1):
        return _perform(task, root)


def _perform(task: Task, root: str | None) -> Result:
    train, held_out = _split(task.data, root)
    if task.images is not None:
        train = train.take(task.images)
    settings = dict(task.settings)
    set_seed(task.seed)
    model = build("convnet", **{name: settings[name] for name in OF_THE_NETWORK})
    began = time.perf_counter()
    accuracy = loss = None
    said: list[str] = []
    try:
        # On Ctrl-C, fit says that the model keeps what it learnt; here it is thrown away.
        with warnings.catch_warnings(record=True) as told, contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("always")
            history = fit(
                model,
                train,
                seed=task.seed,
                progress=False,
                device="cpu",
                **{name: settings[name] for name in OF_THE_TRAINING},
            )
        if history.stopped:
            raise KeyboardInterrupt
        seconds = time.perf_counter() - began
        said += [str(warning.message) for warning in told]
        measured = evaluate(model, held_out, device="cpu")
        accuracy, loss = measured.accuracy, measured.loss
    except TrainingError as error:
        seconds = time.perf_counter() - began
        said.append(str(error))
    parameters = sum(tensor.numel() for tensor in model.parameters())
    return Result(
        task.key,
        settings,
        task.seed,
        task.data,
        task.images,
        accuracy,
        loss,
        seconds,
        parameters,
        " ".join(said),
    )


def available(data: str, root: str | None) -> tuple[str, int]:
    """The name of the data set that is there, and how many training images it leaves."""
    return _load(data, root).name, len(_split(data, root)[0])


@functools.cache
def _load(data: str, root: str | None) -> ImageData:
    return load_data(data, root)


@functools.cache
def _split(data: str, root: str | None) -> tuple[Split, Split]:
    return hold_out(_load(data, root).train, HELD_OUT, seed=0)
