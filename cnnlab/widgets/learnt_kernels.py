"""The learnt kernels of a network, to be looked at one by one."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import nn

from cnnlab.inspection import kernels
from cnnlab.training.guards import check_model
from cnnlab.widgets.preset_kernels import LARGEST_KERNEL, LARGEST_NUMBER, as_bytes, from_bytes


def learnt_kernels(model: nn.Module, layer: str | None = None) -> tuple[dict[str, Any], bytes]:
    """Every kernel of a convolution that reads images of one channel.

    Args:
        model: any network, or one convolution of it.
        layer: the convolution, by name; None takes the first.
    Returns:
        Their names, size and biases; and their numbers, float32 (C, k, k).
    Raises:
        TypeError: model is no network.
        ValueError: there is no such layer, or it does not read the image, or its kernels are no squares,
            or they hold numbers that cannot be shown.
    """
    check_model(model)
    if isinstance(model, nn.Conv2d):  # one layer by itself has no name
        model = nn.Sequential(OrderedDict(conv=model))
    found = [name for name, module in model.named_modules() if isinstance(module, nn.Conv2d)]
    if layer is None and not found:
        raise ValueError("the model has no nn.Conv2d, so there is no learnt kernel to show: leave model out.")
    chosen = found[0] if layer is None else layer
    stack = kernels(model, chosen)
    c_out, _, k_h, k_w = stack.shape
    c_in = getattr(model.get_submodule(chosen), "in_channels", stack.shape[1])  # a grouped kernel has fewer
    if c_in != 1:
        grey = [name for name in found if model.get_submodule(name).in_channels == 1]
        remedy = (
            f"choose a layer that reads the image itself, layer={grey[0]!r}" if grey else "leave model out"
        )
        raise ValueError(f"{chosen} reads {c_in} channels, and an image has one: {remedy}.")
    if k_h != k_w or k_h > LARGEST_KERNEL:
        raise ValueError(
            f"{chosen} has kernels of {k_h}×{k_w}: squares of up to {LARGEST_KERNEL} can be shown."
        )
    bias = model.get_submodule(chosen).bias
    biases = bias.detach().cpu().float() if isinstance(bias, torch.Tensor) else torch.zeros(c_out)
    stack = stack.float()
    _check_numbers(f"the weights of {chosen}", stack)
    _check_numbers(f"the biases of {chosen}", biases)
    names = [f"{chosen}, channel {number}" for number in range(c_out)]
    return {"names": names, "size": k_h, "biases": biases.tolist()}, as_bytes(stack)


def one_learnt(learnt: dict[str, Any], numbers: bytes, name: str) -> torch.Tensor | None:
    """One of the kernels that `learnt_kernels` found, (k, k); None if the name is none of theirs."""
    names = learnt.get("names", [])
    if name not in names:
        return None
    return from_bytes(numbers).view(len(names), learnt["size"], learnt["size"])[names.index(name)]


def _check_numbers(what: str, numbers: torch.Tensor) -> None:
    """Refuse what the page could not show: the numbers of each channel, (C, …)."""
    largest = numbers.abs().reshape(len(numbers), -1).amax(1)  # (C,); nan stays nan
    remedy = "build and train the network anew with a smaller lr, or leave model out"
    if not largest.isfinite().all():
        channel = int((~largest.isfinite()).nonzero()[0])
        raise ValueError(
            f"{what} are not finite (channel {channel} has nan or inf): the training went wrong; {remedy}."
        )
    if largest.max() > LARGEST_NUMBER:
        channel = int(largest.argmax())
        raise ValueError(
            f"{what} are too large to be shown (channel {channel} has ±{largest[channel].item():,.8g}, and "
            f"numbers may go up to ±{LARGEST_NUMBER:,.0f}): {remedy}."
        )
