"""The time of one step of a network, without the time it takes to load the images."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import nn

from cnnlab.arithmetic import whole
from cnnlab.device import is_out_of_memory, pick_device
from cnnlab.errors import did_you_mean
from cnnlab.memory import keep_memory
from cnnlab.timing.clock import Timing, thread_count, time_call
from cnnlab.timing.precision import has_tf32, products_in
from cnnlab.training.failures import forward_error
from cnnlab.training.guards import check_logits, check_model

PRECISIONS = ("float32", "tf32", "bfloat16")


def time_step(
    model: nn.Module,
    batch_size: int,
    device: str | torch.device = "auto",
    training: bool = True,
    *,
    channels_last: bool = False,
    precision: str = "float32",
    threads: int | None = None,
    min_seconds: float = 0.3,
) -> Timing:
    """Time one step on a fixed random batch; the model itself is not changed.

    A training step is forward, loss, backward and Adam; the other kind is the forward pass alone.

    Args:
        model: a network for images (N, 1, 28, 28) with logits (N, classes).
        batch_size: images in the step.
        device: where to run it.
        training: a training step, or inference.
        channels_last: store images and kernels with the channels innermost (N, H, W, C).
        precision: "float32"; "tf32", products of 19-bit numbers, which NVIDIA GPUs have from Ampere on;
            or "bfloat16" for automatic mixed precision. Here float32 is just that, on a GPU too, where
            PyTorch by itself convolves in tf32.
        threads: CPU threads for this measurement only; None for PyTorch's own number.
        min_seconds: how long to measure.
    Returns:
        The median and the spread, in seconds a step.
    Raises:
        TypeError: the model is no network, or a number is none.
        ValueError: a number or a name is not possible, or the model has nothing to train.
        TrainingError: the model fails on such images, or does not give one row of logits for each.
        torch.OutOfMemoryError, RuntimeError: the batch does not fit into memory.
    """
    check_model(model)
    batch_size = whole("batch_size", batch_size, 1)
    if precision not in PRECISIONS:
        raise ValueError(f"unknown precision {precision!r}: {did_you_mean(precision, PRECISIONS)}")
    device = pick_device(device)
    if precision == "tf32" and not has_tf32(device):
        raise ValueError(
            f"precision='tf32', but this {device.type.upper()} has none: NVIDIA GPUs have it from Ampere on; "
            "use 'float32' or 'bfloat16'."
        )
    keep_memory()  # as `fit` does
    with thread_count(threads), products_in("tf32" if precision == "tf32" else "ieee"):
        step = _make_step(model, batch_size, device, training, channels_last, precision == "bfloat16")
        return time_call(step, device, min_seconds)


def _make_step(
    model: nn.Module,
    batch_size: int,
    device: torch.device,
    training: bool,
    channels_last: bool,
    bfloat16: bool,
) -> Callable[[], object]:
    """The step as a function, on its own copy of the model."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    net = copy.deepcopy(model).train(training).to(device, memory_format=layout)  # type: ignore[call-overload]
    random = torch.Generator().manual_seed(0)
    images = torch.randn(batch_size, 1, 28, 28, generator=random).to(device, memory_format=layout)

    def forward() -> torch.Tensor:
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bfloat16):
            logits: torch.Tensor = net(images)
            return logits

    def infer() -> None:
        with torch.inference_mode():
            forward()

    try:
        with torch.no_grad():
            first = forward()
    except (RuntimeError, ValueError) as error:
        if is_out_of_memory(error):  # the caller may try a smaller batch
            raise
        raise forward_error(error, images, "timing", net) from error
    check_logits(first, images, "timing")
    if not training:
        return infer
    if not any(p.requires_grad for p in net.parameters()):
        raise ValueError("the model has no trainable parameters: time it with training=False.")
    labels = torch.randint(first.shape[1], (batch_size,), generator=random).to(device)
    # lr=0: all of Adam's work is done, and the weights stay, so the last step costs what the first did.
    optimizer = torch.optim.Adam(net.parameters(), lr=0.0, fused=device.type in ("cpu", "cuda"))  # as `fit`

    def train() -> None:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(forward().float(), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return train
