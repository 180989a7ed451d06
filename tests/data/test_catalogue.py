from __future__ import annotations

import pytest
from torchvision import datasets

from cnnlab.data import DATA_NAMES
from cnnlab.data.catalogue import PUBLISHED, published


def test_the_names_of_the_data_sets():
    assert DATA_NAMES == ("auto", "mnist", "fashion_mnist", "kmnist", "digits")


@pytest.mark.parametrize("name", PUBLISHED)
def test_files_checksums_and_mirrors_are_those_of_torchvision(name):
    ours = published(name)
    theirs = getattr(datasets, ours.folder)
    assert [(f"{file.name}.gz", file.gz_md5) for file in ours.files] == theirs.resources
    assert list(ours.mirrors) == theirs.mirrors


@pytest.mark.parametrize("name", ["fashion_mnist", "kmnist"])
def test_class_names_are_those_of_torchvision(name):
    assert list(published(name).classes) == getattr(datasets, published(name).folder).classes


def test_a_raw_file_knows_its_size_and_its_first_numbers():
    images, labels, test_images, test_labels = published("mnist").files
    assert [file.bytes for file in published("mnist").files] == [47_040_016, 60_008, 7_840_016, 10_008]
    assert images.header == (2051, 60_000, 28, 28)
    assert labels.header == (2049, 60_000)
    assert test_images.header[1] == test_labels.header[1] == 10_000


def test_an_unknown_data_set_is_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match="unknown data set 'mnits': did you mean 'mnist'"):
        published("mnits")


def test_a_name_that_is_no_text_is_refused_in_words():
    with pytest.raises(
        ValueError, match=r"unknown data set \['mnist'\]: a name is text, and this is of type list"
    ):
        published(["mnist"])
