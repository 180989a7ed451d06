"""A network of blocks, each with sizes of its own: every lab network is one, and so is every change of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from cnnlab.arithmetic import whole
from cnnlab.errors import did_you_mean
from cnnlab.models.convnet import POOLINGS, check_chance, width_after_convolution, width_after_pooling

CLASSES = 10
WIDTH = 28  # of the image in pixels; its height is the same


@dataclass(frozen=True)
class Block:
    """One or two equal convolutions, then pooling."""

    channels: int = 10  # feature maps that each convolution makes
    kernel: int = 5  # width in pixels
    padding: int | str = 0  # zero pixels on each side, or "same" to keep the size
    stride: int = 1  # pixels between two kernel positions
    convolutions: int = 1  # how many, one behind the other
    pooling: str = "max"  # "max", "avg" or "none"
    pool_size: int = 2  # width and step of the pooling window in pixels
    batch_norm: bool = False  # behind every convolution
    dropout: float = 0.0  # behind the pooling: the chance that a value is set to 0 in training

    def __post_init__(self) -> None:
        for name in ("channels", "kernel", "stride", "convolutions", "pool_size"):
            whole(name, getattr(self, name), 1)
        if self.padding != "same":
            if isinstance(self.padding, str):
                raise ValueError(f"padding={self.padding!r}: give a number of pixels, or 'same'.")
            whole("padding", self.padding)
        if self.pooling not in POOLINGS:
            raise ValueError(f"unknown pooling {self.pooling!r}: {did_you_mean(self.pooling, POOLINGS)}")
        check_chance("dropout", self.dropout)


class BlockNet(nn.Module):
    """Blocks of convolutions and pooling, then one hidden layer.

    A block is conv → batch norm → ReLU, once or twice, then pooling and dropout. Layers are named
    as in the labs: convolutions, ReLUs and norms are counted through, a pooling and a dropout
    have the number of their block.

    Args:
        blocks: the sizes of each block.
        hidden: units of fc1; 0 for a single fully connected layer.
        hidden_relu: whether a ReLU follows fc1; without it fc1 and fc2 are one linear map.
        pool_first: pool before the ReLU that ends the block, as lab 002 does.
    Raises:
        TypeError: a size is not a whole number.
        ValueError: a layer does not fit what arrives at it.

    >>> BlockNet([Block(10), Block(20)]).fc1
    Linear(in_features=320, out_features=50, bias=True)
    """

    def __init__(
        self,
        blocks: Sequence[Block],
        hidden: int = 50,
        hidden_relu: bool = True,
        pool_first: bool = False,
    ) -> None:
        super().__init__()
        self._counts = {"conv": 0, "relu": 0}
        channels, width = 1, WIDTH
        for number, block in enumerate(blocks, start=1):
            channels, width = self._add_block(number, block, channels, width, pool_first)
        self.flatten = nn.Flatten()
        n_in = channels * width * width
        if whole("hidden", hidden):
            self.fc1 = nn.Linear(n_in, hidden)
            self._add_relu(nn.ReLU() if hidden_relu else nn.Identity())
            self.fc2 = nn.Linear(hidden, CLASSES)
        else:
            self.fc1 = nn.Linear(n_in, CLASSES)

    def _add_block(
        self, number: int, block: Block, channels: int, width: int, pool_first: bool
    ) -> tuple[int, int]:
        """Add the layers of a block; channels and width of what it makes."""
        pooling = POOLINGS[block.pooling]
        pool_first = pool_first and pooling is not None
        for i in range(block.convolutions):
            name = self._next("conv")
            width_after = width_after_convolution(name, width, block.kernel, block.padding, block.stride)
            conv = nn.Conv2d(channels, block.channels, block.kernel, block.stride, block.padding)
            self.add_module(name, conv)
            channels, width = block.channels, width_after
            if block.batch_norm:
                self.add_module(name.replace("conv", "norm"), nn.BatchNorm2d(channels))
            if not (pool_first and i == block.convolutions - 1):
                self._add_relu(nn.ReLU())
        if pooling is not None:
            width = width_after_pooling(number, width, block.pool_size)
            self.add_module(f"pool{number}", pooling(block.pool_size))
            if pool_first:
                self._add_relu(nn.ReLU())
        if block.dropout:
            self.add_module(f"dropout{number}", nn.Dropout(block.dropout))
        return channels, width

    def _add_relu(self, layer: nn.Module) -> None:
        self.add_module(self._next("relu"), layer)

    def _next(self, kind: str) -> str:
        self._counts[kind] += 1
        return f"{kind}{self._counts[kind]}"

    def forward(self, x: Tensor) -> Tensor:  # (N, 1, 28, 28)
        for layer in self.children():  # in the order in which they were added
            x = layer(x)
        return x  # (N, 10), the logits
