"""Muon: gradient descent whose steps of a convolution are made orthogonal first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

ITERATIONS = 3  # of Newton and Schulz; the singular values need not be exactly 1
_A, _B, _C = 3.4445, -4.7750, 2.0315  # Jordan's polynomial a·s + b·s³ + c·s⁵: small values grow fast


class Muon(Optimizer):
    """SGD with Nesterov's momentum; the steps of convolutions are made orthogonal.

    A gradient is mostly a few strong directions. SGD walks along these and hardly moves in the others.
    Here each convolution's step, as a matrix with a row for each kernel, gets singular values that are all
    about 1: every direction is walked equally far. Biases, batch norms and linear layers take the plain step.
    Source: Jordan and others, Muon: An optimizer for hidden layers in neural networks, 2024.
    (`torch.optim.Muon` takes matrices only, and no convolutions.)

    Args:
        params: as any optimiser takes them.
        lr: learning rate, of all parameters.
        momentum: share of the last step that is kept.
        weight_decay: pull towards zero, added to the gradient.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 0.1,
        momentum: float = 0.8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move every parameter that has a gradient.

        Args:
            closure: computes the loss anew, with its gradients; may be left out.
        Returns:
            What the closure returned, or None.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in (p for p in group["params"] if p.grad is not None):
                gradient = p.grad.add(p, alpha=group["weight_decay"]) if group["weight_decay"] else p.grad
                state = self.state[p]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(p)
                moved = state["momentum"].mul_(group["momentum"]).add_(gradient)
                direction = gradient.add(moved, alpha=group["momentum"])
                if p.ndim == 4:
                    direction = orthogonal(direction.flatten(1)).view(p.shape)
                p.add_(direction, alpha=-group["lr"])
        return loss


def orthogonal(matrix: Tensor) -> Tensor:
    """The matrix with all its singular values near 1, by Newton's and Schulz's iteration.

    Args:
        matrix: (rows, columns).
    Returns:
        U·S·Vᵀ becomes about U·Vᵀ: singular values of about 0.7 to 1.2; those that were almost 0 stay smaller.

    >>> stretched = torch.diag(torch.tensor([1.0, 2.0, 3.0]))
    >>> bool(torch.linalg.svdvals(orthogonal(stretched)).min() > 0.6)
    True
    """
    x: Tensor = matrix / (matrix.norm() + 1e-7)  # all singular values are at most 1
    if tall := x.shape[0] > x.shape[1]:
        x = x.mT
    for _ in range(ITERATIONS):
        square = x @ x.mT
        x = _A * x + (_B * square + _C * square @ square) @ x
    return x.mT if tall else x
