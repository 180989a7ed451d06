"""Find out whether the input is at fault, by giving the model the same images in another form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnnlab.inspection.blueprint import code, rebuilt
from cnnlab.inspection.diagnosis import Diagnosis
from cnnlab.inspection.remedies import assigned, fits, named
from cnnlab.inspection.tracing import INPUT, Trace, copy_of, trace
from cnnlab.inspection.windows import is_conv


@dataclass(frozen=True)
class _Form:
    """Another form of the same images."""

    problem: str  # what is wrong with the form they have
    remedies: tuple[str, ...]
    change: Callable[[Tensor], Tensor]


def wrong_input(model: nn.Module, images: Tensor, made: Trace) -> Diagnosis | None:
    """Say what is wrong with the images, if the model takes them in another form.

    Args:
        model: the network.
        images: what it was given.
        made: the trace of `images` through `model`, which failed or mixed up the batch.
    Returns:
        None, if no other form of the images gets further.
    """
    first = made.failed
    at_the_door = first is not None and INPUT in first.parents
    if made.error is None and images.ndim >= 4:
        return None
    weights = [p for p in model.parameters() if p.is_floating_point()]
    weight = weights[0] if weights else None
    if weight is not None and images.device != weight.device:
        return _wrong_device(images, weight)
    casts = list(_casts(images, weight))
    cast = casts[0].change if casts else lambda x: x
    for form in [*casts, *_forms(images)]:
        try:
            changed = form.change(images if form in casts else cast(images))
        except (RuntimeError, IndexError):
            continue
        again = trace(model, changed)
        further = at_the_door and len(again.steps) > len(made.steps) + 1
        if fits(again) or further:
            if form not in casts and casts:
                form = _Form(
                    form.problem, tuple(f"{r}; and {casts[0].remedies[0]}" for r in form.remedies), cast
                )
            return _told(model, images, made, form, changed)
    return None


def _casts(images: Tensor, weight: Tensor | None) -> Iterator[_Form]:
    """The number format of the weights."""
    if weight is None or images.dtype == weight.dtype:
        return
    kind, wanted = _kind(images.dtype), _kind(weight.dtype)
    if images.dtype == torch.uint8:
        ways = (
            "images.float() / 255, which also brings the pixels to 0…1",
            "split.normalised(), or transforms.ToTensor()",
        )
    elif images.dtype == torch.float64:
        ways = ("images.float()", "model.double(), which is slower")
    else:
        ways = (
            f"images.to(torch.{wanted})",
            f"model.to(torch.{kind})" if images.is_floating_point() else "images.float()",
        )
    yield _Form(
        f"the images are {kind}, but the weights are {wanted}: both must be the same.",
        tuple(dict.fromkeys(ways)),
        lambda x: x.to(weight.dtype),
    )


def _forms(images: Tensor) -> Iterator[_Form]:
    """The same images with their sides in another order or number."""
    shape = tuple(images.shape)
    if images.ndim == 2:
        yield _Form(
            f"{shape} is one image without batch and channel: the model needs (N, C, H, W).",
            ("images[None, None]", "images.unsqueeze(0).unsqueeze(0)"),
            lambda x: x[None, None],
        )
    if images.ndim == 3:
        if shape[2] in (1, 3) and shape[0] > 3:
            yield _Form(
                f"{shape} is one image with its channels last: the model needs (N, C, H, W).",
                ("images.permute(2, 0, 1)[None]", "transforms.ToTensor() on the picture, then images[None]"),
                lambda x: x.permute(2, 0, 1)[None],
            )
        alone = _Form(
            f"{shape} is one image without a batch: the model needs (N, C, H, W).",
            ("images[None]", "images.unsqueeze(0)"),
            lambda x: x[None],
        )
        without_channel = _Form(
            f"{shape} are images without a channel: the model needs (N, C, H, W).",
            ("images[:, None]", "images.unsqueeze(1)"),
            lambda x: x[:, None],
        )
        yield from (alone, without_channel) if shape[0] in (1, 3) else (without_channel, alone)
    if images.ndim == 4 and shape[3] in (1, 3):
        yield _Form(
            f"{shape} has its channels last: the model needs (N, C, H, W).",
            ("images.permute(0, 3, 1, 2)", "transforms.ToTensor() on each picture, which puts them first"),
            lambda x: x.permute(0, 3, 1, 2),
        )
    if images.ndim == 4 and shape[1] == 3:
        yield _Form(
            "the images have 3 channels (red, green, blue), but the model takes 1.",
            ("images.mean(1, keepdim=True)", "transforms.Grayscale() before transforms.ToTensor()"),
            lambda x: x.mean(1, keepdim=True),
        )
    if images.ndim == 4 and shape[1] == 1:
        yield _Form(
            "the images have 1 channel, but the model takes 3.",
            ("images.expand(-1, 3, -1, -1)", "transforms.Grayscale(num_output_channels=3)"),
            lambda x: x.expand(-1, 3, -1, -1),
        )


def _told(model: nn.Module, images: Tensor, made: Trace, form: _Form, changed: Tensor) -> Diagnosis:
    remedies = list(form.remedies)
    step = made.failed
    number = len(made.steps) - 1 if step is not None else None
    has, needs = images.ndim, changed.ndim
    if images.ndim == changed.ndim and images.ndim == 4 and images.shape[1] != changed.shape[1]:
        has, needs = images.shape[1], changed.shape[1]
        new = _first_layer_for(model, images, made)
        if new and "3 channels" in form.problem + "1 channel":
            remedies.append(new)
    headline = f"The input does not fit: {form.problem}"
    where = f"{named(step.path)} stops at it." if step is not None else ""
    return Diagnosis(headline, number, has, needs, (where,) if where else (), tuple(remedies))


def _first_layer_for(model: nn.Module, images: Tensor, made: Trace) -> str:
    """The first convolution made for these channels, if the model works with it."""
    step = made.failed
    if step is None or not is_conv(step.module) or step.path not in dict(model.named_modules()):
        return ""
    twin = copy_of(model)
    if twin is model or not step.path:
        return ""
    new = rebuilt(twin.get_submodule(step.path), in_channels=images.shape[1])
    twin.set_submodule(step.path, new)
    return assigned(step.path, code(new)) if fits(trace(twin, images)) else ""


def _wrong_device(images: Tensor, weight: Tensor) -> Diagnosis:
    here, there = images.device, weight.device
    return Diagnosis(
        f"The input does not fit: the images are on {here}, but the weights are on {there}.",
        details=("Both must be on the same device.",),
        remedies=(f'images.to("{there}")', f'model.to("{here}")'),
    )


def _kind(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
