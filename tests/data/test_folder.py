from __future__ import annotations

from pathlib import Path

import pytest
import torch

from cnnlab.data import verify
from cnnlab.data.folder import find_folder, is_complete, read_folder
from cnnlab.errors import DataError
from tests.data.closed import close


@pytest.mark.parametrize("below", ["", "MNIST", "MNIST/raw"])
def test_the_root_may_be_torchvisions_root_the_data_sets_folder_or_raw(mnist, tmp_path, below):
    raw = mnist.write(tmp_path)
    assert find_folder(tmp_path / below, mnist.published) == raw


def test_the_files_may_lie_in_a_folder_of_any_name(mnist, tmp_path):
    raw = mnist.write(tmp_path / "x").rename(tmp_path / "downloads")
    assert find_folder(raw, mnist.published) == raw


@pytest.mark.parametrize("below", ["", "FashionMNIST", "FashionMNIST/raw"])
def test_the_files_of_another_data_set_are_never_taken_though_they_have_the_same_names(
    mnist, fashion, tmp_path, below
):
    fashion.write(tmp_path)
    assert find_folder(tmp_path / below, mnist.published) is None


@pytest.mark.parametrize("below", ["FashionMNIST", "FashionMNIST/raw"])
def test_the_folder_of_another_data_set_is_known_by_whatever_way_leads_there(
    mnist, fashion, tmp_path, monkeypatch, below
):
    fashion.write(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / below)
    (tmp_path / below / "x").mkdir()
    monkeypatch.chdir(tmp_path / below)
    for way in (Path("."), tmp_path / below / "x" / "..", tmp_path / "link"):
        assert find_folder(way, mnist.published) is None


def test_a_complete_folder_comes_before_a_begun_one(mnist, tmp_path):
    begun = mnist.write(tmp_path)
    (begun / "train-images-idx3-ubyte").unlink()
    complete = mnist.write(tmp_path / "other").rename(tmp_path / "raw")
    assert find_folder(tmp_path, mnist.published) == complete
    assert not is_complete(begun, mnist.published)


def test_reading_gives_the_images_and_labels_that_were_written(mnist, tmp_path):
    data = read_folder(mnist.write(tmp_path), mnist.published, "a test")
    assert torch.equal(data.train.images[:, 0], torch.from_numpy(mnist.images[0]))
    assert torch.equal(data.test.images[:, 0], torch.from_numpy(mnist.images[1]))
    assert data.train.labels.tolist() == mnist.labels[0].tolist()
    assert data.test.labels.tolist() == mnist.labels[1].tolist()
    assert (data.name, data.source) == ("mnist", "MNIST, a test")


def test_mean_and_std_are_computed_from_the_training_images_and_used_for_both(mnist, tmp_path):
    data = read_folder(mnist.write(tmp_path), mnist.published, "a test")
    pixels = torch.from_numpy(mnist.images[0]).double() / 255
    assert data.mean == data.train.mean == data.test.mean == pytest.approx(pixels.mean().item(), abs=1e-12)
    assert data.std == data.test.std == pytest.approx(pixels.std(unbiased=False).item(), abs=1e-12)


def test_compressed_and_uncompressed_files_read_alike(mnist, tmp_path):
    plain = read_folder(mnist.write(tmp_path / "a"), mnist.published, "")
    packed = read_folder(mnist.write(tmp_path / "b", packed=True, plain=False), mnist.published, "")
    assert torch.equal(plain.train.images, packed.train.images)
    assert torch.equal(plain.test.labels, packed.test.labels)


def test_class_names_are_those_of_the_data_set(fashion, tmp_path):
    assert read_folder(fashion.write(tmp_path), fashion.published, "").train.classes[9] == "Ankle boot"


def test_an_error_names_every_file_that_is_wrong(mnist, tmp_path):
    raw = mnist.write(tmp_path)
    (raw / "t10k-labels-idx1-ubyte").unlink()
    (raw / "train-images-idx3-ubyte").write_bytes(b"short")
    with pytest.raises(DataError) as caught:
        read_folder(raw, mnist.published, "")
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"{raw}/train-images-idx3-ubyte: cut off: 5 bytes instead of 31,376. Expected")
    assert second.startswith(f"{raw}/t10k-labels-idx1-ubyte: missing. Expected 28 bytes, MD5")


def test_a_damaged_file_is_left_as_it_is(mnist, tmp_path):
    raw = mnist.write(tmp_path)
    (raw / "train-images-idx3-ubyte").write_bytes(b"short")
    with pytest.raises(DataError):
        read_folder(raw, mnist.published, "")
    assert (raw / "train-images-idx3-ubyte").read_bytes() == b"short"


def test_verify_shows_one_row_a_file(mnist, tmp_path):
    raw = mnist.write(tmp_path)
    table = verify(str(tmp_path))
    assert [row.file for row in table] == [file.name for file in mnist.published.files]
    assert all(row.ok for row in table)
    assert str(table).splitlines()[0].split() == ["file", "bytes", "MD5", "state"]
    assert table.footer == (f"in {raw}",)


def test_verify_reports_what_is_wrong_instead_of_raising(mnist, tmp_path):
    raw = mnist.write(tmp_path)
    (raw / "train-labels-idx1-ubyte").rename(raw / "kept")
    (raw / "t10k-labels-idx1-ubyte").rename(raw / "train-labels-idx1-ubyte")
    table = verify(tmp_path)
    assert [row.state for row in table] == [
        "verified",
        "swapped: it holds t10k-labels-idx1-ubyte",
        "verified",
        "missing",
    ]
    assert len(table.footer) == 3
    assert table.footer[1].startswith("train-labels-idx1-ubyte: Expected 48 bytes")


def test_verify_of_a_folder_without_data_says_where_it_looked(mnist, tmp_path):
    table = verify(tmp_path / "nowhere")
    assert [row.state for row in table] == ["missing"] * 4
    assert table.footer[0] == f"in {tmp_path / 'nowhere' / 'MNIST' / 'raw'}"


def test_verify_refuses_a_name_that_has_no_files(tmp_path):
    with pytest.raises(
        ValueError, match=r"unknown data set 'digits': .*there are: mnist, fashion_mnist, kmnist"
    ):
        verify(tmp_path, "digits")


def test_the_real_mnist_is_verified_and_has_the_well_known_statistics(mnist_root):
    assert [row.state for row in verify(mnist_root)] == ["verified"] * 4
    from cnnlab.data.catalogue import MNIST

    data = read_folder(Path(mnist_root, "MNIST", "raw"), MNIST, "")
    assert (len(data.train), len(data.test)) == (60_000, 10_000)
    assert (round(data.mean, 4), round(data.std, 4)) == (0.1307, 0.3081)
    assert data.train.class_counts().tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


def test_the_real_mnist_reads_as_torchvision_reads_it(mnist_root):
    from torchvision.datasets import mnist as torchvision_mnist

    from cnnlab.data.catalogue import MNIST

    raw = Path(mnist_root, "MNIST", "raw")
    data = read_folder(raw, MNIST, "")
    for split, prefix in ((data.train, "train"), (data.test, "t10k")):
        images = torchvision_mnist.read_image_file(str(raw / f"{prefix}-images-idx3-ubyte"))
        labels = torchvision_mnist.read_label_file(str(raw / f"{prefix}-labels-idx1-ubyte"))
        assert torch.equal(split.images[:, 0], images)
        assert torch.equal(split.labels, labels)


def test_verify_of_a_home_folder_of_nobody_is_said():
    with pytest.raises(DataError, match=r"root names '~nosuchuser/x', .* there is no user of that name"):
        verify("~nosuchuser/x")


def test_a_folder_with_the_name_of_a_file_is_said_to_be_one(mnist, tmp_path):
    raw = mnist.write(tmp_path)
    (raw / "t10k-labels-idx1-ubyte").unlink()
    (raw / "t10k-labels-idx1-ubyte").mkdir()
    found = verify(tmp_path)[3]
    assert (found.file, found.state) == ("t10k-labels-idx1-ubyte", "a folder, not a file")
    assert found.remedy.startswith("Move it away. Put the published t10k-labels-idx1-ubyte")


def test_verify_says_of_files_below_a_folder_that_may_not_be_entered_that_they_cannot_be_read(
    mnist, tmp_path, monkeypatch
):
    mnist.write(tmp_path / "mine")
    close(tmp_path / "mine", monkeypatch)
    table = verify(tmp_path / "mine")
    assert [row.state for row in table] == ["not readable for you"] * 4
    assert table[0].remedy == "Allow yourself to read it."
