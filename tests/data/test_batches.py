from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from cnnlab.data import Batches, load_data
from cnnlab.data.batches import shuffled_order


def labels_of(batches) -> list[int]:
    return [int(label) for _, labels in batches for label in labels]


def positions_of(batches, split) -> list[int]:
    """Which image of the split stands where (the noise makes all images different)."""
    where = {split.normalised()[i].numpy().tobytes(): i for i in range(len(split))}
    return [where[image.numpy().tobytes()] for images, _ in batches for image in images]


def test_batches_give_every_image_with_its_label_and_keep_the_last_smaller_batch(split):
    batches = Batches(split, 8)
    sizes = [(tuple(images.shape), tuple(labels.shape)) for images, labels in batches]
    assert sizes == [((8, 1, 28, 28), (8,)), ((8, 1, 28, 28), (8,)), ((4, 1, 28, 28), (4,))]
    assert len(batches) == 3
    assert labels_of(batches) == split.labels.tolist()


def test_batches_are_float32_and_int64_and_normalised(split):
    images, labels = next(iter(Batches(split, 20)))
    assert images.dtype == torch.float32
    assert labels.dtype == torch.int64
    torch.testing.assert_close(
        images.double(), (split.images.double() / 255 - split.mean) / split.std, atol=1e-6, rtol=0
    )


def test_drop_last_leaves_out_the_smaller_batch(split):
    batches = Batches(split, 8, drop_last=True)
    assert len(batches) == len(list(batches)) == 2


def test_shuffled_batches_hold_every_image_once_beside_its_own_label(split):
    batches = Batches(split, 7, shuffle=True)
    positions = positions_of(batches, split)
    assert sorted(positions) == list(range(20))
    batches.epoch = 0
    assert labels_of(batches) == [int(split.labels[i]) for i in positions]


def test_each_pass_has_another_order_and_the_same_seed_the_same_orders(split):
    batches = Batches(split, 8, shuffle=True, seed=3)
    first, second = positions_of(batches, split), positions_of(batches, split)
    assert first != second
    again = Batches(split, 8, shuffle=True, seed=3)
    assert [positions_of(again, split), positions_of(again, split)] == [first, second]
    assert positions_of(Batches(split, 8, shuffle=True, seed=4), split) != first


def test_the_order_of_a_pass_depends_on_seed_and_epoch_only(split):
    batches = Batches(split, 8, shuffle=True, seed=3)
    orders = [positions_of(batches, split) for _ in range(3)]
    assert batches.epoch == 3
    torch.manual_seed(99)  # nor on PyTorch's own generator
    resumed = Batches(split, 5, shuffle=True, seed=3)
    resumed.epoch = 2
    assert positions_of(resumed, split) == orders[2]


def test_a_pass_leaves_pytorchs_own_generator_alone(split):
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    list(Batches(split, 8, shuffle=True))
    assert torch.equal(torch.rand(1), expected)


def test_a_pass_that_is_broken_off_counts_as_one(split):
    batches = Batches(split, 8, shuffle=True)
    next(iter(batches))
    assert batches.epoch == 1


def test_two_passes_at_once_do_not_disturb_each_other(split):
    batches = Batches(split, 8, shuffle=True)
    pairs = list(zip(batches, batches))
    alone = Batches(split, 8, shuffle=True)
    for column, expected in zip(zip(*pairs), (list(alone), list(alone))):
        for (images, labels), (wanted_images, wanted_labels) in zip(column, expected):
            assert torch.equal(images, wanted_images)
            assert torch.equal(labels, wanted_labels)


def test_changing_a_batch_does_not_change_the_split(split):
    before = split.images.clone(), split.labels.clone()
    for shuffle in (False, True):
        for images, labels in Batches(split, 8, shuffle=shuffle):
            images.zero_()
            labels.zero_()
    assert torch.equal(split.images, before[0])
    assert torch.equal(split.labels, before[1])


def test_the_first_orders_are_the_same_on_every_machine():
    assert shuffled_order(10, seed=0, epoch=0).tolist() == ORDER
    digest = hashlib.sha256()
    for seed, epoch in ((0, 0), (0, 1), (1, 0), (2**40, 7)):
        digest.update(shuffled_order(60_000, seed, epoch).numpy().astype("<i8").tobytes())
    assert digest.hexdigest() == DIGEST


def test_seed_and_epoch_are_not_mixed_up():
    orders = {tuple(shuffled_order(50, s, e).tolist()) for s in range(10) for e in range(10)}
    assert len(orders) == 100
    # PyTorch's generator would drop all but 32 bits of a seed
    assert shuffled_order(50, 1, 0).tolist() != shuffled_order(50, 1 + 2**32, 0).tolist()


@pytest.mark.parametrize("size", [0, -1, np.int64(0)])
def test_a_batch_of_no_images_is_refused(split, size):
    with pytest.raises(ValueError, match=r"but a batch holds at least 1 image: use e.g. 64"):
        Batches(split, size)


@pytest.mark.parametrize("size", [True, 2.0, "64", None, np.float64(8), torch.tensor(4)])
def test_a_batch_size_that_is_not_an_integer_is_refused(split, size):
    with pytest.raises(TypeError, match="is not an integer: use a number such as 64"):
        Batches(split, size)


def test_a_batch_size_from_numpy_and_one_beyond_the_split_are_fine(split):
    assert len(Batches(split, np.int64(8))) == 3
    assert [len(labels) for _, labels in Batches(split, 1000)] == [20]


def test_drop_last_that_would_leave_nothing_is_refused(split):
    with pytest.raises(
        ValueError, match="drop_last leaves no batch: 20 images, batch_size=64; use batch_size <= 20"
    ):
        Batches(split, 64, drop_last=True)


def test_unknown_and_missing_devices_are_refused(split):
    with pytest.raises(ValueError, match="unknown device 'gpu'"):
        Batches(split, 8, device="gpu")


def test_other_devices_compute_what_the_cpu_does(split):
    batches = Batches(split, 8)
    for chosen in (slice(4, 9), torch.tensor([7, 0, 19])):
        for on_cpu, on_device in zip(batches._on_cpu(chosen), batches._on_device(chosen), strict=True):
            assert torch.equal(on_cpu, on_device)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_batches_on_cuda_are_those_on_the_cpu(split):
    for shuffle in (False, True):
        for (images, labels), (wanted, wanted_labels) in zip(
            Batches(split, 8, shuffle=shuffle, device="cuda"), Batches(split, 8, shuffle=shuffle), strict=True
        ):
            assert images.device.type == labels.device.type == "cuda"
            torch.testing.assert_close(images.cpu(), wanted, atol=1e-6, rtol=0)
            assert torch.equal(labels.cpu(), wanted_labels)


ORDER = [6, 3, 4, 7, 9, 5, 2, 1, 8, 0]
DIGEST = "aa1ac91d853844a693ead9410c3a9de5d83492e7d8fd567e627bf459a0126b51"


@pytest.mark.parametrize("seed", ["3", 1.5, None, True])
def test_a_seed_that_is_no_integer_is_said(split, seed):
    with pytest.raises(TypeError, match=f"seed={seed!r} is not an integer: use a number such as 0 or 42"):
        Batches(split, 5, shuffle=True, seed=seed)


def test_a_whole_data_set_is_refused_with_its_part():
    with pytest.raises(
        TypeError, match=r"Batches are made of a Split, .* type ImageData: give data\.train\."
    ):
        Batches(load_data("digits"), 4)
    with pytest.raises(TypeError, match=r"type list: give a Split, such as load_data\(\)\.train\."):
        Batches([1, 2], 4)


@pytest.mark.parametrize("switch", ["shuffle", "drop_last"])
def test_a_switch_is_true_or_false(split, switch):
    with pytest.raises(TypeError, match=f"{switch}='False' is neither True nor False"):
        Batches(split, 4, **{switch: "False"})


def test_a_misspelt_setting_is_named_with_the_nearest(split):
    with pytest.raises(TypeError, match="Batches has no argument 'shufle': did you mean 'shuffle'"):
        Batches(split, 8, shufle=True)
