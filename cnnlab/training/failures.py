"""What PyTorch says when a step fails, put so that a student can mend it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cnnlab.errors import TrainingError

_COMPILERS = ("torch._dynamo", "torch._inductor")  # where the errors of torch.compile are defined


def forward_error(error: Exception, images: Tensor, where: str, model: nn.Module | None = None) -> Exception:
    """What to raise when the model itself failed: PyTorch's words, where, and who explains them."""
    if isinstance(error, torch.OutOfMemoryError):
        return type(error)(f"{where}: {error} A smaller batch_size than {len(images)} needs less memory.")
    shape = tuple(images.shape)
    if len(images) == 1 and "Expected more than 1 value per channel" in str(error):
        return TrainingError(
            f"{where}: the batch has one image, and batch norm needs two or more to train: choose another "
            "batch_size, or drop_last=True in Batches, so that no single image is left over."
        )
    weight = None if model is None else next((p for p in model.parameters() if p.is_floating_point()), None)
    if weight is not None and weight.dtype != images.dtype and "type" in str(error):
        remedy = "images.float()" if weight.dtype == torch.float32 else "model.float()"
        return TrainingError(
            f"{where}: the images are {type_of(images)} and the model's weights are {type_of(weight)} "
            f"({error}): both must be the same: use {remedy}."
        )
    return TrainingError(
        f"{where}: the model failed on images of shape {shape}: {error}\nIf its layers do not fit together, "
        f"print(cnnlab.explain(model, {shape[1:]})) names the layer and the number."
    )


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


def type_of(tensor: Tensor) -> str:
    """The type of a tensor's numbers, without the word torch: float32, int64."""
    return str(tensor.dtype).removeprefix("torch.")
