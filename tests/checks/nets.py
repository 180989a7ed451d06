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
    flat=nn.Flatten,
    **more,
):
    """Lab 004's network as it was asked for, with any one thing changed."""
    layers, before = [], 1
    for place, count in enumerate(channels, start=1):
        layers += [pad()] if pad else []
        layers += [nn.Conv2d(before, count, 3, padding=padding, bias=bias, **more), relu()]
        layers += [pool()] if place in pools else []
        before = count
    return nn.Sequential(*layers, flat(), nn.Linear(fc1, 256), relu(), nn.Linear(256, 10), *last)


class PlainList(Net):
    """conv2, or what else is named, in a list that PyTorch does not look into."""

    hidden = ("conv2",)

    def __init__(self):
        super().__init__()
        self.out_of_sight = [(name, getattr(self, name)) for name in self.hidden]
        for name in self.hidden:
            delattr(self, name)

    def __getattr__(self, name):
        hidden = dict(self.__dict__.get("out_of_sight", []))
        return hidden[name] if name in hidden else super().__getattr__(name)


class AllInAPlainList(PlainList):
    hidden = ("conv1", "conv2", "fc1", "fc2")


class DrawnAnew(Net):
    """conv2 and fc2 are made at each call."""

    def forward(self, x):
        self.conv2, self.fc2 = nn.Conv2d(10, 20, 5), nn.Linear(50, 10)
        return super().forward(x)


class Normed(Net):
    """A batch norm after one of the layers."""

    def __init__(self, after="conv2", **more):
        super().__init__()
        self.norm = nn.BatchNorm1d(50, **more) if after == "fc1" else nn.BatchNorm2d(20, **more)
        layer = getattr(self, after)
        delattr(self, after)
        setattr(self, after, nn.Sequential(layer, self.norm))


def without_gradient(self, x):
    with torch.no_grad():
        return Net.forward(self, x)


def batch_last(self, x):
    """forward() that puts the images into the columns, and cuts the table into rows again."""
    return self.last(self.head(self.features(x).permute(1, 2, 3, 0).reshape(-1, 320)))


def shuffled(self, x):
    return self.last(self.head(self.features(x).flatten(1)[:, torch.randperm(320)]))


def through_numpy(self, x):
    return self.last(self.head(torch.tensor(self.features(x).detach().numpy()).flatten(1)))


def wrong_to_train(*end):
    """Networks of lab 002 that nobody can train, and what is said to each; `end` replaces the end."""
    ends = {"last": end[0]} if end else {}
    like = {
        batch_last: "the batch is mixed",
        without_gradient: "gets no gradient: does something",
        shuffled: "left to chance",
        through_numpy: "gets no gradient: does something",
    }
    for forward, said in like.items():
        yield net(forward=forward, **ends), said
    yield (
        net(features=lambda self, x: Net.features(self, x).detach(), **ends),
        "conv1's weight gets no gradient",
    )
    yield net(features=lambda self, x: Net.features(self, x).data, **ends), "conv1's weight gets no gradient"
    yield net(features=lambda self, x: F.dropout(Net.features(self, x)), **ends), "in eval mode too"
    for kind, said in (
        (PlainList, "The weights of convolution 2 are none of the network's parameters"),
        (AllInAPlainList, "The network has no parameters, so nothing can be learned"),
        (DrawnAnew, "drawn anew at each call"),
    ):
        yield type(kind.__name__, (kind,), ends), said
