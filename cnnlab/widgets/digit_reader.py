"""What a network makes of a drawing: ten probabilities and its feature maps, or why it cannot read it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from cnnlab.inspection.activations import check_initialised, device_of, evaluating, output_of
from cnnlab.inspection.shapes import first_line
from cnnlab.widgets.explaining import explained_here

MOST_LAYERS = 4  # convolutions to choose from, of each network
MOST_MAPS = 20  # feature maps of a layer that are shown
DIGITS = 10


@dataclass(frozen=True)
class Reading:
    """What one network makes of one image."""

    probabilities: Tensor  # float32 (10,)
    layers: list[dict[str, Any]]  # of the maps: model, layer, channels, shown, height, width
    maps: bytes  # uint8, all layers one behind the other; 255 is a layer's largest number


def read_digit(name: str, model: nn.Module, batch: Tensor) -> Reading:
    """Run a network once; the model may have been changed in any way since the last time.

    Args:
        name: of the network, for messages.
        model: takes (1, 1, 28, 28) and gives ten logits, or probabilities, which are kept as they are.
        batch: one normalised image, float32 (1, 1, 28, 28).
    Raises:
        ValueError: the network cannot read it; the message says why and how to mend it.
    """
    check_initialised(model)
    try:
        output, made = _run(model, batch)
    except Exception as error:  # a student's forward() may raise anything
        raise ValueError(_why_not(name, model, batch, error)) from error
    if not isinstance(output, Tensor):
        raise ValueError(
            f"{name} gives {type(output).__name__} for one image, and ten logits (1, 10) are needed: let "
            "forward() return the logits alone."
        )
    if tuple(output.shape) != (1, DIGITS):
        raise ValueError(
            f"{name} gives {tuple(output.shape)} for one image, and ten logits (1, 10) are needed: let its "
            "last layer have 10 outputs."
        )
    layers = []
    for layer, (channels, values) in made.items():
        shown, height, width = values.shape
        row = {"layer": layer, "channels": channels, "shown": shown, "height": height, "width": width}
        layers.append({"model": name, **row})
    return Reading(_probabilities(name, output), layers, b"".join(_grey(v) for _, v in made.values()))


def _run(model: nn.Module, batch: Tensor) -> tuple[Any, dict[str, tuple[int, Tensor]]]:
    """The output on the CPU, and of the first convolutions the number of channels and the maps after ReLU."""
    made: dict[str, tuple[int, Tensor]] = {}

    def keep(layer: str, output: Tensor) -> None:
        if layer not in made and len(made) < MOST_LAYERS and output.ndim == 4:
            made[layer] = output.shape[1], output[0, :MOST_MAPS].float().relu().cpu()

    with ExitStack() as hooks, evaluating(model):
        for name, part in model.named_modules():
            if isinstance(part, nn.Conv2d):
                handle = part.register_forward_hook(
                    lambda _module, _inputs, output, name=name: keep(name, output)
                )
                hooks.callback(handle.remove)
        output = output_of(model, batch)
        return (output.float().cpu() if isinstance(output, Tensor) else output), made


def _why_not(name: str, model: nn.Module, batch: Tensor, error: Exception) -> str:
    explanation = explained_here(model, batch.to(device_of(model)))
    if explanation.works:  # it fits together, and something else is wrong
        return f"{name} cannot read a drawing: {type(error).__name__}: {first_line(error)}."
    return f"{name} cannot read a drawing. {explanation}"


def _probabilities(name: str, output: Tensor) -> Tensor:
    """Ten probabilities, float32 (10,), outside inference mode."""
    logits = output[0].clone()
    if not logits.isfinite().all():
        raise ValueError(
            f"{name} gives numbers that are not finite: its weights are spoilt, so train it anew."
        )
    already = bool((logits >= 0).all()) and abs(float(logits.sum()) - 1) < 1e-4  # it ends in a softmax
    return logits if already else logits.softmax(dim=0)


def _grey(values: Tensor) -> bytes:
    """Numbers from 0 as bytes, 255 being the largest of them."""
    shares: Tensor = 255 * values / values.max().clamp(min=1e-9)
    return shares.round().to(torch.uint8).numpy().tobytes()
