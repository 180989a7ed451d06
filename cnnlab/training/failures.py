"""What PyTorch says when a step fails behind the forward pass, put so that a student can mend it."""

from __future__ import annotations

import torch
from torch import Tensor

from cnnlab.errors import TrainingError

_COMPILERS = ("torch._dynamo", "torch._inductor")  # where the errors of torch.compile are defined


def backward_error(error: Exception, images: Tensor, where: str) -> Exception:
    """What to raise when the gradients could not be computed.

    Args:
        error: PyTorch's.
        images: of the step, (N, C, H, W).
        where: the step, for the message.
    Returns:
        A TrainingError, or for want of memory an error of the same type with the remedy.
    """
    if isinstance(error, torch.OutOfMemoryError):
        return type(error)(f"{where}: {error} A smaller batch_size than {len(images)} needs less memory.")
    if from_compiler(error):
        return compile_error(error, where)
    return TrainingError(
        f"{where}: the gradients could not be computed: {error}\nThe usual causes: forward() changes a value "
        "in place that is needed once more (x += 1, relu_(), x[0] = 0: write x = x + 1), or the model keeps "
        "a value of an earlier step and uses it again (keep value.detach())."
    )


def from_compiler(error: Exception) -> bool:
    """Whether it was torch.compile that failed, and not the model."""
    return any(kind.__module__.startswith(_COMPILERS) for kind in type(error).__mro__)


def compile_error(error: Exception, where: str) -> TrainingError:
    """What to raise when torch.compile cannot build the steps of a model."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = " ".join(lines[:2]) or type(error).__name__  # the compiler's name, and what it says
    return TrainingError(
        f"{where}: torch.compile could not build the model's steps ({reason}). On a CPU it needs a C++ "
        "compiler; without compile=True, or torch.compile, the model trains as it is."
    )
