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
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

WIDEST_LINEAR = 4096  # inputs; a larger map costs more to bring back into order than pooling wins
TRIED = 16  # images that go through a copy of the model in both orders
ALIKE = 1e-4  # how far the two may differ, as a share of the largest logit


LARGE = 100_000  # numbers in a map from which its gradient's order counts
FLATTENING = {Tensor.flatten, Tensor.reshape, Tensor.view, torch.flatten, torch.reshape}


class AnyView(TorchFunctionMode):
    """Inside, `x.view(-1, 320)` also works on a map that is channels-last: it copies, as `reshape` does.

    A view that can be had without a copy stays a view. And where a large map is flattened, its gradient
    comes back channels-last, too: otherwise the pooling before it would copy its whole input's gradient
    twice, into the usual order and out of it again.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in FLATTENING and _is_large_map(given := args[0] if args else kwargs.get("input")):
            given.register_hook(channels_last)
        if func is not Tensor.view and func is not Tensor.view_as:
            return func(*args, **kwargs)
        try:
            return func(*args, **kwargs)
        except RuntimeError:
            # the same view of the same numbers in their usual order; what is wrong with it is told there
            return func(args[0].contiguous(), *args[1:], **kwargs)


def _is_large_map(x: Any) -> bool:
    """Whether x is a map, channels-last, that a gradient will come back to."""
    if torch.compiler.is_compiling() or not isinstance(x, Tensor) or not x.requires_grad:
        return False
    return x.dim() == 4 and x.numel() >= LARGE and x.stride(1) == 1 and not x.is_contiguous()


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
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            usual = _tried(model, few.clone(), nullcontext(), training=False)
            arranged = _tried(model, channels_last(few.clone()), AnyView(), training=False)
            if model.training and torch.is_grad_enabled():
                _tried(model, channels_last(few.clone()), AnyView(), training=True)
        return torch.allclose(usual, arranged, rtol=0.0, atol=ALIKE * float(usual.abs().max()))
    except Exception:  # whatever it is: the run itself tells it, with the images as they are
        return False


def _tried(model: nn.Module, images: Tensor, views: AbstractContextManager[Any], training: bool) -> Tensor:
    """What a copy of the model makes of the images, in training with a backward pass; nothing is touched.

    In evaluation mode there is no dropout, whose mask would lie otherwise on maps in another order.
    """
    twin = copy.deepcopy(getattr(model, "_orig_mod", model))  # what torch.compile took: compiled only once
    for module in twin.train(training).modules():
        module._forward_hooks.clear()  # a reader's hooks may count, or keep what they see
        module._forward_pre_hooks.clear()
    with torch.random.fork_rng(devices=[]), views:
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
