"""Take the kernels out of a convolution layer."""

from __future__ import annotations

import torch
from torch import nn

from cnnlab.inspection.activations import check_initialised, layer_named


def kernels(model: nn.Module, layer: str) -> torch.Tensor:
    """The kernels of a convolution layer, as a copy that can be looked at and changed.

    Args:
        model: any network.
        layer: the layer's name, such as "conv1".
    Returns:
        (c_out, c_in, k_h, k_w) float on the CPU; c_in is divided by the groups of a grouped convolution.
    Raises:
        ValueError: the name is unknown, or the layer is no convolution or has no weights yet.

    >>> kernels(nn.Sequential(nn.Conv2d(1, 10, 5)), "0").shape
    torch.Size([10, 1, 5, 5])
    """
    module = layer_named(model, layer)
    if not isinstance(module, nn.Conv2d):
        found = [name for name, other in model.named_modules() if isinstance(other, nn.Conv2d)]
        there = f"the convolutions here are {', '.join(found)}" if found else "this model has no convolution"
        raise ValueError(f"layer {layer!r} is {_what(module)}, which has no kernels: {there}.")
    check_initialised(model)
    return module.weight.detach().cpu().clone()


def _what(module: nn.Module) -> str:
    weight = getattr(module, "weight", None)
    if isinstance(weight, torch.Tensor):
        return f"{type(module).__name__} with weights of shape {tuple(weight.shape)}"
    return f"{type(module).__name__} without weights"
