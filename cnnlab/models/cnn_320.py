"""The 320 network: the flagship of the course, named after the width of its flatten layer."""

from __future__ import annotations

from torch import Tensor, nn


class CNN320(nn.Module):
    """Two 5×5 convolutions without padding, so that 20 × 4 × 4 = 320: 21,840 parameters.

    Pooling comes before ReLU, as the lab wrote it; for max pooling the two orders give the same.

    Source: lab 002, with logits instead of log-softmax: the loss adds the log-softmax.

    >>> sum(p.numel() for p in CNN320().parameters())
    21840
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, kernel_size=5)
        self.pool1 = nn.MaxPool2d(2)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(10, 20, kernel_size=5)
        self.pool2 = nn.MaxPool2d(2)
        self.relu2 = nn.ReLU()
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(320, 50)
        self.relu3 = nn.ReLU()
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x: Tensor) -> Tensor:  # (N, 1, 28, 28)
        x = self.conv1(x)  # (N, 10, 24, 24)
        x = self.relu1(self.pool1(x))  # (N, 10, 12, 12)
        x = self.conv2(x)  # (N, 20, 8, 8)
        x = self.relu2(self.pool2(x))  # (N, 20, 4, 4)
        x = self.flatten(x)  # (N, 320)
        x = self.relu3(self.fc1(x))  # (N, 50)
        x = self.fc2(x)  # (N, 10), the logits
        return x
