"""Every network by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from cnnlab.errors import did_you_mean
from cnnlab.models.cnn_320 import CNN320
from cnnlab.models.cnn_deep import CNNDeep
from cnnlab.models.cnn_padded import CNNPadded
from cnnlab.models.cnn_wide import CNNWide
from cnnlab.models.convnet import ConvNet
from cnnlab.models.lenet_dropout import LeNetDropout
from cnnlab.models.logistic import Logistic
from cnnlab.models.mlp import MLP

NETWORKS: dict[str, Callable[..., nn.Module]] = {  # a new network is one file and one line here
    "logistic": Logistic,
    "mlp": MLP,
    "cnn_320": CNN320,
    "cnn_wide": CNNWide,
    "lenet_dropout": LeNetDropout,
    "cnn_padded": CNNPadded,
    "cnn_deep": CNNDeep,
    "convnet": ConvNet,
}


def names() -> tuple[str, ...]:
    """The names of all networks, from the simplest to the one with every size as an argument.

    >>> names()[:3]
    ('logistic', 'mlp', 'cnn_320')
    """
    return tuple(NETWORKS)


def build(name: str, **overrides: Any) -> nn.Module:
    """Make a network with new random weights; its output is the logits (N, 10).

    Args:
        name: one of `names()`.
        overrides: arguments of the network's class, such as `channels` of "convnet".
    Raises:
        ValueError: no network has this name, or an argument is out of its range.
        TypeError: the network takes no such argument.

    >>> build("convnet", channels=(4,), kernel=3, hidden=0).fc1.in_features  # 4 channels × 13 × 13
    676
    """
    if not isinstance(name, str) or name not in NETWORKS:
        raise ValueError(f"unknown network {name!r}: {did_you_mean(name, NETWORKS)}")
    taken = list(inspect.signature(NETWORKS[name]).parameters)
    for argument in overrides:
        if argument in taken:
            continue
        if not taken:
            raise TypeError(
                f"{name} is fixed and takes no {argument!r}: build('convnet', ...) takes every size."
            )
        raise TypeError(f"{name} takes no {argument!r}: {did_you_mean(argument, taken)}")
    return NETWORKS[name](**overrides)
