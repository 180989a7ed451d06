"""The optimisers that `fit` knows by name, with the learning rate each one starts from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any, TypeAlias

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer

from cnnlab.errors import did_you_mean
from cnnlab.training.muon import Muon

OptimizerChoice: TypeAlias = "str | Callable[[Iterable[nn.Parameter]], Optimizer]"

# name -> (class, its default learning rate, which of these options it takes)
_KNOWN: dict[str, tuple[type[Optimizer], float, frozenset[str]]] = {
    "adam": (torch.optim.Adam, 1e-3, frozenset({"fused"})),
    "adamw": (torch.optim.AdamW, 1e-3, frozenset({"fused"})),
    "sgd": (torch.optim.SGD, 1e-2, frozenset({"fused", "momentum", "nesterov"})),
    "rmsprop": (torch.optim.RMSprop, 1e-3, frozenset({"momentum"})),
    "adagrad": (torch.optim.Adagrad, 1e-2, frozenset()),
    "adadelta": (torch.optim.Adadelta, 1.0, frozenset()),
    "nadam": (torch.optim.NAdam, 2e-3, frozenset()),
    "muon": (Muon, 5e-2, frozenset({"momentum"})),
}
OPTIMIZER_NAMES = tuple(_KNOWN)
_SETTINGS = {"momentum": "momentum=0.9", "nesterov": "momentum=0.9, nesterov=True"}  # taken for a name


def make_optimizer(
    model: nn.Module,
    choice: OptimizerChoice = "adam",
    *,
    lr: float | None = None,
    momentum: float | None = None,
    nesterov: bool = False,
    weight_decay: float = 0.0,
) -> Optimizer:
    """Build the optimiser for a model's trainable parameters.

    Args:
        model: already on its device.
        choice: one of `OPTIMIZER_NAMES`, or a function that takes the parameters and returns an
            optimiser, such as ``lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.99))``.
        lr: learning rate, above 0; None takes the optimiser's default.
        momentum: share of the last step that is kept, 0 <= momentum < 1; sgd, rmsprop and muon only. None
            takes the optimiser's default: 0, but muon's is 0.8.
        nesterov: look ahead along the momentum; sgd with momentum only.
        weight_decay: pull towards zero, at least 0.
    Raises:
        ValueError: a name is unknown, or a number is out of range.
        TypeError: a number is not a number.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    lazy = [name for name, p in model.named_parameters() if is_lazy(p)]
    if lazy:
        raise ValueError(
            f"the size of {lazy[0]} is not known yet: send one batch through the model first, model(images), "
            "and then train it."
        )
    if not parameters:
        raise ValueError("the model has no trainable parameters: there is nothing to learn.")
    if not isinstance(choice, str):
        return _from_function(choice, parameters, lr, momentum, nesterov, weight_decay)
    if choice.lower() in _SETTINGS:
        meant = f"optimizer='sgd', {_SETTINGS[choice.lower()]}"
        raise ValueError(f"unknown optimizer {choice!r}: it is a setting of sgd: write {meant}.")
    if choice not in _KNOWN:
        raise ValueError(f"unknown optimizer {choice!r}: {did_you_mean(choice, OPTIMIZER_NAMES)}")
    kind, default_lr, takes = _KNOWN[choice]
    lr = default_lr if lr is None else lr
    if not _number("lr", lr) > 0:
        raise ValueError(f"lr={lr} is not above 0: {choice} starts well from lr={default_lr}.")
    if momentum is not None and not 0 <= _number("momentum", momentum) < 1:
        raise ValueError(f"momentum={momentum} is out of range: 0 <= momentum < 1, and 0.9 is usual.")
    if not _number("weight_decay", weight_decay) >= 0:
        raise ValueError(f"weight_decay={weight_decay} is below 0: use 0 for none, or about 1e-4.")
    if momentum and "momentum" not in takes:
        raise ValueError(f"{choice} takes no momentum: leave out momentum={momentum}, or use 'sgd'.")
    if nesterov and not ("nesterov" in takes and momentum):
        raise ValueError("nesterov=True needs optimizer='sgd' and momentum above 0, such as 0.9.")

    options: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay}
    if momentum is not None and "momentum" in takes:
        options["momentum"] = momentum
    if nesterov:
        options["nesterov"] = True
    if "fused" in takes and _can_be_fused(model, parameters):
        options["fused"] = True  # one kernel for all parameters: the same arithmetic, fewer calls
    return kind(parameters, **options)


def _can_be_fused(model: nn.Module, parameters: Iterable[nn.Parameter]) -> bool:
    """Whether the fused kernels take these parameters: dense gradients of real numbers."""
    if any(getattr(module, "sparse", False) for module in model.modules()):  # an Embedding's gradient
        return False
    return all(p.device.type in ("cpu", "cuda") and p.is_floating_point() for p in parameters)


def describe_optimizer(optimizer: Optimizer) -> dict[str, Any]:
    """Name and settings, without those that change speed only."""
    speed = {"foreach", "fused", "capturable", "differentiable"}
    settings = {key: value for key, value in sorted(optimizer.defaults.items()) if key not in speed}
    plain = (bool, int, float, str, tuple, type(None))  # the rest, such as tensors, as text
    return {
        "optimizer": type(optimizer).__name__,
        **{key: value if isinstance(value, plain) else repr(value) for key, value in settings.items()},
    }


def _from_function(
    choice: Callable[[Iterable[nn.Parameter]], Optimizer],
    parameters: list[nn.Parameter],
    lr: float | None,
    momentum: float | None,
    nesterov: bool,
    weight_decay: float,
) -> Optimizer:
    if isinstance(choice, Optimizer) or not callable(choice):
        raise TypeError(
            f"optimizer is a {type(choice).__name__}: give a name such as 'adam', or a function such as "
            "lambda parameters: torch.optim.Adam(parameters, lr=0.01)."
        )
    if lr is not None or momentum or nesterov or weight_decay:
        if isinstance(choice, type):
            name = choice.__name__
            known = f"optimizer={name.lower()!r}, or " if name.lower() in _KNOWN else ""
            name = f"torch.optim.{name}" if getattr(torch.optim, name, None) is choice else name
            raise ValueError(
                f"optimizer is a class here, and what belongs to it cannot be given beside it: "
                f"{known}optimizer=lambda parameters: {name}(parameters, lr=…)."
            )
        raise ValueError(
            "optimizer is a function here: set lr, momentum, nesterov and weight_decay inside it, "
            "or choose the optimizer by name."
        )
    optimizer = choice(parameters)
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"the optimizer function returned a {type(optimizer).__name__}, not an Optimizer.")
    if isinstance(optimizer, torch.optim.LBFGS):
        raise ValueError(
            "LBFGS runs the model several times in a step, and fit once: take another optimizer."
        )
    given = {id(p) for p in parameters}
    if not any(id(p) in given for group in optimizer.param_groups for p in group["params"]):
        raise ValueError(
            "the optimizer function returned an optimizer of another model's parameters, so this model would "
            "learn nothing: make it of those that the function is given."
        )
    return optimizer


def _number(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name}={value!r} is a {type(value).__name__}: give a number.")
    if not math.isfinite(value):
        raise ValueError(f"{name}={value} is not a finite number.")
    return value
