"""Put a model into a mode or onto a device for a while, and back to where it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
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


@contextmanager
def on_device(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Inside, `model` is on `device`; afterwards it is where it was found.

    So whoever trains on a GPU can go on with `model(images)` on the CPU. A model that is
    spread over several devices stays where `device` puts it.
    """
    found = {tensor.device for tensor in (*model.parameters(), *model.buffers())}
    model.to(device)
    try:
        yield
    finally:
        if len(found) == 1:
            model.to(found.pop())
