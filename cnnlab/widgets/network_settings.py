"""The settings of a network of blocks as plain dictionaries: the labs' networks, and checks with words."""

from __future__ import annotations

import itertools
import numbers
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import traitlets

from cnnlab.arithmetic import (
    batch_norm_parameters,
    conv_multiply_adds,
    conv_parameters,
    linear_multiply_adds,
    linear_parameters,
)
from cnnlab.errors import did_you_mean
from cnnlab.models.block_net import CLASSES, WIDTH, Block, BlockNet
from cnnlab.models.convnet import POOLINGS, width_after_convolution, width_after_pooling

BLOCKS = (1, 3)  # fewest and most
HIDDEN = (0, 512)
RANGES = {
    "channels": (1, 64),
    "kernel": (1, 11),
    "padding": (0, 5),
    "stride": (1, 4),
    "convolutions": (1, 2),
    "pool_size": (1, 4),
}
_FLAGS = {"hidden_relu": True, "pool_first": False}
_BLOCK = {field.name: field.default for field in fields(Block)}


def _network(*blocks: Block, hidden: int, **flags: bool) -> dict[str, Any]:
    return {"blocks": [asdict(block) for block in blocks], "hidden": hidden, **_FLAGS, **flags}


PRESETS: dict[str, dict[str, Any]] = {  # all lab networks with convolutions, as in cnnlab.models
    "cnn_320": _network(Block(10), Block(20), hidden=50, pool_first=True),
    "cnn_wide": _network(Block(32, padding=2), Block(64, padding=2), hidden=128),
    "lenet_dropout": _network(Block(6, dropout=0.5), Block(16), hidden=30, hidden_relu=False),
    "cnn_padded": _network(Block(32, 3, 1), Block(64, 3, 1), hidden=256),
    "cnn_deep": _network(Block(32, 3, 1, convolutions=2), Block(64, 3, 1, convolutions=2), hidden=256),
}


def network(settings: Mapping[str, Any]) -> BlockNet:
    """The network of checked settings.

    Args:
        settings: as `checked` returns them.
    Raises:
        ValueError: a layer does not fit what arrives at it.
    """
    flags = {name: settings[name] for name in _FLAGS}
    return BlockNet([Block(**block) for block in settings["blocks"]], settings["hidden"], **flags)


@dataclass(frozen=True)
class Totals:
    """What a network comes to."""

    flatten: int  # numbers that fc1 gets
    parameters: int
    multiply_adds: int  # on one image


def totals(settings: Mapping[str, Any]) -> Totals:
    """Flatten, parameters and multiply–adds by arithmetic alone: no weight is made.

    Args:
        settings: as `checked` returns them.
    Raises:
        ValueError: a layer does not fit what arrives at it.
    """
    channels, width, convolutions, parameters, work = 1, WIDTH, 0, 0, 0
    for number, block in enumerate((Block(**block) for block in settings["blocks"]), start=1):
        k, made = block.kernel, block.channels
        for _ in range(block.convolutions):
            convolutions += 1
            width = width_after_convolution(f"conv{convolutions}", width, k, block.padding, block.stride)
            parameters += conv_parameters(k, k, channels, made)
            parameters += batch_norm_parameters(made) if block.batch_norm else 0
            work += conv_multiply_adds(k, k, channels, made, width, width)
            channels = made
        if block.pooling != "none":
            width = width_after_pooling(number, width, block.pool_size)
    flatten = channels * width * width
    sizes = [flatten, *([settings["hidden"]] if settings["hidden"] else []), CLASSES]
    for n_in, n_out in itertools.pairwise(sizes):
        parameters += linear_parameters(n_in, n_out)
        work += linear_multiply_adds(n_in, n_out)
    return Totals(flatten, parameters, work)


def preset_of(settings: Mapping[str, Any]) -> str | None:
    """The name of the lab network that has just these settings; None if none has."""
    return next((name for name, known in PRESETS.items() if known == settings), None)


def checked(settings: Any) -> dict[str, Any]:
    """Settings with every value in its place and in its range.

    Args:
        settings: {"blocks": [{"channels": …, …}, …], "hidden": …}; what is left out has its usual value.
    Raises:
        traitlets.TraitError: a name is unknown, or a value is out of range.

    >>> checked({"blocks": [{"channels": 8}], "hidden": 0})["blocks"][0]["kernel"]
    5
    """
    if not isinstance(settings, Mapping):
        raise traitlets.TraitError(
            f"settings are a dict with 'blocks' and 'hidden', not a {type(settings).__name__}: "
            "begin with dict(explorer.settings)."
        )
    known = ("blocks", "hidden", *_FLAGS)
    _names("settings", settings, known)
    blocks = settings.get("blocks")
    if not isinstance(blocks, (list, tuple)) or not BLOCKS[0] <= len(blocks) <= BLOCKS[1]:
        has = f"{len(blocks)} blocks" if isinstance(blocks, (list, tuple)) else repr(blocks)
        raise traitlets.TraitError(
            f"blocks is a list of {BLOCKS[0]} to {BLOCKS[1]} blocks, not {has}: "
            'write "blocks": [{"channels": 10}, {"channels": 20}].'
        )
    flags = {name: settings.get(name, usual) for name, usual in _FLAGS.items()}
    return {
        "blocks": [_block(number, block) for number, block in enumerate(blocks, start=1)],
        "hidden": _whole("hidden", settings.get("hidden", 50), *HIDDEN),
        **{name: _flag(name, value) for name, value in flags.items()},
    }


def _block(number: int, block: Any) -> dict[str, Any]:
    where = f"block {number}"
    if not isinstance(block, Mapping):
        raise traitlets.TraitError(f'{where} is {block!r}, not a dict: write {{"channels": 10}}.')
    _names(where, block, _BLOCK)
    made: dict[str, Any] = {**_BLOCK, **block}
    for name, (least, most) in RANGES.items():
        if not (name == "padding" and made[name] == "same"):
            other = " or 'same'" if name == "padding" else ""
            made[name] = _whole(f"{where}: {name}", made[name], least, most, other)
    if not isinstance(made["pooling"], str) or made["pooling"] not in POOLINGS:
        near = did_you_mean(made["pooling"], POOLINGS)
        raise traitlets.TraitError(f"{where}: unknown pooling {made['pooling']!r}: {near}")
    made["batch_norm"] = _flag(f"{where}: batch_norm", made["batch_norm"])
    dropout = made["dropout"]
    if isinstance(dropout, bool) or not isinstance(dropout, numbers.Real) or not 0 <= float(dropout) < 1:
        raise traitlets.TraitError(f"{where}: dropout={dropout!r} is a chance: use 0 <= dropout < 1.")
    return {**made, "dropout": float(dropout)}


def _names(where: str, given: Mapping[str, Any], known: Any) -> None:
    for name in given:
        if name not in known:
            raise traitlets.TraitError(f"{where}: unknown name {name!r}: {did_you_mean(str(name), known)}")


def _whole(name: str, value: Any, least: int, most: int, other: str = "") -> int:
    right = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not right or not least <= value <= most:
        raise traitlets.TraitError(
            f"{name}={value!r} cannot be: use a whole number from {least} to {most}{other}."
        )
    return int(value)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise traitlets.TraitError(f"{name}={value!r} is not a yes or no: use True or False.")
    return bool(value)
