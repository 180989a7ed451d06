"""The plain PyTorch way, one image at a time: what `Batches` is measured against."""

from __future__ import annotations

import torch
from torch.utils.data import DataLoader, Dataset

from cnnlab.data.batches import check_batch_size, check_seed
from cnnlab.data.splits import Split


class _Pictures(Dataset[tuple[torch.Tensor, int]]):
    """One PIL picture at a time, through ToTensor and Normalize, as the labs do it."""

    def __init__(self, split: Split) -> None:
        from torchvision import transforms

        self.split = split
        self.transform = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize((split.mean,), (split.std,))]
        )

    def __len__(self) -> int:
        return len(self.split)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        from PIL import Image

        picture = Image.fromarray(self.split.images[index, 0].numpy())
        return self.transform(picture), int(self.split.labels[index])


def data_loader(
    split: Split, batch_size: int, shuffle: bool = False, seed: int = 0, workers: int = 0
) -> DataLoader[tuple[torch.Tensor, torch.Tensor]]:
    """A `torch.utils.data.DataLoader` over the split: the same images as `Batches`, more slowly.

    Args:
        split: the images and their labels.
        batch_size: images in a batch; the last batch may be smaller.
        shuffle: a new order in every pass.
        seed: which orders; they are not those of `Batches`.
        workers: processes that prepare images; 0 does it in this one.
    Returns:
        A loader of (images float32 (N, 1, 28, 28) normalised, labels int64 (N,)).
    """
    return DataLoader(
        _Pictures(split),  # type: ignore[arg-type]  # the loader stacks (image, label) pairs into batches
        batch_size=check_batch_size(batch_size),
        shuffle=shuffle,
        num_workers=workers,
        generator=torch.Generator().manual_seed(check_seed(seed)),
    )
