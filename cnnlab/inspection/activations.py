"""Read what every layer of a model makes of some images, without changing the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from cnnlab.errors import did_you_mean
from cnnlab.inspection.shapes import first_line
from cnnlab.training.modes import keep_mode


def activations(
    model: nn.Module, images: torch.Tensor, layers: Sequence[str] | str | None = None
) -> dict[str, torch.Tensor]:
    """The output of each layer for a batch of images, by layer name.

    The model runs as it does in a test (no dropout, stored batch-norm statistics) and is
    left in the mode it was found in. A layer that forward() calls more than once appears
    as "relu", "relu (call 2)" and so on.

    Args:
        model: any network; its layers are read through forward hooks.
        images: (N, C, H, W) float, normalised as in training.
        layers: layer names, or one name; None reads every layer that has no layers inside it.
    Returns:
        Name -> (N, ...) tensor on the CPU, in the order in which forward() called the layers.
    Raises:
        TypeError: images are not a float tensor.
        ValueError: a layer name is unknown or never called, images are not a batch, or the model
            does not take them.

    >>> model = nn.Sequential(nn.Conv2d(1, 10, 5), nn.ReLU())
    >>> {name: tuple(made.shape) for name, made in activations(model, torch.zeros(2, 1, 28, 28)).items()}
    {'0': (2, 10, 24, 24), '1': (2, 10, 24, 24)}
    """
    return activations_and_output(model, images, layers)[0]


def activations_and_output(
    model: nn.Module, images: torch.Tensor, layers: Sequence[str] | str | None = None
) -> tuple[dict[str, torch.Tensor], Any]:
    """What `activations` returns, and what the model itself makes of the images, from a single run."""
    _check_batch(images)
    if layers is None:
        wanted = [name for name, module in model.named_modules() if not list(module.children())]
    else:
        wanted = [layers] if isinstance(layers, str) else list(layers)
    made: dict[str, torch.Tensor] = {}
    calls: dict[str, int] = {}

    def keep(name: str, output: Any) -> None:
        calls[name] = calls.get(name, 0) + 1
        if isinstance(output, torch.Tensor):
            key = name if calls[name] == 1 else f"{name} (call {calls[name]})"
            # A copy, because a later in-place ReLU would overwrite it; made outside inference
            # mode, because an inference tensor cannot be computed with together with weights.
            with torch.inference_mode(False):
                made[key] = output.cpu().clone()

    with ExitStack() as hooks, evaluating(model):
        for name in wanted:
            handle = layer_named(model, name).register_forward_hook(
                lambda _module, _inputs, output, name=name: keep(name, output)
            )
            hooks.callback(handle.remove)
        output = output_of(model, images)
    if layers is not None:
        for name in wanted:
            if name not in made:
                raise ValueError(_nothing_from(name, called=name in calls))
    return made, output


def dead_channels(model: nn.Module, images: torch.Tensor, layer: str) -> list[int]:
    """The channels of a layer that ReLU turns into 0 everywhere, for every one of the images.

    Args:
        model: any network.
        images: (N, C, H, W) float, normalised as in training; take a few hundred at least.
        layer: the ReLU's name, or that of a layer whose output goes into a ReLU.
    Returns:
        Channel numbers (unit numbers after a linear layer), counted from 0.
    Raises:
        ValueError: the layer name is unknown, or images are not a batch.
    """
    _check_batch(images)
    silent = None
    for part in torch.split(images, 500):  # the maps of 10,000 images would fill a small memory
        output = activations(model, part, layer)[layer]
        here = (output <= 0).transpose(0, 1).flatten(1).all(dim=1)
        silent = here if silent is None else silent & here
    assert silent is not None  # _check_batch refused an empty batch
    return [int(channel) for channel in silent.nonzero().flatten()]


def layer_named(model: nn.Module, name: str) -> nn.Module:
    """The layer with this name, as model.named_modules() lists them.

    Raises:
        ValueError: there is none; the message lists the names that exist.
    """
    modules: dict[str, nn.Module] = {key: module for key, module in model.named_modules() if key}
    if name not in modules:
        raise ValueError(f"the model has no layer {name!r}: {did_you_mean(name, modules)}")
    return modules[name]


def output_of(model: nn.Module, images: torch.Tensor) -> Any:
    """What the model makes of a batch, on the model's device.

    Raises:
        ValueError: the model does not take these images; the message says who explains why.
    """
    try:
        return model(images.to(device_of(model)))
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError) as error:
        kind = str(images.dtype).removeprefix("torch.")
        raise ValueError(
            f"the model stops at {kind} images of shape {tuple(images.shape)}: {first_line(error)}. "
            "print(cnnlab.explain(model, images)) says why and how to mend it."
        ) from error


def device_of(model: nn.Module) -> torch.device:
    """The device of the model's first weight; the CPU for a model without weights."""
    weight = next(model.parameters(), None)
    return torch.device("cpu") if weight is None else weight.device


def weights_now(model: nn.Module) -> tuple[object, ...]:
    """Something that differs as soon as the model has other weights, or other running statistics.

    The sum is there for who writes into `weight.data`, which counts no version.
    """
    found = []
    for name, value in model.state_dict(keep_vars=True).items():
        if isinstance(value, torch.Tensor):
            version = None if value.is_inference() else value._version
            found.append((name, id(value), version, repr(value.detach().sum().item())))
    return tuple(found)


def check_initialised(model: nn.Module) -> None:
    """Refuse a model whose lazy layers have no weights yet.

    A run in inference mode would make weights that can never be trained.

    Raises:
        ValueError: there is such a layer; the message names it.
    """
    for name, module in model.named_modules():
        if any(is_lazy(value) for value in (*module._parameters.values(), *module._buffers.values())):
            raise ValueError(
                f"layer {name!r} is a {type(module).__name__}, which has no weights before its first batch: "
                "send one through, model(images[:1]), and ask again."
            )


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation and inference mode; afterwards every layer is in the mode it was found in.

    Raises:
        ValueError: a lazy layer has no weights yet.
    """
    check_initialised(model)
    with keep_mode(model), torch.inference_mode():
        model.eval()
        yield


def check_floats(images: torch.Tensor) -> None:
    """Refuse what is no float tensor."""
    if not isinstance(images, torch.Tensor):
        raise TypeError(f"images are a {type(images).__name__}: give a float tensor (N, C, H, W).")
    if not images.is_floating_point():
        raise TypeError(f"images are {images.dtype}: give normalised floats, such as split.normalised().")


def _check_batch(images: torch.Tensor) -> None:
    check_floats(images)
    if images.ndim == 3:
        raise ValueError(
            f"images have the shape {tuple(images.shape)}: this is one image, a batch is images[None]."
        )
    if images.ndim == 0 or len(images) == 0:
        raise ValueError(f"images have the shape {tuple(images.shape)}: give at least one image.")


def _nothing_from(name: str, called: bool) -> str:
    if called:
        return f"layer {name!r} returns no single tensor: ask for a layer inside it or after it."
    return (
        f"forward() never calls layer {name!r}: remove it from the list, or, if forward() has "
        f"{name}.forward(x), write {name}(x), because only that runs the hooks."
    )
