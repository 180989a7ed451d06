"""Find out whether the input is at fault, by giving the model the same images in another form."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from cnnlab.inspection.blueprint import code, rebuilt
from cnnlab.inspection.faults import Fault
from cnnlab.inspection.tracing import INPUT, Trace, copy_of, trace
from cnnlab.inspection.windows import is_conv, weight_shape, windows_of
from cnnlab.inspection.workbench import Remedies, assigned, fits

_SIDES = "the model needs (N, C, H, W)"
_SMALLEST = 8  # pixels along a side; a row of 16 or 25 numbers is hardly an image


@dataclass(frozen=True)
class _Form:
    """Another form of the same images."""

    problem: str  # what is wrong with the form they have
    remedies: tuple[str, ...]
    change: Callable[[Tensor], Tensor]


def wrong_device(model: nn.Module, images: Tensor) -> Fault | None:
    """Say that images and weights are on different devices, if they are."""
    weight = next(model.parameters(), None)
    if weight is None or images.device == weight.device:
        return None
    here, there = images.device, weight.device
    if "meta" in (here.type, there.type):
        return _without_numbers(here.type == "meta")
    return Fault(
        f"The input does not fit: the images are on {here}, but the weights are on {there}.",
        details=("Both must be on the same device.",),
        remedies=Remedies((f'images = images.to("{there}")', f'model.to("{here}")')),
        has_sizes_before=False,
    )


def _without_numbers(images: bool) -> Fault:
    """What to say about images, or else weights, on the device meta."""
    ways = (
        "explain(model, (1, 28, 28))",
        "give real images, such as load_data().train.normalised()[:2]",
    )
    if not images:
        ways = (
            'build the model anew, outside of torch.device("meta")',
            "explain(model, (1, 28, 28)), for the sizes alone",
        )
    what = "images" if images else "weights"
    return Fault(
        f"The {what} are on the device meta, which holds shapes but no numbers.",
        remedies=Remedies().or_else(*ways),
        has_sizes_before=False,
    )


def wrong_input(model: nn.Module, images: Tensor, made: Trace, is_batch: bool = True) -> Fault | None:
    """Say what is wrong with the images, if the model takes them in another form.

    Args:
        model: the network.
        images: what it was given.
        made: the trace of `images` through `model`, which failed or mixed up the batch.
        is_batch: False if only the shape of one image was given, and `images` are made up.
    Returns:
        None, if no other form of the images gets further.
    """
    if made.error is None and images.ndim >= 4:
        return None
    at_the_door = made.failed is not None and INPUT in made.failed.parents
    norm_first = made.failed is not None and "norm" in made.failed.what
    casts = list(_casts(model, images))
    for form in [*casts, *_forms(images)]:
        cast = casts[0] if casts and form not in casts else None
        try:
            changed = form.change(cast.change(images) if cast else images)
        except (RuntimeError, IndexError):
            continue
        again = trace(model, changed)
        if fits(again):
            return _at_the_convolution(_told(model, images, changed, form, cast, is_batch), made, again)
        if norm_first and changed.ndim == images.ndim and changed.shape != images.shape:
            continue  # its number is wrong, rather than the channels of the images
        if at_the_door and len(again.steps) > len(made.steps) + 1:
            fault = _told(model, images, changed, form, cast, is_batch, partly=True)
            fault = replace(fault, remedies=Remedies(fault.remedies.texts, "part"))
            return _at_the_convolution(fault, made, again)
    return None


def _casts(model: nn.Module, images: Tensor) -> Iterator[_Form]:
    """The number format of the weights."""
    weight = next((p for p in model.parameters() if p.is_floating_point()), None)
    if weight is None or images.dtype == weight.dtype:
        return
    dtype = weight.dtype
    here, there = (str(d).removeprefix("torch.") for d in (images.dtype, dtype))
    if images.dtype == torch.uint8:
        ways = ("images.float() / 255, which also brings the pixels to 0…1", "split.normalised()")
    elif dtype == torch.float32:
        ways = (
            "images.float()",
            "model.double()" if images.dtype == torch.float64 else "images.to(torch.float32)",
        )
    else:
        ways = (f"images.to(torch.{there})", "model.float() and images.float()")
    yield _Form(
        f"the images are {here}, but the weights are {there}: both must be the same.",
        ways,
        lambda x: x.to(dtype),
    )


def _forms(images: Tensor) -> Iterator[_Form]:
    """The same images with their sides in another order or number."""
    shape = tuple(images.shape)
    if images.ndim == 2:
        side = math.isqrt(shape[1])
        if side**2 == shape[1] and side >= _SMALLEST:
            yield _Form(
                f"{shape} are images as rows of numbers; {_SIDES}.",
                (f"images.view(-1, 1, {side}, {side})", f"images.reshape(len(images), 1, {side}, {side})"),
                lambda x: x.reshape(-1, 1, side, side),
            )
        yield _Form(
            f"{shape} has no batch and no channel; {_SIDES}.",
            ("images[None, None]", "images.unsqueeze(0).unsqueeze(0)"),
            lambda x: x[None, None],
        )
    if images.ndim == 3:
        if shape[2] in (1, 3) and shape[0] > 3:
            yield _Form(
                f"{shape} has no batch and its channels last; {_SIDES}.",
                ("images.permute(2, 0, 1)[None]", "images.movedim(2, 0).unsqueeze(0)"),
                lambda x: x.permute(2, 0, 1)[None],
            )
        one_image = _Form(
            f"{shape} has no batch; {_SIDES}.",
            ("images[None]", "images.unsqueeze(0)"),
            lambda x: x[None],
        )
        no_channel = _Form(
            f"{shape} has no channel; {_SIDES}.",
            ("images[:, None]", "images.unsqueeze(1)"),
            lambda x: x[:, None],
        )
        yield from (one_image, no_channel) if shape[0] in (1, 3) else (no_channel, one_image)
    if images.ndim == 4 and shape[3] in (1, 3):
        yield _Form(
            f"{shape} has its channels last; {_SIDES}.",
            ("images.permute(0, 3, 1, 2)", "images.movedim(3, 1)"),
            lambda x: x.permute(0, 3, 1, 2),
        )
    if images.ndim == 4 and shape[1] == 3:
        yield _Form(
            "the images have 3 channels (red, green, blue), but the model takes 1.",
            ("images.mean(1, keepdim=True)", "transforms.Grayscale() when the pictures are read"),
            lambda x: x.mean(1, keepdim=True),
        )
    if images.ndim == 4 and shape[1] == 1:
        yield _Form(
            "the images have 1 channel, but the model takes 3.",
            ("images.expand(-1, 3, -1, -1)", "images.repeat(1, 3, 1, 1)"),
            lambda x: x.expand(-1, 3, -1, -1),
        )


def _told(
    model: nn.Module,
    images: Tensor,
    changed: Tensor,
    form: _Form,
    cast: _Form | None,
    is_batch: bool,
    partly: bool = False,  # there is another mistake behind this one
) -> Fault:
    problem, remedies = form.problem, list(form.remedies)
    shape, wanted = tuple(images.shape[1:]), tuple(changed.shape[1:])
    if not is_batch and shape[:1] not in ((1,), (3,)):
        problem = f"an image of {shape} is not (C, H, W), channels first, as in {wanted}."
        remedies = [f"explain(model, {wanted})", f"images = {form.remedies[0]}, if your images are like that"]
    if cast is not None:
        remedies = [f"{remedy}, after {cast.remedies[0].split(',')[0]}" for remedy in remedies]
    has = needs = None
    if images.ndim == changed.ndim and images.shape != changed.shape:
        has, needs = images.shape[1], changed.shape[1]  # channels
        remedies += _first_layer_for(model, images, partly)
    elif images.ndim != changed.ndim:
        has, needs = images.ndim, changed.ndim  # sides
    return Fault(
        f"The input does not fit: {problem}",
        has,
        needs,
        remedies=Remedies(tuple(remedies)),
        has_sizes_before=False,
    )


def _at_the_convolution(fault: Fault, made: Trace, again: Trace) -> Fault:
    """Wrong channels told of the convolution that takes them, where the model does not know it as a layer.

    Args:
        fault: what was found.
        made: the trace that failed.
        again: the trace of the images with other channels.
    """
    step, has = made.failed, fault.has
    size = weight_shape(step) if step is not None and windows_of(step) is not None else None
    if step is None or size is None or has is None or "the model takes" not in fault.headline:
        return fault
    layer = step.module
    if (step.registered and layer is not None) or is_conv(dict(made.model.named_modules()).get(step.path)):
        return fault  # `_first_layer_for` has looked at it
    name = f"F.{step.what}" if layer is None else code(layer)
    old, new = name, ""
    if layer is not None:
        with contextlib.suppress(ValueError):  # channels that the groups do not divide
            new = code(rebuilt(layer, in_channels=has))
    elif size[1] == fault.needs and "transpose" not in step.what:  # without groups
        new = f"a weight of {(size[0], has, *size[2:])}"
        old = f"{size} for {name}"
    # the map stays as large as it was with other images, so all after it fits as well
    once = sum(INPUT in later.parents for later in again.steps) == 1
    more = (f"{new} in place of {old}",) if new and once else ()
    return replace(
        fault,
        headline=fault.headline.replace("the model takes", f"{name} takes"),
        number=made.steps.index(step),
        remedies=replace(fault.remedies, texts=(*fault.remedies.texts, *more)),
    )


def _first_layer_for(model: nn.Module, images: Tensor, partly: bool) -> list[str]:
    """The first convolution made for these channels, if the model, or at least that layer, works with it."""
    name, conv = next(((n, m) for n, m in model.named_modules() if n and is_conv(m)), ("", None))
    twin = copy_of(model)
    if conv is None or twin is model or images.shape[1] not in (1, 3):
        return []
    new = rebuilt(conv, in_channels=images.shape[1])
    twin.set_submodule(name, new)
    made = trace(twin, images)
    past = any(step.path == name and step.out_shape is not None for step in made.steps)
    passed = fits(made) or (partly and past)
    return [assigned(name, code(new))] if passed else []
