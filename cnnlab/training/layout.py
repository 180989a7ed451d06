"""Channels-last: the order in memory in which the CPU convolves and pools fastest."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from cnnlab.training.seeding import own_random_numbers

WIDEST_LINEAR = 4096  # inputs; a larger map costs more to bring back into order than pooling wins
TRIED = 16  # images that go through a copy of the model in both orders
ALIKE = 1e-4  # how far the two may differ, as a share of the largest logit
LARGE = 100_000  # numbers in a map from which its gradient's order counts
FLATTENING = {Tensor.flatten, Tensor.reshape, Tensor.view, torch.flatten, torch.reshape}


class AnyView(TorchFunctionMode):
    """Inside, `x.view(-1, 320)` also works on a map that is channels-last: it copies, as `reshape` does.

    A view that can be had without a copy stays a view. And where a large map is flattened, its gradient
    comes back channels-last, too: otherwise the pooling before it would copy its whole input's gradient
    twice, into the usual order and out of it again. Dropout's random numbers fall on the same places of a
    map as they would in the usual order.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in FLATTENING and _is_large_map(given := args[0] if args else kwargs.get("input")):
            given.register_hook(channels_last)
        if func is F.dropout and args and _lies_otherwise(args[0]):
            return _drop(*args, **kwargs)
        if func is not Tensor.view and func is not Tensor.view_as:
            return func(*args, **kwargs)
        try:
            return func(*args, **kwargs)
        except RuntimeError:
            # the same view of the same numbers in their usual order; what is wrong with it is told there
            return func(args[0].contiguous(), *args[1:], **kwargs)


def _is_large_map(x: Any) -> bool:
    """Whether x is a map, channels-last, that a gradient will come back to."""
    if not isinstance(x, Tensor) or not x.requires_grad or x.is_leaf:  # a leaf is a weight, and would keep it
        return False
    return x.numel() >= LARGE and _lies_otherwise(x)


def _lies_otherwise(x: Tensor) -> bool:
    """Whether x is a map that is channels-last, and no map of the usual order as well."""
    if torch.compiler.is_compiling():
        return False
    return x.dim() == 4 and x.stride(1) == 1 and not x.is_contiguous()


def _drop(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout, its random numbers drawn in the usual order."""
    if not training or inplace:
        return F.dropout(x, p, training, inplace)
    kept = F.dropout(torch.ones_like(x, memory_format=torch.contiguous_format), p)  # 0 or 1 / (1 - p)
    return x * channels_last(kept)


@dataclass(frozen=True)
class Layout:
    """How images go into a model: `arranged` is called with them, and the model runs in `views`."""

    arranged: Callable[[Tensor], Tensor]
    views: AbstractContextManager[Any]


USUAL = Layout(lambda images: images, nullcontext())


def fast_layout(model: nn.Module, images: Tensor) -> Layout:
    """The layout in which a model is fastest: the same numbers in another order in memory.

    Convolutions and pooling hand on the order of what they get, so it is enough to arrange the images:
    maps (N, C, H, W) then lie in memory as (N, H, W, C), and what pooling compares lies side by side.
    The model itself is not touched. All stays as it is on a GPU, where this was not measured, without a
    convolution, or where a linear layer takes more than `WIDEST_LINEAR` numbers. And all stays as it is
    where a copy of the model, tried on a few images, does not give the same in both orders: it may write
    into a view of a map, or reckon with strides.

    Args:
        model: on the CPU, in the mode in which it will run.
        images: the first batch, (N, C, H, W).
    """
    return Layout(channels_last, AnyView()) if _pays(model) and _alike(model, images) else USUAL


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


def _alike(model: nn.Module, images: Tensor) -> bool:
    """Whether copies of a model give the same logits in both orders, and can go back through them."""
    try:
        few = images[:TRIED].detach()
        if any(module._backward_hooks or module._backward_pre_hooks for module in model.modules()):
            return False  # what a hook does with a gradient, nobody knows
        modes = (False, True) if model.training and torch.is_grad_enabled() else (False,)
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            for training in modes:
                usual = _tried(model, few.clone(), nullcontext(), training)
                arranged = _tried(model, channels_last(few.clone()), AnyView(), training)
                if not torch.allclose(usual, arranged, rtol=0.0, atol=ALIKE * float(usual.abs().max())):
                    return False
        return True
    except Exception:  # whatever it is: the run itself tells it, with the images as they are
        return False


def _tried(model: nn.Module, images: Tensor, views: AbstractContextManager[Any], training: bool) -> Tensor:
    """What a copy of the model makes of the images, in training with a backward pass; nothing is touched."""
    twin = copy.deepcopy(getattr(model, "_orig_mod", model))  # what torch.compile took: compiled only once
    for module in twin.train(training).modules():
        module._forward_hooks.clear()  # a reader's hooks may count, or keep what they see
        module._forward_pre_hooks.clear()
    with own_random_numbers(), views:  # both trials draw the same
        logits: Tensor = twin(images)
    if training:
        logits.float().square().sum().backward()  # type: ignore[no-untyped-call]
    return logits.detach()


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
