"""Batches straight from one uint8 tensor: seeded, normalised, on the device."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Iterator
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
import torch

from cnnlab.device import pick_device
from cnnlab.errors import names_the_nearest

if TYPE_CHECKING:
    from cnnlab.data.splits import Split


class Batches:
    """The images of a split in batches; each `for` loop over it is one pass.

    The order of a pass depends on `seed` and `epoch` only, and is the same on every machine. Each
    pass that starts moves `epoch` on by one, so to go on where a run stopped, set `epoch`.

    Args:
        split: the images, uint8, and their labels.
        batch_size: images in a batch; the last batch is smaller when they do not divide.
        shuffle: a new order in every pass, instead of the split's own.
        seed: which orders.
        device: where the batches are, such as "cpu" or "cuda".
        drop_last: leave out the last batch if it is smaller.
    Raises:
        TypeError: split is no Split, or a number or a switch is none.
        ValueError: batch_size is below 1, or no batch would be left.

    >>> from cnnlab.data.splits import Split
    >>> split = Split(torch.zeros(5, 1, 28, 28, dtype=torch.uint8), torch.arange(5))
    >>> [labels.tolist() for images, labels in Batches(split, 2)]
    [[0, 1], [2, 3], [4]]
    """

    @names_the_nearest
    def __init__(
        self,
        split: Split,
        batch_size: int,
        shuffle: bool = False,
        seed: int = 0,
        device: str | torch.device = "cpu",
        drop_last: bool = False,
    ) -> None:
        check_split(split, "Batches are made of")
        for name, value in (("shuffle", shuffle), ("drop_last", drop_last)):
            if not isinstance(value, bool):
                raise TypeError(f"{name}={value!r} is neither True nor False.")
        self.split = split
        self.batch_size = check_batch_size(batch_size)
        if drop_last and len(split) < self.batch_size:
            raise ValueError(
                f"drop_last leaves no batch: {len(split):,} images, batch_size={self.batch_size:,}; "
                f"use batch_size <= {len(split):,}."
            )
        self.shuffle = shuffle
        self.seed = check_seed(seed)
        self.device = pick_device(device)
        self.drop_last = drop_last
        self.epoch = 0
        # whole data set on the device once: 47 MB for MNIST, so that a step copies nothing
        self._images = split.images.to(self.device)
        self._labels = split.labels.to(self.device)
        self._scale = 1 / (255 * split.std)  # (x / 255 - mean) / std is x * scale + shift
        self._shift = -split.mean / split.std

    def __len__(self) -> int:
        full, rest = divmod(len(self.split), self.batch_size)
        return full + (rest > 0 and not self.drop_last)

    def __repr__(self) -> str:
        order = f"shuffled with seed {self.seed}" if self.shuffle else "in order"
        return f"Batches({len(self):,} of up to {self.batch_size:,} images, {order}, on {self.device})"

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        epoch, self.epoch = self.epoch, self.epoch + 1  # taken now, so that two passes at once do not mix
        return self._pass(epoch)

    def _pass(self, epoch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        order = shuffled_order(len(self.split), self.seed, epoch).to(self.device) if self.shuffle else None
        batch = self._on_cpu if self.device.type == "cpu" else self._on_device
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            part = slice(start, start + self.batch_size)
            yield batch(part if order is None else order[part])

    def _on_cpu(self, chosen: slice | torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        # NumPy, because PyTorch shares even this little work among its threads, and where other programs
        # keep the processor busy they wait for one another: up to 50 times slower
        index = chosen if isinstance(chosen, slice) else chosen.numpy()
        images = self._images.numpy()[index].astype(np.float32)
        images *= self._scale
        images += self._shift
        return torch.from_numpy(images), torch.from_numpy(self._labels.numpy()[index].copy())

    def _on_device(self, chosen: slice | torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        images = self._images[chosen].to(torch.float32).mul_(self._scale).add_(self._shift)
        return images, self._labels[chosen].clone()


def shuffled_order(n: int, seed: int, epoch: int) -> torch.Tensor:
    """The order of n images in one pass, int64 (n,), the same on every machine."""
    return torch.randperm(n, generator=torch.Generator().manual_seed(hashed(f"{seed},{epoch}")))


def hashed(text: str) -> int:
    """A text as 32 bits, which is all that PyTorch's CPU generator keeps of a seed."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "little")


def check_split(split: object, who: str) -> None:
    """Raise a TypeError unless `split` is one; `who` says what it is for, such as "hold_out divides"."""
    if isinstance(getattr(split, "images", None), torch.Tensor):
        return
    whole = hasattr(getattr(split, "train", None), "images")
    wanted = "data.train" if whole else "a Split, such as load_data().train"
    raise TypeError(f"{who} a Split, and this is of the type {type(split).__name__}: give {wanted}.")


def check_batch_size(batch_size: int) -> int:
    """`batch_size` as an int, or an error that says what is wrong with it."""
    if isinstance(batch_size, bool) or not isinstance(batch_size, Integral):
        raise TypeError(f"batch_size={batch_size!r} is not an integer: use a number such as 64.")
    if operator.index(batch_size) < 1:
        raise ValueError(f"batch_size={batch_size}, but a batch holds at least 1 image: use e.g. 64.")
    return operator.index(batch_size)


def check_seed(seed: int) -> int:
    """`seed` as an int, or an error that says what is wrong with it."""
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise TypeError(f"seed={seed!r} is not an integer: use a number such as 0 or 42.")
    return operator.index(seed)
