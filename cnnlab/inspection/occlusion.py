"""Which part of the image matters: cover a patch and see what changes; find the patch a unit sees."""

from __future__ import annotations

import torch
from torch import nn

from cnnlab.arithmetic import whole
from cnnlab.errors import did_you_mean
from cnnlab.inspection.activations import activations, check_floats, evaluating, output_of
from cnnlab.inspection.receptive_field import receptive_field

MEASURES = ("probability", "logit")


def occlusion_map(
    model: nn.Module,
    image: torch.Tensor,
    label: int,
    size: int = 5,
    stride: int = 1,
    fill: float | None = None,
    measure: str = "probability",
) -> torch.Tensor:
    """How much a class loses when a square patch of the image is covered, for every place of the patch.

    The value at a pixel is the loss when the patch is centred there: positive where the
    patch hides what speaks for the class, negative where it hides what speaks against it.

    Args:
        model: a classifier that returns logits (N, classes).
        image: (C, H, W) float, normalised as in training.
        label: the class whose loss is measured.
        size: width of the patch in pixels.
        stride: step between two places in pixels; a larger one is faster and coarser.
        fill: the value of the covered pixels; None takes the image's smallest value, its background.
        measure: "probability" (0 to 1, after softmax) or "logit", which still moves when the
            probability stays near 1.
    Returns:
        (H, W) float: uncovered minus covered.
    Raises:
        TypeError: the image is no float tensor, or a number is not whole.
        ValueError: shape, label, size, stride or measure is out of range, or the model refuses the image.
    Source: Zeiler and Fergus, Visualizing and Understanding Convolutional Networks (2014), section 4.2.
    """
    check_floats(image)
    if image.ndim != 3:
        raise ValueError(f"image has the shape {tuple(image.shape)}: one image (C, H, W) is needed.")
    height, width = image.shape[1:]
    size, stride, label = whole("size", size, 1), whole("stride", stride, 1), whole("label", label)
    if size > min(height, width):
        raise ValueError(f"size={size} does not fit: choose 1 to {min(height, width)} pixels.")
    if measure not in MEASURES:
        raise ValueError(f"unknown measure {measure!r}: {did_you_mean(measure, MEASURES)}")
    covered = float(image.min()) if fill is None else fill
    rows, columns = range(0, height, stride), range(0, width, stride)
    images = image.repeat(1 + len(rows) * len(columns), 1, 1, 1)  # the first one stays uncovered
    middle = stride // 2  # a value stands for stride × stride pixels: the patch goes on their centre
    places = [
        (min(row + middle, height - 1), min(column + middle, width - 1)) for row in rows for column in columns
    ]
    for covered_image, (row, column) in zip(images[1:], places):
        top, left = row - size // 2, column - size // 2
        covered_image[:, max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)] = covered
    with evaluating(model):
        logits = torch.cat([output_of(model, part).cpu() for part in torch.split(images, 256)])
    if label >= logits.shape[1]:
        raise ValueError(f"label={label}, but the model has {logits.shape[1]} classes, counted from 0.")
    scores = (logits.softmax(dim=1) if measure == "probability" else logits)[:, label].clone()
    loss = (scores[0] - scores[1:]).reshape(len(rows), len(columns))
    return loss.repeat_interleave(stride, 0).repeat_interleave(stride, 1)[:height, :width]


def patch_seen_by(
    model: nn.Module,
    layer: str,
    row: int,
    col: int,
    input_shape: tuple[int, int, int] = (1, 28, 28),
) -> tuple[int, int, int, int]:
    """The part of the image that one unit of a feature map depends on.

    Args:
        model: a network whose layers `receptive_field` can follow.
        layer: the name of the layer that holds the unit.
        row: the unit's row in the feature map, counted from 0.
        col: the unit's column, counted from 0.
        input_shape: (C, H, W) of an image.
    Returns:
        (top, left, height, width) in input pixels, without what lies in the padding.
    Raises:
        ValueError: the layer is unknown or is no feature map, or the unit lies outside it.
    """
    made = activations(model, torch.zeros(1, *input_shape), layer)[layer]
    if made.ndim != 4:
        raise ValueError(
            f"layer {layer!r} makes {tuple(made.shape[1:])}, which has no rows and columns: "
            "each of its units sees all that comes before it."
        )
    height, width = made.shape[2:]
    if not (0 <= row < height and 0 <= col < width):
        raise ValueError(
            f"unit ({row}, {col}) lies outside the {height}×{width} map of {layer!r}: "
            f"choose rows 0 to {height - 1} and columns 0 to {width - 1}."
        )
    fields = {entry.name: entry for entry in receptive_field(model, input_shape)}
    if layer not in fields:
        inside = [name for name in fields if name.startswith(f"{layer}.")]
        raise ValueError(f"{layer!r} is made of other layers: ask for one of them ({', '.join(inside)}).")
    field = fields[layer]
    if field.height is None or field.width is None:
        raise ValueError(f"what a unit of {layer!r} sees cannot be said: the layers before it are unusual.")
    top, tall = _clipped(field.height.pixels(row), input_shape[1])
    left, wide = _clipped(field.width.pixels(col), input_shape[2])
    return top, left, tall, wide


def _clipped(pixels: range, length: int) -> tuple[int, int]:
    """First pixel and number of pixels of a field, inside an image of this length."""
    first, end = max(pixels.start, 0), min(pixels.stop, length)
    return first, end - first
