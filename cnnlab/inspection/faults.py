"""What a mistake in a model is, and where in a trace to look for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cnnlab.inspection.tracing import Shape, Trace
from cnnlab.inspection.workbench import Remedies


@dataclass(frozen=True)
class Fault:
    """One mistake."""

    headline: str  # what does not fit, with both numbers
    has: int | None = None  # the number that is there
    needs: int | None = None  # the number that should be there
    details: tuple[str, ...] = ()  # sentences under the arithmetic
    remedies: Remedies = field(default_factory=Remedies)
    number: int | None = None  # the step it happens at; None if it is no step
    has_sizes_before: bool = True  # False for a mistake in the input: what comes after it tells nothing


def main_path(made: Trace) -> list[int]:
    """The steps that lead to the last one, from the first to the last; of several inputs the first counts."""
    path: list[int] = []
    number = len(made.steps) - 1
    while number >= 0:
        path.insert(0, number)
        parents = made.steps[number].parents
        number = parents[0] if parents else -1
    return path


def mixing_step(made: Trace) -> int | None:
    """The step that changed the number of rows in the batch for good; None if each image kept its row."""
    found = None
    for number in reversed(main_path(made)):
        shape = made.steps[number].out_shape
        if shape is None:
            continue  # the step that failed
        if shape[:1] == (made.batch,):
            break
        found = number
    return found


def written(shape: Shape) -> str:
    """A shape as a student writes it.

    >>> written((320,)), written((20, 4, 4))
    ('(320)', '(20, 4, 4)')
    """
    return f"({', '.join(map(str, shape))})"
