"""The errors cnnlab raises on purpose, and the "did you mean" that they share.

A plain mistake in a number is a `ValueError`, a wrong type is a `TypeError`; the
classes here are for what a program may want to catch by name.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class DataError(Exception):
    """A data set is missing, cut off, swapped or corrupt."""


class CheckpointError(Exception):
    """A checkpoint cannot be read, or belongs to another run."""


class TrainingError(Exception):
    """Training cannot go on: the loss is not finite, labels or logits do not fit."""


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest choice if one is near, then all of them.

    Args:
        name: what was asked for; of what is no text, the type is said.
        choices: every name that exists.

    >>> did_you_mean("adamm", ["adam", "sgd"])
    "did you mean 'adam'? There are: adam, sgd."
    >>> did_you_mean("xyz", ["adam", "sgd"])
    'there are: adam, sgd.'
    """
    known = list(choices)
    listed = ", ".join(known)
    if not isinstance(name, str):  # "None" is spelt like "cosine", and nobody meant it
        return f"a name is text, and this is of type {type(name).__name__}. There are: {listed}."
    near = difflib.get_close_matches(name.lower(), known, n=1)
    return f"did you mean {near[0]!r}? There are: {listed}." if near else f"there are: {listed}."
