from __future__ import annotations

import pytest
import torch

from cnnlab.data import Batches, data_loader


def test_the_data_loader_gives_the_same_batches_as_batches(split):
    for (images, labels), (wanted, wanted_labels) in zip(
        data_loader(split, 8), Batches(split, 8), strict=True
    ):
        torch.testing.assert_close(images, wanted, atol=1e-6, rtol=0)
        assert images.dtype == torch.float32
        assert torch.equal(labels, wanted_labels)


def test_a_shuffled_data_loader_repeats_itself_with_the_same_seed(split):
    def order(seed):
        return [
            label for _, labels in data_loader(split, 8, shuffle=True, seed=seed) for label in labels.tolist()
        ]

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert sorted(order(1)) == sorted(split.labels.tolist())


def test_workers_prepare_the_same_images(split):
    images = torch.cat([images for images, _ in data_loader(split, 8, workers=1)])
    torch.testing.assert_close(images, split.normalised(), atol=1e-6, rtol=0)


def test_the_data_loader_refuses_a_batch_size_of_0(split):
    with pytest.raises(ValueError, match="batch_size=0, but a batch holds at least 1 image"):
        data_loader(split, 0)


def test_a_seed_that_is_no_integer_is_said(split):
    with pytest.raises(TypeError, match="seed='a' is not an integer"):
        data_loader(split, 5, seed="a")
