"""Lab 004's network as it was asked for: four 3×3 convolutions in two pairs."""

from __future__ import annotations

from torch import Tensor, nn


class CNNDeep(nn.Module):
    """Two 3×3 convolutions before each pooling, all with padding 1: 870,634 parameters.

    Source: lab 004, as asked; `CNNPadded` is the network that it built.

    >>> sum(p.numel() for p in CNNDeep().parameters())
    870634
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, kernel_size=3, padding=1)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(32, 32, kernel_size=3, padding=1)
        self.relu2 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv3 = nn.Conv2d(32, 64, kernel_size=3, padding=1)
        self.relu3 = nn.ReLU()
        self.conv4 = nn.Conv2d(64, 64, kernel_size=3, padding=1)
        self.relu4 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(3136, 256)
        self.relu5 = nn.ReLU()
        self.fc2 = nn.Linear(256, 10)

    def forward(self, x: Tensor) -> Tensor:  # (N, 1, 28, 28)
        x = self.relu1(self.conv1(x))  # (N, 32, 28, 28)
        x = self.relu2(self.conv2(x))  # (N, 32, 28, 28)
        x = self.pool1(x)  # (N, 32, 14, 14)
        x = self.relu3(self.conv3(x))  # (N, 64, 14, 14)
        x = self.relu4(self.conv4(x))  # (N, 64, 14, 14)
        x = self.pool2(x)  # (N, 64, 7, 7)
        x = self.flatten(x)  # (N, 3136)
        x = self.relu5(self.fc1(x))  # (N, 256)
        x = self.fc2(x)  # (N, 10), the logits
        return x
