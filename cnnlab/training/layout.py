"""Channels-last: the order in memory in which the CPU convolves and pools fastest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

WIDEST_LINEAR = 4096  # inputs; a larger map costs more to bring back into order than pooling wins


class AnyView(TorchFunctionMode):
    """Inside, `x.view(-1, 320)` also works on a map that is channels-last: it copies, as `reshape` does."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is Tensor.view and not isinstance(args[1] if len(args) > 1 else None, torch.dtype):
            func = Tensor.reshape
        return func(*args, **(kwargs or {}))


@contextmanager
def fast_layout(model: nn.Module) -> Iterator[AbstractContextManager[Any]]:
    """Inside, the kernels of a model on the CPU are channels-last; the numbers are the same.

    A kernel (C_out, C_in, H, W) then lies in memory as (C_out, H, W, C_in), and so do the maps that it
    makes: what convolution and pooling read together lies together. Afterwards every kernel is where
    and as it was found.

    Args:
        model: it stays as it is where that would not pay: on a GPU, without a convolution, or where a
            linear layer takes more than `WIDEST_LINEAR` numbers.
    Yields:
        What to run the model in, so that its views work.
    """
    if not _pays(model):
        yield nullcontext()
        return
    # by the strides: a kernel (C_out, 1, H, W) is contiguous in both orders, and PyTorch looks at its strides
    found = [(p, p.data) for p in model.parameters() if p.dim() == 4 and p.stride(1) != 1]
    for p, data in found:
        p.data = data.clone(memory_format=torch.channels_last)
    try:
        yield AnyView()
    finally:
        for p, data in found:
            p.data = data.copy_(p.data)  # into the old memory: others may look at it
            if p.grad is not None:
                p.grad = p.grad.contiguous()


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
