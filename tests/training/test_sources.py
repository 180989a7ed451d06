"""A Split, Batches, a DataLoader and a list all give batches; the rest is refused in words."""

from types import SimpleNamespace

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from cnnlab.errors import TrainingError
from cnnlab.training.sources import (
    all_labels,
    check_batch_size,
    class_names,
    describe_data,
    open_batches,
    set_epoch,
)
from tests.training.small import CLASSES, SmallSplit, pairs

CPU = torch.device("cpu")


def test_a_split_is_asked_for_batches_of_the_given_size_order_and_seed():
    batches = open_batches(SmallSplit(10), 4, device=CPU, shuffle=True, seed=5)
    assert (batches.batch_size, batches.shuffle, batches.seed) == (4, True, 5)
    assert [len(labels) for _, labels in batches] == [4, 4, 2]


def test_batches_loaders_and_lists_are_taken_as_they_are():
    split = SmallSplit(10)
    loader = DataLoader(TensorDataset(split.images, split.labels), batch_size=5)
    for data in (split.batches(3), loader, pairs(split)):
        assert open_batches(data, 64, device=CPU) is data


def test_looking_at_batches_does_not_start_a_pass():
    batches = SmallSplit(10).batches(3)
    open_batches(batches, 64, device=CPU)
    assert batches.epoch == 0


def test_a_generator_is_refused_because_it_is_used_up_after_one_epoch():
    with pytest.raises(TypeError, match="train is a generator, which is used up after one pass: give a list"):
        open_batches((pair for pair in pairs(SmallSplit())), 64, device=CPU)


def test_a_dataset_is_refused_with_the_loader_to_write():
    split = SmallSplit()
    message = (
        r"train is a TensorDataset, which gives one image at a time: wrap it, DataLoader\(train, batch_size=8"
    )
    with pytest.raises(TypeError, match=message):
        open_batches(TensorDataset(split.images, split.labels), 8, device=CPU)


def test_a_whole_data_set_is_refused_with_the_part_to_give():
    data = SimpleNamespace(train=SmallSplit(), test=SmallSplit())
    with pytest.raises(TypeError, match=r"train is of the type SimpleNamespace.*: give data.train\."):
        open_batches(data, 64, device=CPU)
    with pytest.raises(TypeError, match=r"validation is .*: give a Split, such as data.test\."):
        open_batches(data, 64, device=CPU, name="validation")


@pytest.mark.parametrize("data", [torch.zeros(3), "mnist", 7])
def test_what_is_no_data_is_refused_with_what_would_be(data):
    with pytest.raises(TypeError, match="give a Split such as load_data"):
        open_batches(data, 64, device=CPU)


@pytest.mark.parametrize("data", [[], SmallSplit(0)])
def test_empty_data_are_refused(data):
    with pytest.raises(TrainingError, match="validation is empty: it needs at least one labelled image"):
        open_batches(data, 64, device=CPU, name="validation")


def test_images_and_labels_in_a_pair_are_refused_with_the_loader_to_write():
    split = SmallSplit()
    message = r"train is a tuple of tensors, .* DataLoader\(TensorDataset\(images, labels\), batch_size=8, "
    with pytest.raises(TypeError, match=message):
        open_batches((split.images, split.labels), 8, device=CPU)


def test_a_batch_size_that_would_have_no_effect_is_refused():
    with pytest.raises(ValueError, match="batch_size=32, but train makes batches of 16 itself: leave"):
        check_batch_size(SmallSplit().batches(16), 32)
    check_batch_size(SmallSplit().batches(16), 16)
    check_batch_size(SmallSplit().batches(16), 64)  # the default: nobody chose it
    check_batch_size(SmallSplit(), 32)


def test_the_epoch_of_batches_is_set_and_other_data_are_left_alone():
    batches = SmallSplit().batches(16)
    set_epoch(batches, 3)
    assert batches.epoch == 3
    set_epoch(pairs(SmallSplit()), 3)


def test_class_names_and_labels_are_found_behind_batches_and_loaders():
    split = SmallSplit(10)
    dataset = TensorDataset(split.images, split.labels)
    dataset.split = split
    for data in (split, split.batches(3), DataLoader(dataset)):
        assert class_names(data) == CLASSES
        assert all_labels(data) is split.labels
    plain = DataLoader(TensorDataset(split.images, split.labels))
    assert class_names(plain) is None
    assert all_labels(plain) is None


def test_the_description_of_data_changes_with_length_batch_size_labels_and_pixels():
    def description(split, batch_size=8):
        return describe_data(split, open_batches(split, batch_size, device=CPU, shuffle=True))

    first = description(SmallSplit(16))
    assert first == description(SmallSplit(16))
    assert first["number of images"] == 16
    assert first["number of batches"] == 2
    other_label, other_pixels = SmallSplit(16), SmallSplit(16)
    other_label.labels[3] = 0
    other_pixels.images += 1
    assert description(SmallSplit(15)) != first
    assert description(SmallSplit(16), batch_size=4) != first
    assert description(other_label) != first
    assert description(other_pixels) != first


def test_the_description_of_a_loader_tells_its_length():
    split = SmallSplit(10)
    loader = DataLoader(TensorDataset(split.images, split.labels), batch_size=4)
    found = describe_data(loader, loader)
    assert (found["number of images"], found["number of batches"], found["batch size"]) == (10, 3, 4)
