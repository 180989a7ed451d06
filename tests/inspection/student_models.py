"""Networks as students write them: every style that the tracer has to follow."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class Lab002(nn.Module):
    """Pooling and ReLU as functions, the flatten as a view."""

    def __init__(self, padding=0, width=320):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, kernel_size=5, padding=padding)
        self.conv2 = nn.Conv2d(10, 20, kernel_size=5, padding=padding)
        self.fc1 = nn.Linear(width, 50)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        x = x.view(-1, 320)
        x = F.relu(self.fc1(x))
        x = F.dropout(x, training=self.training)
        return F.log_softmax(self.fc2(x), dim=1)


class Flattening(nn.Module):
    """The same network with torch.flatten, so that a wrong width shows at fc1."""

    def __init__(self, padding=0, width=320):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, 5, padding=padding)
        self.conv2 = nn.Conv2d(10, 20, 5, padding=padding)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(width, 50)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


class Residual(nn.Module):
    """A block inside a network, with x + y, batch norm and global average pooling."""

    class Block(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.conv_a = nn.Conv2d(channels, channels, 3, padding=1)
            self.norm = nn.BatchNorm2d(channels)
            self.conv_b = nn.Conv2d(channels, channels, 3, padding="same")

        def forward(self, x):
            return torch.relu(x + self.conv_b(F.relu(self.norm(self.conv_a(x)))))

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, stride=2)
        self.blocks = nn.ModuleList([Residual.Block(8), Residual.Block(8)])
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        x = F.adaptive_avg_pool2d(x, 1)
        return self.head(x.reshape(x.size(0), -1))


class RawWeights(nn.Module):
    """No layers at all: parameters and functions."""

    def __init__(self):
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(4, 1, 3, 3))
        self.weight = nn.Parameter(torch.randn(10, 4 * 13 * 13))
        self.bias = nn.Parameter(torch.zeros(10))

    def forward(self, x):
        x = F.max_pool2d(F.relu(F.conv2d(x, self.kernel)), kernel_size=2)
        return F.linear(x.flatten(1), self.weight, self.bias)


class Odd(nn.Module):
    """Kernels that are not square, dilation, "same", ceil_mode, groups, layers used twice."""

    def __init__(self):
        super().__init__()
        self.wide = nn.Conv2d(1, 4, (3, 5), padding="same", dilation=(1, 2), bias=False)
        self.depth = nn.Conv2d(4, 8, 3, stride=(2, 1), groups=4)
        self.pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.act = nn.ReLU(inplace=True)
        self.mean = nn.AvgPool2d((2, 3), padding=(1, 0))
        self.even = nn.AdaptiveMaxPool2d((2, 2))
        self.head = nn.LazyLinear(10)

    def forward(self, x):
        x = self.act(self.wide(x))
        x = self.pool(self.act(self.depth(x)))
        x = self.even(self.mean(self.pool(x)))
        return self.head(x.flatten(start_dim=1))


class SkipsHooks(nn.Module):
    """Calls layers by .forward(), makes one on the fly, keeps one in a plain list."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 5)
        self.hidden = [nn.Conv2d(4, 4, 3)]
        self.fc = nn.Linear(4 * 11 * 11, 10)

    def forward(self, x):
        x = nn.MaxPool2d(2)(self.conv.forward(x))
        x = self.hidden[0](x)
        x = F.interpolate(x, size=11)
        return self.fc.forward(x.view(x.shape[0], -1))


class Recurrent(nn.Module):
    """Reads the image row by row."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(28, 16, batch_first=True)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        states, _ = self.lstm(x.squeeze(1))
        return self.fc(states[:, -1])


def sequential():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.BatchNorm2d(6),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Sequential(nn.ZeroPad2d((1, 0, 2, 0)), nn.Conv2d(6, 16, 3), nn.LeakyReLU()),
        nn.Dropout2d(),
        nn.ConvTranspose2d(16, 4, 2, stride=2),
        nn.Flatten(),
        nn.Linear(2112, 10),
    )


def on_rows():
    return nn.Sequential(
        nn.Flatten(1, 2), nn.Conv1d(28, 8, 3), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(104, 10)
    )


ALL = {
    "lab002": Lab002,
    "flattening": Flattening,
    "residual": Residual,
    "raw_weights": RawWeights,
    "odd": Odd,
    "skips_hooks": SkipsHooks,
    "recurrent": Recurrent,
    "sequential": sequential,
    "on_rows": on_rows,
}


class Squeezes(nn.Module):
    """Takes the channel away in front of a convolution."""

    def __init__(self, squeeze, width=5760):
        super().__init__()
        self.conv1, self.fc1, self.squeeze = nn.Conv2d(1, 10, 5), nn.Linear(width, 10), squeeze

    def forward(self, x):
        x = self.squeeze(x)
        return self.fc1(self.conv1(x).flatten(1))
