"""Measure a model: accuracy with its uncertainty, per class, and which images it gets wrong."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnlab.device import pick_device
from cnnlab.errors import TrainingError
from cnnlab.memory import keep_memory
from cnnlab.table import Table, column
from cnnlab.training import guards
from cnnlab.training.failures import forward_error
from cnnlab.training.intervals import wilson_interval
from cnnlab.training.layout import Layout, fast_layout
from cnnlab.training.modes import keep_mode, on_device
from cnnlab.training.sources import Batch, Source, class_names, generators_of, open_batches

EVALUATION_BATCH_SIZE = 1000  # images; without gradients there is room for more than in training


@dataclass(frozen=True)
class ClassAccuracy:
    """How well one class is recognised."""

    label: int = column("label", "d")
    name: str = column("class")
    n: int = column("images", ",d")
    correct: int = column("correct", ",d")
    accuracy: float | None = column("accuracy (%)", ".2f")  # None where there are no images
    low: float = column("low (%)", ".2f")  # 95 % confidence interval (Wilson)
    high: float = column("high (%)", ".2f")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What `evaluate` found; the i-th entry of each tensor belongs to the i-th image. All on the CPU."""

    n: int  # images
    correct: int
    accuracy: float  # percent
    interval: tuple[float, float]  # 95 % confidence interval of the accuracy (Wilson), percent
    loss: float  # mean cross-entropy per image, in nats
    per_class: Table[ClassAccuracy]
    confusion: Tensor  # (C, C) int64: rows are the true classes, columns the predicted ones
    probabilities: Tensor  # (N, C) float32, softmax of the logits
    predicted: Tensor  # (N,) int64
    labels: Tensor  # (N,) int64

    def mistakes(self) -> Tensor:
        """Indices of the images that were got wrong, the most confident mistake first."""
        wrong = (self.predicted != self.labels).nonzero().flatten()
        confidence = self.probabilities[wrong].amax(dim=1)
        return wrong[confidence.argsort(descending=True, stable=True)]

    def doubtful(self, n: int) -> Tensor:
        """Indices of the `n` images that were got right by the smallest margin, the closest first.

        The margin is the probability of the right class minus that of the runner-up.
        """
        guards.check_count("n", n)
        right = (self.predicted == self.labels).nonzero().flatten()
        best_two = self.probabilities[right].topk(2, dim=1).values
        return right[(best_two[:, 0] - best_two[:, 1]).argsort(stable=True)][:n]

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"accuracy {self.accuracy:.2f} % ({self.correct:,} of {self.n:,}; 95 % interval {low:.2f} to "
            f"{high:.2f} %), loss {self.loss:.4f}"
        )

    __repr__ = __str__


def evaluate(
    model: nn.Module,
    split: Source,
    *,
    batch_size: int = EVALUATION_BATCH_SIZE,
    device: str | torch.device = "auto",
) -> Evaluation:
    """Run a model once over labelled images, in eval mode and without gradients.

    Afterwards the model is on the device, and every module in the mode, in which it was found.

    Args:
        model: maps images (N, C, H, W) to logits (N, classes), or to log-probabilities.
        split: a Split, Batches, or a DataLoader. Unshuffled, so that index i means image i.
        batch_size: images at a time, for a Split; the result does not depend on it.
        device: "auto", "cpu", "cuda", "mps" or a `torch.device`.
    Raises:
        TrainingError: there are no images, or labels and logits do not fit together.
        ValueError, TypeError: an argument is out of range or of the wrong type.
    """
    guards.check_model(model)
    guards.check_numbers(model)
    guards.check_count("batch_size", batch_size)
    chosen = pick_device(device)
    keep_memory()
    batches = open_batches(split, batch_size, device=chosen, name="split")
    with on_device(model, chosen):
        logits, labels = _run(model, batches, chosen, class_names(split))
    loss = float(F.cross_entropy(logits.double(), labels))

    classes = logits.shape[1]
    predicted = logits.argmax(dim=1)
    confusion = torch.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)
    correct = int(confusion.trace())
    names = class_names(split) or tuple(str(label) for label in range(classes))
    return Evaluation(
        n=len(labels),
        correct=correct,
        accuracy=100 * correct / len(labels),
        interval=wilson_interval(correct, len(labels)),
        loss=loss,
        per_class=_per_class(confusion, names),
        confusion=confusion,
        probabilities=logits.softmax(dim=1),
        predicted=predicted,
        labels=labels,
    )


def loss_and_accuracy(
    model: nn.Module, batches: Iterable[Batch], device: torch.device, classes: tuple[str, ...] | None = None
) -> tuple[float, float]:
    """Mean loss (nats) and accuracy (percent) over batches: the part of `evaluate` that `fit` needs."""
    logits, labels = _run(model, batches, device, classes, "validation")
    accuracy = 100 * int((logits.argmax(dim=1) == labels).sum()) / len(labels)
    return float(F.cross_entropy(logits.double(), labels)), accuracy


def check_validation(
    model: nn.Module,
    batches: Iterable[Batch],
    device: torch.device,
    classes: tuple[str, ...] | None,
    wanted: tuple[int, ...],
) -> None:
    """Refuse, before the first step, a validation set that could not be measured after the last one.

    It is a copy of the model that looks: what a forward pass may keep or change is not the training's.

    Args:
        model: it has just taken a batch of the training set.
        batches: the validation set; the first batch is looked at.
        device: where the model is.
        classes: the names of the classes, where the data carry them.
        wanted: the shape of a batch of the training set.
    Raises:
        TrainingError: the model or the loss cannot take the batch.
    """
    if getattr(batches, "num_workers", 0):
        return  # it would start all its workers for one batch
    try:
        twin = copy.deepcopy(model)
    except Exception:  # a lock, an open file, an output that was kept with its graph
        return
    generators = generators_of(batches)
    states = [generator.get_state() for generator in generators]
    batch = next(iter(batches), None)
    for generator, state in zip(generators, states):
        generator.set_state(state)
    if batch is None:
        raise TrainingError("validation gave no batch at all: it needs at least one labelled image.")
    try:
        _run(twin, [batch], device, classes, "validation")
    except TrainingError as error:
        found = tuple(getattr(batch[0], "shape", ()))
        if not isinstance(error.__cause__, (RuntimeError, ValueError)) or found[1:] == wanted[1:]:
            raise
        raise TrainingError(
            f"validation, batch 1: images of shape {found} do not go through the model, and train's, "
            f"{wanted}, do: {error.__cause__}\nNo step was made: give validation images of "
            f"{wanted[1:]}, prepared as train's are."
        ) from error


def _run(
    model: nn.Module,
    batches: Iterable[Batch],
    device: torch.device,
    classes: tuple[str, ...] | None,
    name: str = "evaluation",
) -> tuple[Tensor, Tensor]:
    """Logits (N, C) float32 and labels (N,) of all batches, on the CPU."""
    all_logits, all_labels = [], []
    layout: Layout | None = None
    with keep_mode(model), torch.inference_mode():
        model.eval()
        for number, batch in enumerate(batches, start=1):
            where = f"{name}, batch {number}"
            images, labels = guards.check_batch(batch, where)
            images = images.to(device)
            try:
                layout = layout or fast_layout(model, images)
                with layout.views:
                    logits = model(layout.arranged(images))
            except (RuntimeError, ValueError) as error:
                raise forward_error(error, images, where, model) from error
            guards.check_logits(logits, images, where)
            guards.check_labels(labels, logits.shape[1], classes, where)
            guards.check_finite(logits, images, model, where)
            all_logits.append(logits.float())
            all_labels.append(labels)
    if not all_labels:
        raise TrainingError("there is nothing to evaluate: the data gave no batch at all.")
    found = torch.cat(all_logits)
    # Cloned outside of inference mode, so that a caller may use them like any other tensors.
    return found.cpu().clone(), torch.cat(all_labels).cpu().clone()


def _per_class(confusion: Tensor, names: tuple[str, ...]) -> Table[ClassAccuracy]:
    rows = []
    for label, (counts, name) in enumerate(zip(confusion.tolist(), names)):
        n, correct = sum(counts), counts[label]
        accuracy = 100 * correct / n if n else None
        low, high = wilson_interval(correct, n) if n else (0.0, 100.0)  # nothing is known
        rows.append(ClassAccuracy(label, name, n, correct, accuracy, low, high))
    return Table(rows)
