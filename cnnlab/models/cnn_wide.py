"""The wide network: many channels, and padding that keeps the size of the image."""

from __future__ import annotations

from torch import Tensor, nn


class CNNWide(nn.Module):
    """Two 5×5 convolutions with padding 2, which keeps 28 and 14 pixels: 454,922 parameters.

    Source: lab 000, with logits instead of softmax: the loss adds the log-softmax.

    >>> sum(p.numel() for p in CNNWide().parameters())
    454922
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, kernel_size=5, padding=2)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=5, padding=2)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(3136, 128)
        self.relu3 = nn.ReLU()
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:  # (N, 1, 28, 28)
        x = self.relu1(self.conv1(x))  # (N, 32, 28, 28)
        x = self.pool1(x)  # (N, 32, 14, 14)
        x = self.relu2(self.conv2(x))  # (N, 64, 14, 14)
        x = self.pool2(x)  # (N, 64, 7, 7)
        x = self.flatten(x)  # (N, 3136)
        x = self.relu3(self.fc1(x))  # (N, 128)
        x = self.fc2(x)  # (N, 10), the logits
        return x
