"""The images that a network got wrong: which of them, and one of them in full."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from cnnlab.inspection.nearest import Neighbour
from cnnlab.table import Table, column
from cnnlab.training import Evaluation


@dataclass(frozen=True)
class Mistake:
    """One image that was taken for another digit."""

    index: int = column("image", "d")
    label: int = column("label", "d")
    predicted: int = column("predicted", "d")
    confidence: float = column("confidence (%)", ".1f")  # probability of the wrong answer


@dataclass(frozen=True, eq=False)
class ChosenMistake:
    """A mistake with all that speaks for and against it."""

    index: int  # of the image in its split
    image: Tensor  # uint8 (1, H, W)
    label: int
    predicted: int
    confidence: float  # probability of the wrong answer, percent
    logits: Tensor  # (C,) float
    nearest: Table[Neighbour] | None  # the training images most like it; None without training images

    @property
    def margin(self) -> float:
        """By how much the wrong logit beats that of the right class."""
        return float(self.logits[self.predicted] - self.logits[self.label])


def mistakes_of(
    evaluation: Evaluation,
    true: int | None = None,
    predicted: int | None = None,
    confidence: tuple[float, float] = (0.0, 100.0),
) -> Table[Mistake]:
    """The mistakes of one kind, the most confident first.

    Args:
        evaluation: what `evaluate` returned.
        true: the right class; None for all.
        predicted: the class that it was taken for; None for all.
        confidence: the lowest and highest probability of the answer, in percent.
    """
    wrong = evaluation.mistakes()
    labels, answers = evaluation.labels[wrong], evaluation.predicted[wrong]
    percent = 100 * evaluation.probabilities[wrong].amax(dim=1).double()
    keep = (percent >= confidence[0]) & (percent <= confidence[1])
    for chosen, found in ((true, labels), (predicted, answers)):
        if chosen is not None:
            keep &= found == chosen
    columns = (values[keep].tolist() for values in (wrong, labels, answers, percent))
    return Table(Mistake(*row) for row in zip(*columns))
