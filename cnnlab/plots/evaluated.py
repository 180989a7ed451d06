"""Insist on what `evaluate` returned: a test set alone has no answers to draw."""

from __future__ import annotations


def check_evaluation(evaluation: object) -> None:
    """Refuse what is no Evaluation.

    Raises:
        TypeError: it is something else, such as the split that was to be evaluated.
    """
    if not hasattr(evaluation, "confusion"):
        raise TypeError(
            f"evaluation is a {type(evaluation).__name__}: give what evaluate(model, split) returned."
        )
