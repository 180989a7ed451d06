"""Switch a model between training and evaluation, and put it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def keep_mode(model: nn.Module) -> Iterator[None]:
    """Afterwards every module of `model` is in the mode, train or eval, in which it was found."""
    found = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, training in found:
            module.training = training
