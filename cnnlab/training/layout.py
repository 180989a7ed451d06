"""Channels-last: the order in memory in which the CPU convolves and pools fastest."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

WIDEST_LINEAR = 4096  # inputs; a larger map costs more to bring back into order than pooling wins


class AnyView(TorchFunctionMode):
    """Inside, `x.view(-1, 320)` also works on a map that is channels-last: it copies, as `reshape` does.

    A view that can be had without a copy stays a view.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is not Tensor.view and func is not Tensor.view_as:
            return func(*args, **kwargs)
        try:
            return func(*args, **kwargs)
        except RuntimeError:
            # the same view of the same numbers in their usual order; what is wrong with it is told there
            return func(args[0].contiguous(), *args[1:], **kwargs)


@dataclass(frozen=True)
class Layout:
    """How images go into a model: `arranged` is called with them, and the model runs in `views`."""

    arranged: Callable[[Tensor], Tensor]
    views: AbstractContextManager[Any]


def fast_layout(model: nn.Module) -> Layout:
    """The layout in which a model is fastest: the same numbers in another order in memory.

    Convolutions and pooling hand on the order of what they get, so it is enough to arrange the images:
    maps (N, C, H, W) then lie in memory as (N, H, W, C), and what pooling compares lies side by side.
    The model itself is not touched. All stays as it is on a GPU, where this was not measured, without a
    convolution, or where a linear layer takes more than `WIDEST_LINEAR` numbers.
    """
    if _pays(model):
        return Layout(channels_last, AnyView())
    return Layout(lambda images: images, nullcontext())


def channels_last(images: Tensor) -> Tensor:
    """The same images, channels-last; with one channel nothing is copied, only the strides say so.

    >>> channels_last(torch.zeros(2, 1, 28, 28)).stride()
    (784, 1, 28, 1)
    """
    if images.dim() != 4:
        return images
    if images.shape[1] == 1 and images.is_contiguous():
        height, width = images.shape[2:]
        return images.as_strided(images.shape, (height * width, 1, width, 1))
    return images.contiguous(memory_format=torch.channels_last)


def _pays(model: nn.Module) -> bool:
    convolves = False
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            convolves = True
            if module.weight.device.type != "cpu":
                return False
        elif isinstance(module, nn.Linear) and module.in_features > WIDEST_LINEAR:
            return False
    return convolves
