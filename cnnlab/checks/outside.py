"""The networks that a student's code reaches by a name from outside: watched, and left as they were."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator

from torch import Tensor, nn


def networks_outside(*code: object) -> list[nn.Module]:
    """The networks among the global names of functions, and among those of the function around them.

    Args:
        code: functions or methods; whatever else is given reaches nothing.
    Returns:
        Each network once, those in lists and dictionaries too.
    """
    found: dict[int, nn.Module] = {}
    for one in code:
        while isinstance(one, functools.partial):
            one = one.func
        known = list(getattr(one, "__globals__", {}).values())
        for cell in getattr(one, "__closure__", None) or ():
            with contextlib.suppress(ValueError):  # a name that has no value yet
                known.append(cell.cell_contents)
        for value in known:
            found |= {id(part): part for part in _parts(value) if isinstance(part, nn.Module)}
    return list(found.values())


def _parts(value: object) -> Iterable[object]:
    """What lies in a plain list or dictionary; of anything else, the thing itself."""
    if type(value) is dict:
        return list(value.values())
    return value if type(value) in (list, tuple) else [value]  # type: ignore[return-value]


class Watched:
    """Networks as they were at the start."""

    def __init__(self, networks: Iterable[nn.Module]) -> None:
        self.kept = [
            (one, {name: value.clone() for name, value in one.state_dict().items()}, _gradients(one))
            for one in networks
            if not any(nn.parameter.is_lazy(p) for p in one.parameters())
        ]

    def moved(self) -> bool:
        """Whether the weights of any are others now."""
        return any(
            not _equal(value, old[name])
            for one, old, _ in self.kept
            for name, value in one.state_dict().items()
        )

    def touched(self) -> bool:
        """Whether any was moved, or has gradients that it did not have."""
        return self.moved() or any(
            new is not None and bool(new.any()) and (old is None or not _equal(new, old))
            for one, _, gradients in self.kept
            for new, old in zip(_gradients(one), gradients)
        )

    def put_back(self) -> None:
        for one, state, gradients in self.kept:
            one.load_state_dict(state)
            for p, gradient in zip(one.parameters(), gradients):
                p.grad = gradient


@contextlib.contextmanager
def left_as_they_were(networks: Iterable[nn.Module]) -> Iterator[Watched]:
    """Put the weights and gradients of networks back at the end."""
    watched = Watched(networks)
    try:
        yield watched
    finally:
        watched.put_back()


def _gradients(network: nn.Module) -> list[Tensor | None]:
    return [None if p.grad is None else p.grad.clone() for p in network.parameters()]


def _equal(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors are the same; a nan is the same as a nan."""
    return a.shape == b.shape and bool(((a == b) | ((a != a) & (b != b))).all())
