"""A small LeNet with dropout, kept as its lab built it: with no activation between fc1 and fc2."""

from __future__ import annotations

from torch import Tensor, nn


class LeNetDropout(nn.Module):
    """Two 5×5 convolutions with dropout between them, 16 × 4 × 4 = 256: 10,592 parameters.

    Without an activation between them, fc1 and fc2 together are one affine map from 256 to 10:
    the 30 units add parameters and no power. `activation_between=True` mends it.

    Args:
        activation_between: put a ReLU between fc1 and fc2, which the lab left out.
        dropout: the chance that a value is set to 0 in training.
    Source: lab 001, whose text says 4 × 4 × 20 = 320 where its own network has 256.

    >>> sum(p.numel() for p in LeNetDropout().parameters())
    10592
    """

    def __init__(self, activation_between: bool = False, dropout: float = 0.5) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, kernel_size=5)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.dropout1 = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(6, 16, kernel_size=5)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(256, 30)
        self.relu3 = nn.ReLU() if activation_between else nn.Identity()
        self.fc2 = nn.Linear(30, 10)

    def forward(self, x: Tensor) -> Tensor:  # (N, 1, 28, 28)
        x = self.relu1(self.conv1(x))  # (N, 6, 24, 24)
        x = self.dropout1(self.pool1(x))  # (N, 6, 12, 12)
        x = self.relu2(self.conv2(x))  # (N, 16, 8, 8)
        x = self.pool2(x)  # (N, 16, 4, 4)
        x = self.flatten(x)  # (N, 256)
        x = self.relu3(self.fc1(x))  # (N, 30), unchanged by relu3 unless activation_between
        x = self.fc2(x)  # (N, 10), the logits
        return x
