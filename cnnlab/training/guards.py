"""Say in words, and at the step where it happens, why training cannot go on."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import torch
from torch import Tensor, nn

from cnnlab.errors import TrainingError
from cnnlab.training.failures import type_of
from cnnlab.training.history import StepRecord, mean_of

LOOK_EVERY = 300  # steps: by then every network of the course has left chance far behind
FEW_STEPS = 100  # in a shorter run than this, guessing is no surprise
FAR_OFF = 3  # times ln(classes): a mean loss above that is no slow start, but a training that blew up
FAR_OFF_STEPS = 10  # that the mean must be of
FIRST_STEP = "epoch 1, step 1"  # as `Run.where` writes it
SAFE_LR = 0.01  # a tenth of an absurd learning rate is absurd as well


def check_count(name: str, value: int) -> None:
    """Refuse epochs=0, batch_size=-1, epochs=2.5 and the like."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name}={value!r} is a {type(value).__name__}: give a whole number, at least 1.")
    if value < 1:
        raise ValueError(f"{name}={value} is too small: it must be at least 1.")


def check_model(model: object) -> None:
    """Refuse what is no network, above all a class in place of one."""
    if isinstance(model, nn.Module):
        if getattr(model, "_modules", None) is None:  # vars() knows nothing of one that torch.jit made
            raise TypeError(
                f"{type(model).__name__} is not a network yet: write super().__init__() as the first line of "
                "its __init__."
            )
        return
    if isinstance(model, type):
        raise TypeError(
            f"model is the class {model.__name__}: write {model.__name__}(), which makes a network."
        )
    trained = ", or models.trained('cnn_320') for a trained one" if isinstance(model, str) else ""
    raise TypeError(
        f"model is a {type(model).__name__}: give a network, such as models.build('cnn_320'){trained}."
    )


def check_numbers(model: nn.Module) -> None:
    """Refuse a network that is only a plan, without numbers."""
    if any(p.is_meta for p in model.parameters()):
        raise ValueError(
            "the model is on the device meta, which holds shapes but no numbers: build it anew, outside of "
            'torch.device("meta").'
        )


def check_batch(batch: Any, where: str) -> tuple[Tensor, Tensor]:
    """The images and labels of a batch; refuse those that no network can be trained on."""
    parts = batch if isinstance(batch, (tuple, list)) else [batch]
    if len(parts) != 2 or not all(isinstance(part, Tensor) for part in parts):
        raise TrainingError(
            f"{where}: a batch must be two tensors, (images, labels), and this one is "
            f"{' and '.join(type(part).__name__ for part in parts) or 'empty'}."
        )
    images, labels = parts
    for name, part in (("images", images), ("labels", labels)):
        if part.is_meta:
            raise TrainingError(
                f"{where}: the {name} are on the device meta, which holds shapes but no numbers: "
                "give them as they were loaded."
            )
    if not images.is_floating_point():
        raise TrainingError(
            f"{where}: the images are {type_of(images)}, and convolutions need float32: "
            "use split.batches(...), which normalises, or images.float() / 255."
        )
    if labels.dtype != torch.int64 or labels.ndim != 1:
        bad = int((~labels.isfinite()).sum())
        if bad:  # made whole, NaN would be a number like any other
            raise TrainingError(
                f"{where}: {bad:,} of {labels.numel():,} labels are not finite (NaN): look where they come "
                "from, and leave out the images without a label."
            )
        raise TrainingError(
            f"{where}: the labels are {type_of(labels)} of shape {tuple(labels.shape)}; one whole number per "
            "image is needed: labels.long(), or labels.argmax(dim=1) where they are one-hot."
        )
    if len(images) != len(labels):
        raise TrainingError(
            f"{where}: {len(images)} images come with {len(labels)} labels: there must be one for each."
        )
    if len(labels) == 0:
        raise TrainingError(f"{where}: the batch is empty: leave out batches without images.")
    return images, labels


def check_logits(logits: Tensor, images: Tensor, where: str) -> None:
    """Refuse an output that is not one row of class scores per image."""
    n = len(images)
    if not isinstance(logits, Tensor):
        raise TrainingError(
            f"{where}: the model returned a {type(logits).__name__}: forward() must return one tensor of "
            "logits (N, classes)."
        )
    if logits.ndim == 2 and len(logits) == n:
        if logits.is_floating_point():
            return
        remedy = ".real or .abs()" if logits.is_complex() else "no round, comparison or one_hot"
        raise TrainingError(
            f"{where}: the model returned {type_of(logits)} numbers, and logits are float32: let forward() "
            f"end in a linear layer, with {remedy} behind it."
        )
    shape = tuple(logits.shape)
    if logits.ndim == 2:
        raise TrainingError(
            f"{where}: {n} images went in and {len(logits)} rows came out, logits {shape}. A view(-1, "
            "features) with the wrong number of features moves numbers from one image into another: use "
            "x.flatten(1), or x.view(x.size(0), -1), and mend the first linear layer's input. "
            f"cnnlab.explain(model, {tuple(images.shape[1:])}) shows where."
        )
    if shape == (n,) or logits.ndim == 0:
        raise TrainingError(
            f"{where}: the model returned shape {shape} for {n} images; ({n}, classes) is needed, one logit "
            "for each class: leave out argmax, mean, sum or squeeze at the end of forward()."
        )
    raise TrainingError(
        f"{where}: the model returned shape {shape} for {n} images; ({n}, classes) is needed: flatten the "
        f"feature maps before the last linear layer. cnnlab.explain(model, {tuple(images.shape[1:])}) "
        "shows where."
    )


def check_labels(labels: Tensor, width: int, classes: Sequence[str] | None, where: str) -> None:
    """Refuse labels that have no logit, and a number of logits that is not the number of classes."""
    low, high = (int(v) for v in torch.aminmax(labels))
    if low < 0:
        raise TrainingError(
            f"{where}: a label is {low}; labels count from 0, so with {width} logits they are "
            f"0 to {width - 1}: look at labels.min() and labels.max()."
        )
    if classes is not None and len(classes) != width:
        raise TrainingError(
            f"{where}: the model gives {width} logits per image and the data have {len(classes)} classes: "
            f"labels 0 to {len(classes) - 1} need {len(classes)} logits: make the last layer "
            f"nn.Linear(..., {len(classes)})."
        )
    if high >= width:
        raise TrainingError(
            f"{where}: a label is {high}, but the model gives {width} logits per image, for labels 0 to "
            f"{width - 1}: make the last layer nn.Linear(..., {high + 1}), or look for a wrong label."
        )


def check_finite(logits: Tensor, images: Tensor, model: nn.Module, where: str) -> None:
    """Refuse logits that give no probabilities, and look for the reason."""
    if not bool(logits.softmax(dim=1).isnan().any()):  # a logit of -inf is a probability of 0, and no mistake
        return
    what = "not numbers (NaN)" if bool(logits.isnan().any()) else "infinite"
    said = f"{where}: the logits are {what}"
    _check_pixels(images, said)
    spoilt = _spoilt(model)
    if spoilt:
        raise TrainingError(
            f"{said}, because {spoilt[0]} is not finite: build the model and train it anew, with a smaller "
            "lr if the loss was not finite before."
        )
    raise TrainingError(
        f"{said}, though weights and images are finite: look for log(0) or a division by zero in the model."
    )


def check_loss(loss: float, lr: float, where: str, model: nn.Module, images: Tensor | None = None) -> None:
    """Refuse a loss that is not finite, and look for the reason."""
    if math.isfinite(loss):
        return
    said = f"{where}: the loss is {loss}"
    if images is not None:
        _check_pixels(images, said)
    spoilt = _spoilt(model)
    if where == FIRST_STEP:  # no step has been made, so none was too large
        reason = (
            f"because {spoilt[0]} is not finite: build the model anew"
            if spoilt
            else "before any step was made: look for log(0) or a division by zero in the model"
        )
        raise TrainingError(f"{said}, {reason}.")
    reason = f", and weights are not finite either ({spoilt[0]} first)" if spoilt else ""
    raise TrainingError(
        f"{said}{reason}. With lr={lr:g} the steps are probably too large: build the model anew and try "
        f"lr={min(lr / 10, SAFE_LR):g}; if that does not help, look for log(0) or a division by zero in the "
        "model."
    )


def _check_pixels(images: Tensor, said: str) -> None:
    bad = int((~torch.isfinite(images)).sum())
    if bad:
        raise TrainingError(
            f"{said}, because {bad:,} of the {images.numel():,} input pixels are not finite: look for a "
            "division by zero where they are normalised (std = 0?)."
        )


def _spoilt(model: nn.Module) -> list[str]:
    """The names of the weights that are not finite, and of what batch norm has counted."""
    kept = (*model.named_parameters(), *model.named_buffers())
    return [name for name, p in kept if not bool(torch.isfinite(p).all())]


def warn_if_probabilities(logits: Tensor, where: str) -> None:
    """Warn when the model ends in a softmax, which the loss would apply once more."""
    rows = logits.detach().float()
    inside = bool(((rows >= 0) & (rows <= 1)).all())
    if inside and rows.shape[1] > 1 and bool((rows.sum(dim=1) - 1).abs().max() < 1e-3):
        warnings.warn(
            f"{where}: each row of the model's output lies in [0, 1] and sums to 1, so it seems to end in a "
            "softmax. The loss (cross-entropy) applies softmax itself; twice, learning is slow or stalls. "
            "Return the logits: leave out the softmax.",
            stacklevel=2,
        )


def warn_if_at_chance(steps: Sequence[StepRecord], classes: int) -> bool:
    """Warn when the network still guesses: accuracy at chance and loss close to ln(classes).

    Args:
        steps: the last `LOOK_EVERY` steps.
        classes: number of logits.
    Returns:
        Whether the warning was given.
    """
    mean = mean_of(steps)
    if not _guesses(mean, classes) or abs(mean.loss / math.log(classes) - 1) > 0.05:
        return False
    warnings.warn(
        f"epoch {mean.epoch}, step {mean.step}: over the last {len(steps)} steps the accuracy is "
        f"{mean.accuracy:.1f} % and the loss {mean.loss:.3f}, which is guessing (chance is "
        f"{100 / classes:.1f} %, ln({classes}) = {math.log(classes):.3f}). Try, one at a time: another lr "
        f"(now {mean.lr:g}; ten times smaller if the loss jumped, ten times larger if it hardly moved); no "
        "softmax before the loss; normalised images; and check that labels belong to their images.",
        stacklevel=2,
    )
    return True


def warn_if_far_off(steps: Sequence[StepRecord], classes: int) -> bool:
    """Warn when the network guesses with a loss far above ln(classes): the steps were too large.

    Args:
        steps: those of one epoch, or the last `LOOK_EVERY`.
        classes: number of logits.
    Returns:
        Whether the warning was given.
    """
    if len(steps) < FAR_OFF_STEPS:
        return False
    mean = mean_of(steps)
    if not _guesses(mean, classes) or mean.loss <= FAR_OFF * math.log(classes):
        return False
    lr = max(step.lr for step in steps)  # a schedule may have lowered it since
    loss = f"{mean.loss:,.1f}" if mean.loss < 1e6 else f"{mean.loss:.1e}"
    warnings.warn(
        f"epoch {mean.epoch}, step {mean.step}: over the last {len(steps)} steps the mean loss is {loss}, "
        f"far above the ln({classes}) = {math.log(classes):.3f} of mere guessing, and the accuracy is "
        f"{mean.accuracy:.1f} % (chance is {100 / classes:.1f} %): the steps are too large, and the weights "
        f"were thrown far off. Build the model anew and train it with lr={lr / 10:g} in place of "
        f"{lr:g}, or less; if that does not help, look whether the images are normalised.",
        stacklevel=2,
    )
    return True


def _guesses(mean: StepRecord, classes: int) -> bool:
    """Whether the accuracy is that of guessing."""
    chance = 100 / classes
    noise = 300 * math.sqrt((1 / classes) * (1 - 1 / classes) / mean.examples)  # 3 sigma, in points
    # A network that always answers the commonest class is a little above chance, hence the quarter.
    return classes > 1 and mean.accuracy <= 1.25 * chance + noise


def warn_if_no_gradient(model: nn.Module, where: str) -> None:
    """Warn of parameters that should learn and got no gradient."""
    names = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
    if names:
        listed = (
            " and ".join(names) if len(names) < 3 else f"{names[0]}, {names[1]} and {len(names) - 2} more"
        )
        they = "it" if len(names) == 1 else "they"
        warnings.warn(
            f"{where}: {listed} got no gradient, so {they} cannot learn: look for .data, .detach(), .numpy() "
            "or torch.no_grad() in forward(), or for a layer that forward() does not use.",
            stacklevel=2,
        )


def check_graph(loss: Tensor, where: str) -> None:
    """Refuse a loss that no parameter has a part in."""
    if not loss.requires_grad:
        raise TrainingError(
            f"{where}: the loss does not depend on any trainable parameter: look for detach(), .data, "
            ".numpy() or torch.no_grad() in or around the model's forward()."
        )
