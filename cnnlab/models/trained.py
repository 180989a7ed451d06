"""Networks that are trained already, and how they were; `cnnlab pretrain` made them."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from torch import nn

from cnnlab.errors import CheckpointError, did_you_mean
from cnnlab.models.registry import build

TRAINED = ("cnn_320", "mlp")
FOLDER = Path(__file__).resolve().with_name("trained")


@dataclass(frozen=True)
class TrainedRecipe:
    """How a network that ships with cnnlab was trained, and what it can do."""

    model: str  # the network's name, for build()
    data: str  # the data set
    images: int  # training images; the test images were used for `accuracy` only
    epochs: int  # passes over them
    batch_size: int  # images in a step
    optimizer: str
    lr: float  # peak of the learning rate
    schedule: str  # how the learning rate went
    shift: float  # each image was moved by up to so many pixels, in every pass anew, ...
    turn: float  # ... turned by up to so many degrees ...
    scale: float  # ... and made larger or smaller by up to this share
    seed: int
    mean: float  # taken from pixels in [0, 1] before ...
    std: float  # ... dividing by this
    accuracy: float  # percent of the test images, by the weights as they are stored
    test_images: int
    torch: str  # version that trained it
    date: str  # year-month-day
    sha256: str  # of the file with the weights


def trained(name: str, folder: str | Path = FOLDER) -> nn.Module:
    """A network with trained weights, in eval mode; `trained_recipe` says how well it does.

    Args:
        name: "cnn_320" or "mlp".
        folder: where the weights are; the default are those that ship with cnnlab.
    Raises:
        ValueError: no trained network has this name.
        CheckpointError: a file is missing, damaged or of another network.

    >>> with torch.no_grad():
    ...     trained("cnn_320")(torch.zeros(1, 1, 28, 28)).shape
    torch.Size([1, 10])
    """
    expected = trained_recipe(name, folder)
    path = Path(folder) / f"{name}.pt"
    content = _read(path)
    if hashlib.sha256(content).hexdigest() != expected.sha256:
        raise CheckpointError(
            f"{path} ({len(content):,} bytes) is not the file that {name}.json describes: it is damaged, or "
            f"the two come from different runs. {_remedy(name)}"
        )
    model = build(name)
    try:
        weights = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        model.load_state_dict({key: value.float() for key, value in weights.items()})
    except Exception as error:  # what is no PyTorch file can make the unpickler raise anything
        raise CheckpointError(
            f"{path} does not hold the weights of {name} ({type(error).__name__}). {_remedy(name)}"
        ) from error
    return model.eval()


def trained_recipe(name: str, folder: str | Path = FOLDER) -> TrainedRecipe:
    """How a trained network was made, and its accuracy on the test images.

    Args:
        name: "cnn_320" or "mlp".
        folder: where the recipe is; the default are those that ship with cnnlab.
    Raises:
        ValueError: no trained network has this name.
        CheckpointError: the file is missing or damaged.

    >>> trained_recipe("cnn_320").data
    'mnist'
    """
    if name not in TRAINED:
        raise ValueError(f"no trained network {name!r}: {did_you_mean(name, TRAINED)}")
    path = Path(folder) / f"{name}.json"
    try:
        found = json.loads(_read(path))
        return TrainedRecipe(**{field.name: found[field.name] for field in fields(TrainedRecipe)})
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{path} is damaged ({type(error).__name__}: {error}). {_remedy(name)}"
        ) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read ({error.strerror or error}). {_remedy(path.stem)}"
        ) from error


def _remedy(name: str) -> str:
    return f"Install cnnlab anew, or train it again: cnnlab pretrain {name} --replace"
