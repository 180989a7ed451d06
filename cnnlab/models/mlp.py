"""A multilayer perceptron: the network without convolution that lab 004 compares with."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from cnnlab.arithmetic import whole


class MLP(nn.Module):
    """784 pixels, two hidden layers, 10 digits: 106,050 parameters.

    Lab 004 counts 105,681 for it, which is a network with 1 output instead of 10.

    Args:
        hidden: units of the first and of the second hidden layer.
    Raises:
        TypeError: a number of units is not whole.
        ValueError: `hidden` does not name two layers, or one has no unit.
    Source: lab 004.

    >>> sum(p.numel() for p in MLP().parameters())
    106050
    """

    def __init__(self, hidden: tuple[int, int] = (128, 40)) -> None:
        super().__init__()
        if not isinstance(hidden, Sequence):
            raise TypeError(f"hidden={hidden!r} is one number and the mlp has 2 layers: give (128, 40).")
        if len(hidden) != 2:
            raise ValueError(
                f"hidden={hidden} names {len(hidden)} layers and the mlp has 2: give two numbers, "
                f"or use build('convnet', channels=(), hidden={hidden})."
            )
        first, second = (whole("hidden", units, 1) for units in hidden)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(28 * 28, first)
        self.relu1 = nn.ReLU()
        self.fc2 = nn.Linear(first, second)
        self.relu2 = nn.ReLU()
        self.fc3 = nn.Linear(second, 10)

    def forward(self, x: Tensor) -> Tensor:  # (N, 1, 28, 28)
        x = self.flatten(x)  # (N, 784)
        x = self.relu1(self.fc1(x))  # (N, 128)
        x = self.relu2(self.fc2(x))  # (N, 40)
        x = self.fc3(x)  # (N, 10), the logits
        return x
