"""Tiny data and networks for the tests of training: a second is enough to learn them."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

CLASSES = ("left", "right", "top", "bottom")
SIDE = 6  # pixels


class SmallBatches:
    """Like `cnnlab.data.Batches`: the order of a pass depends on (seed, epoch) only."""

    def __init__(
        self, split: SmallSplit, batch_size: int, shuffle: bool = False, seed: int = 0, device: object = "cpu"
    ) -> None:
        self.split, self.batch_size, self.shuffle, self.seed = split, batch_size, shuffle, seed
        self.epoch = 0

    def __len__(self) -> int:
        return -(-len(self.split) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.arange(len(self.split))
        if self.shuffle:
            generator = torch.Generator().manual_seed(1000 * self.seed + self.epoch)
            order = torch.randperm(len(self.split), generator=generator)
        self.epoch += 1
        for chosen in order.split(self.batch_size):
            yield self.split.images[chosen], self.split.labels[chosen]


class SmallSplit:
    """Images with one bright edge, which is the class."""

    classes = CLASSES

    def __init__(self, n: int = 48, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.images = torch.randn(n, 1, SIDE, SIDE, generator=generator)
        self.labels = torch.arange(n) % 4
        for image, label in zip(self.images, self.labels):
            edge = [image[0, :, 0], image[0, :, -1], image[0, 0], image[0, -1]][label]
            edge += 2

    def __len__(self) -> int:
        return len(self.labels)

    def batches(
        self, batch_size: int, *, shuffle: bool = False, seed: int = 0, device: object = "cpu"
    ) -> SmallBatches:
        return SmallBatches(self, batch_size, shuffle, seed, device)


def net(outputs: int = 4, dropout: float = 0.0, seed: int = 0) -> nn.Sequential:
    """A small CNN, the same for the same seed."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Dropout(dropout), nn.Flatten(), nn.Linear(3 * 4 * 4, outputs)
    )


def weights(model: nn.Module) -> Tensor:
    """All parameters and buffers in one row."""
    return torch.cat([value.detach().flatten().double() for value in model.state_dict().values()])


def pairs(split: SmallSplit, batch_size: int = 16) -> list[tuple[Tensor, Tensor]]:
    """The batches as a plain list, in order."""
    return list(zip(split.images.split(batch_size), split.labels.split(batch_size)))
