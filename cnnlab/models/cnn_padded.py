"""Lab 004's network as it was built: two 3×3 convolutions with padding 1."""

from __future__ import annotations

from torch import Tensor, nn


class CNNPadded(nn.Module):
    """Two 3×3 convolutions with padding 1, which keeps 28 and 14 pixels: 824,458 parameters.

    97.4 % of the parameters are in fc1, which has 3136 × 256 weights.

    Source: lab 004, as built; `CNNDeep` is the network that its text asks for.

    >>> sum(p.numel() for p in CNNPadded().parameters())
    824458
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, kernel_size=3, padding=1)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=3, padding=1)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(3136, 256)
        self.relu3 = nn.ReLU()
        self.fc2 = nn.Linear(256, 10)

    def forward(self, x: Tensor) -> Tensor:  # (N, 1, 28, 28)
        x = self.relu1(self.conv1(x))  # (N, 32, 28, 28)
        x = self.pool1(x)  # (N, 32, 14, 14)
        x = self.relu2(self.conv2(x))  # (N, 64, 14, 14)
        x = self.pool2(x)  # (N, 64, 7, 7)
        x = self.flatten(x)  # (N, 3136)
        x = self.relu3(self.fc1(x))  # (N, 256)
        x = self.fc2(x)  # (N, 10), the logits
        return x
