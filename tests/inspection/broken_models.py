"""Networks with the mistakes that students make, one each."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class Between(nn.Module):
    """conv 1→10, pooling, then `how` on a map of 10 × 12 × 12, then a linear layer of `width` inputs."""

    def __init__(self, how, width=1440):
        super().__init__()
        self.conv = nn.Conv2d(1, 10, 5)
        self.fc1 = nn.Linear(width, 10)
        self.how = how

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        x = self.how(x)
        return self.fc1(x)


class Branches(nn.Module):
    """Two branches of different sizes that are brought together by `join`."""

    def __init__(self, join, c_out=20, padding=0, width=11520):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, 5)
        self.conv2 = nn.Conv2d(10, c_out, 3, padding=padding)
        self.fc1 = nn.Linear(width, 10)
        self.join = join

    def forward(self, x):
        a = self.conv1(x)
        x = self.join(a, self.conv2(a))
        return self.fc1(torch.flatten(x, 1))


def stack(*layers, flatten=True, width=None):
    """A Sequential that ends in a linear layer; its width is right where none is given."""
    end = [nn.Flatten()] if flatten else []
    return nn.Sequential(*layers, *end, nn.LazyLinear(10) if width is None else nn.Linear(width, 10))


class Own(nn.Module):
    """A network of the given layers and parameters, with `how(self, x)` as its forward()."""

    def __init__(self, how, **parts):
        super().__init__()
        self.how = how
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.how(self, x)
