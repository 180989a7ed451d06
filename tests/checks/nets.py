"""Lab 002's network with any one thing changed, for the tests of the checks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    """The network as the lab asks for it; `changed` overrides its layers."""

    pool1 = pool2 = 2

    def __init__(self, **changed):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, 5)
        self.conv2 = nn.Conv2d(10, 20, 5)
        self.fc1 = nn.Linear(320, 50)
        self.fc2 = nn.Linear(50, 10)
        for name, layer in changed.items():
            delattr(self, name)
            setattr(self, name, layer)

    def features(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        return F.relu(F.max_pool2d(self.conv2(x), 2))

    def head(self, x):
        return self.fc2(F.relu(self.fc1(x)))

    def last(self, z):
        return F.log_softmax(z, dim=1)

    def forward(self, x):
        return self.last(self.head(torch.flatten(self.features(x), 1)))


def net(**methods):
    """A class like `Net` with some of its methods replaced."""
    return type("Net", (Net,), methods)


def sequential(*last, channels=20, activation=nn.ReLU):
    """The same network without a class."""
    return nn.Sequential(
        nn.Conv2d(1, 10, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(10, channels, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(channels * 16, 50), activation(), nn.Linear(50, 10), *last,
    )  # fmt: skip


class ByHand(nn.Module):
    """The same with the functions of PyTorch and bare tensors, not with its layers."""

    def __init__(self):
        super().__init__()
        shapes = {"k1": (10, 1, 5, 5), "k2": (20, 10, 5, 5), "w1": (320, 50), "w2": (50, 10)}
        shapes |= {"b": (20, 1, 1), "b2": (10,)}
        for name, shape in shapes.items():
            setattr(self, name, nn.Parameter(torch.randn(shape) / 20))

    def forward(self, x):
        x = torch.relu(F.max_pool2d(F.conv2d(x, self.k1), 2))
        x = F.max_pool2d((F.conv2d(x, self.k2) + self.b).clamp(min=0), 2)
        x = (x.reshape(len(x), -1) @ self.w1).relu() @ self.w2 + self.b2
        return x - x.logsumexp(dim=1, keepdim=True)


def viewed(self, x):
    """forward() with the view that cuts images into pieces."""
    return self.last(self.head(self.features(x).view(-1, 320)))


def four(
    padding=1,
    bias=True,
    pools=(2, 4),
    channels=(32, 32, 64, 64),
    fc1=3136,
    last=(),
    relu=nn.ReLU,
    pool=lambda: nn.MaxPool2d(2),
    pad=None,
    **more,
):
    """Lab 004's network as it was asked for, with any one thing changed."""
    layers, before = [], 1
    for place, count in enumerate(channels, start=1):
        layers += [pad()] if pad else []
        layers += [nn.Conv2d(before, count, 3, padding=padding, bias=bias, **more), relu()]
        layers += [pool()] if place in pools else []
        before = count
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(fc1, 256), relu(), nn.Linear(256, 10), *last)
