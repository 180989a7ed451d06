"""Logistic regression: one linear layer, the yardstick that every network has to beat."""

from __future__ import annotations

from torch import Tensor, nn


class Logistic(nn.Module):
    """Every pixel votes for every digit, and the votes are added up: 7,850 parameters.

    Source: lab 004, which compares its CNN with it.

    >>> sum(p.numel() for p in Logistic().parameters())
    7850
    """

    def __init__(self) -> None:
        super().__init__()
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(28 * 28, 10)

    def forward(self, x: Tensor) -> Tensor:  # (N, 1, 28, 28)
        x = self.flatten(x)  # (N, 784)
        x = self.fc1(x)  # (N, 10), the logits
        return x
