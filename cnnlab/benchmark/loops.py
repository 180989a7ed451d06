"""The labs' own loops, the yardstick: they keep what makes them slow, and compute the right loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Loop: TypeAlias = Callable[[nn.Module, Iterable[tuple[Tensor, Tensor]]], None]  # one epoch of training


def lab_002_epoch(model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """One epoch as lab 002 trained: for the accuracy, two more forward passes in each step."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
    loss_sum = correct = total = 0.0
    for images, labels in batches:
        optimizer.zero_grad()
        loss = F.nll_loss(F.log_softmax(model(images), dim=1), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        loss_sum += loss.item()
        correct += (model(images).argmax(1) == labels).sum().item()  # after the update: other weights
        total += len(model(images))


def lab_004_epoch(
    model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], optimizer: torch.optim.Optimizer | None = None
) -> None:
    """One epoch as lab 004 trained: a plain loop over a DataLoader; Adam is a new one unless given."""
    optimizer = optimizer or torch.optim.Adam(model.parameters(), lr=0.001)
    loss_sum = correct = 0.0
    for images, labels in batches:
        optimizer.zero_grad()
        logits = model(images)
        loss = F.cross_entropy(logits, labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        loss_sum += loss.item()
        correct += (logits.argmax(1) == labels).sum().item()
