"""The errors cnnlab raises on purpose, and the "did you mean" that they share.

A plain mistake in a number is a `ValueError`, a wrong type is a `TypeError`; the
classes here are for what a program may want to catch by name.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_ENOUGH = 3  # letters of the beginning of a name

# Other words for a name; "": a name that is only spelt like one of ours.
_MEANT = {"fp32": "float32", "bf16": "bfloat16", "tpu": ""}
_MEANT |= dict.fromkeys(("fp16", "float16", "half", "amp"), "bfloat16")  # the short format that is offered


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
    asked = name.lower()
    near = difflib.get_close_matches(_MEANT.get(asked, asked), known, n=1)
    if not near and len(asked) >= _ENOUGH:
        near = [choice for choice in known if choice.startswith(asked)]
    return f"did you mean {near[0]!r}? There are: {listed}." if near else f"there are: {listed}."


def names_the_nearest(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function that gets an argument of an unknown name say which name is nearest.

    >>> @names_the_nearest
    ... def train(*, optimizer="adam"): ...
    >>> train(optimiser="sgd")
    Traceback (most recent call last):
    TypeError: train has no argument 'optimiser': did you mean 'optimizer'? There are: optimizer.
    """
    known = inspect.signature(function).parameters

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        for name in kwargs:
            if name not in known:
                called = function.__qualname__.removesuffix(".__init__")
                others = [other for other in known if other != "self"]
                said = f"{called} has no argument {name!r}: {did_you_mean(name, others)}"
                raise TypeError(said)
        return function(*args, **kwargs)

    return checked
