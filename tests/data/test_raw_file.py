from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from cnnlab.data.raw_file import FileCheck, check_content, locate, read_content

IMAGES, LABELS, TEST_IMAGES, TEST_LABELS = range(4)


@pytest.fixture
def check(tmp_path):
    """Write `body` under the name of a file of a fake data set, and check it."""

    def check(fake, which: int, body: bytes, suffix: str = "") -> FileCheck:
        wanted = fake.published.files[which]
        (tmp_path / f"{wanted.name}{suffix}").write_bytes(body)
        path = locate(tmp_path, wanted)
        return check_content(path, read_content(path), wanted, fake.published)

    return check


def body(fake, which: int) -> bytes:
    return fake.contents[fake.published.files[which].name]


def test_a_published_file_is_verified(check, mnist):
    found = check(mnist, IMAGES, body(mnist, IMAGES))
    assert found.ok
    assert (found.file, found.state, found.remedy) == ("train-images-idx3-ubyte", "verified", "")
    assert (found.bytes, found.md5) == (
        mnist.published.files[IMAGES].bytes,
        mnist.published.files[IMAGES].md5,
    )


def test_a_compressed_file_is_read_without_writing_beside_it(check, mnist, tmp_path):
    found = check(mnist, IMAGES, mnist.packed["train-images-idx3-ubyte.gz"], suffix=".gz")
    assert (found.file, found.state) == ("train-images-idx3-ubyte.gz", "verified")
    assert found.bytes == mnist.published.files[IMAGES].bytes
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["train-images-idx3-ubyte.gz"]


@pytest.mark.parametrize("kept", [0, 3, 12, 16, 1000, 31375])
def test_a_file_that_is_cut_off_is_named_with_bytes_and_md5(check, mnist, kept):
    found = check(mnist, IMAGES, body(mnist, IMAGES)[:kept])
    assert not found.ok
    assert found.state == f"cut off: {kept:,} bytes instead of 31,376"
    assert f"Expected 31,376 bytes, MD5 {mnist.published.files[IMAGES].md5}" in found.remedy
    assert f"found {kept:,} bytes, MD5 {found.md5}" in found.remedy
    assert found.remedy.endswith("Put the published train-images-idx3-ubyte (or .gz) of MNIST in its place.")


def test_a_file_that_is_too_long_is_refused(check, mnist):
    assert check(mnist, LABELS, body(mnist, LABELS) + b"x").state == "too long: 49 bytes instead of 48"


def test_one_wrong_pixel_is_found_by_the_md5(check, mnist):
    spoilt = bytearray(body(mnist, IMAGES))
    spoilt[5000] ^= 1
    found = check(mnist, IMAGES, bytes(spoilt))
    assert found.state == f"corrupt: its MD5 is {found.md5} instead of {mnist.published.files[IMAGES].md5}"


@pytest.mark.parametrize(
    ("which", "holds"),
    [(IMAGES, LABELS), (IMAGES, TEST_IMAGES), (LABELS, IMAGES), (TEST_LABELS, LABELS), (TEST_IMAGES, LABELS)],
)
@pytest.mark.parametrize("kind", ["mnist", "fashion"])
def test_swapped_files_are_recognised(check, which, holds, kind, request):
    fake = request.getfixturevalue(kind)
    check(fake, holds, body(fake, which))
    found = check(fake, which, body(fake, holds))
    assert found.state == f"swapped: it holds {fake.published.files[holds].name}"
    assert found.remedy.endswith("Give both files the name of what they hold.")


@pytest.mark.parametrize("other_is_there", [True, False])
def test_where_one_file_alone_is_wrong_the_good_one_is_not_to_be_renamed(check, mnist, other_is_there):
    if other_is_there:
        assert check(mnist, TEST_LABELS, body(mnist, TEST_LABELS)).ok
    found = check(mnist, LABELS, body(mnist, TEST_LABELS))
    assert found.state == "swapped: it holds t10k-labels-idx1-ubyte"
    assert found.remedy.endswith("Put the published train-labels-idx1-ubyte (or .gz) of MNIST in its place.")


def test_a_file_that_is_no_idx_file_is_refused(check, mnist):
    page = b"<html>".ljust(31376, b" ")
    assert check(mnist, IMAGES, page).state.startswith("corrupt: it begins with the numbers (1013478509, ")


def test_images_of_another_size_are_refused(check, mnist):
    other = struct.pack(">4i", 2051, 40, 14, 56) + body(mnist, IMAGES)[16:]
    found = check(mnist, IMAGES, other)
    assert (
        found.state == "corrupt: it begins with the numbers (2051, 40, 14, 56) instead of (2051, 40, 28, 28)"
    )


@pytest.mark.parametrize(
    "spoil", [lambda b: b[:-9], lambda b: b[: len(b) // 2], lambda b: b"no gzip at all", lambda b: b""]
)
def test_a_compressed_file_that_is_cut_off_or_corrupt_is_refused(check, mnist, spoil):
    found = check(mnist, IMAGES, spoil(mnist.packed["train-images-idx3-ubyte.gz"]), suffix=".gz")
    assert not found.ok
    assert found.file == "train-images-idx3-ubyte.gz"
    assert found.state.startswith(("cannot be read (", "cut off: 0 bytes"))
    assert "Put the published train-images-idx3-ubyte (or .gz) of MNIST in its place." in found.remedy


def test_a_damaged_file_with_a_good_compressed_one_beside_it_can_be_moved_away(check, mnist, tmp_path):
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(mnist.packed["train-labels-idx1-ubyte.gz"])
    found = check(mnist, LABELS, body(mnist, LABELS)[:20])
    assert found.remedy.endswith("Move it away: then train-labels-idx1-ubyte.gz beside it is used.")


def test_a_missing_file_is_a_row_too(mnist):
    wanted = mnist.published.files[IMAGES]
    found = check_content(None, None, wanted, mnist.published)
    assert (found.ok, found.state, found.bytes, found.md5) == (False, "missing", None, None)
    assert found.remedy.startswith(f"Expected 31,376 bytes, MD5 {wanted.md5}. Put the published")


def test_a_file_without_permission_says_so(mnist, tmp_path):
    wanted = mnist.published.files[IMAGES]
    found = check_content(tmp_path / wanted.name, PermissionError(13, "denied"), wanted, mnist.published)
    assert (found.state, found.remedy) == ("not readable for you", "Allow yourself to read it.")


def test_without_a_published_md5_a_well_formed_file_is_used_and_said_to_be_only_that(check, fashion):
    found = check(fashion, IMAGES, body(fashion, IMAGES))
    assert found.ok
    assert found.state == "well-formed; its MD5 is not published"


@pytest.mark.parametrize("kept", [0, 5000])
def test_images_that_end_in_nothing_are_a_download_that_stopped(check, fashion, kept):
    whole = body(fashion, IMAGES)
    stopped = whole[: 16 + kept] + bytes(len(whole) - 16 - kept)
    assert check(fashion, IMAGES, stopped).state == "corrupt: its last 10 images are all 0"


def test_the_compressed_file_beside_it_verifies_a_file_without_a_published_md5(check, fashion, tmp_path):
    name = "train-images-idx3-ubyte"
    (tmp_path / f"{name}.gz").write_bytes(fashion.packed[f"{name}.gz"])
    assert check(fashion, IMAGES, body(fashion, IMAGES)).state == "verified"
    spoilt = bytearray(body(fashion, IMAGES))
    spoilt[5000] ^= 1
    assert check(fashion, IMAGES, bytes(spoilt)).state == f"corrupt: it differs from what {name}.gz holds"


def test_a_damaged_compressed_file_beside_it_proves_nothing(check, fashion, tmp_path):
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"damaged")
    assert check(fashion, IMAGES, body(fashion, IMAGES)).state == "well-formed; its MD5 is not published"


def test_a_compressed_file_alone_is_checked_by_its_own_md5(check, fashion):
    name = "train-images-idx3-ubyte"
    assert check(fashion, IMAGES, fashion.packed[f"{name}.gz"], suffix=".gz").state == "verified"
    repacked = gzip.compress(body(fashion, IMAGES), compresslevel=1, mtime=0)
    found = check(fashion, IMAGES, repacked, suffix=".gz")
    assert found.state.startswith(f"corrupt: the MD5 of {name}.gz is ")


def test_a_label_out_of_range_is_refused_with_its_place(check, fashion):
    spoilt = bytearray(body(fashion, LABELS))
    spoilt[8 + 17] = 10
    assert check(fashion, LABELS, bytes(spoilt)).state == "corrupt: label 10 at index 17, but labels run to 9"


def test_classes_of_unequal_size_are_refused_where_the_published_set_is_balanced(check, fashion):
    labels = np.zeros(40, np.uint8)
    labels[1:] = np.arange(39) % 10
    state = check(fashion, LABELS, body(fashion, LABELS)[:8] + labels.tobytes()).state
    assert state == (
        "corrupt or from another data set: 3 to 5 images a class, but Fashion-MNIST has 4 of each"
    )


def test_mnist_in_the_place_of_another_data_set_is_recognised(check, mnist, fashion):
    found = check(fashion, IMAGES, body(mnist, IMAGES))
    assert found.state == "from another data set: MNIST, not Fashion-MNIST"


def test_a_header_with_another_count_is_not_taken_for_a_swapped_file(check, mnist):
    test_images = body(mnist, TEST_IMAGES)
    spoilt = test_images[:4] + body(mnist, IMAGES)[4:8] + test_images[8:]
    assert check(mnist, TEST_IMAGES, spoilt).state.startswith(
        "corrupt: it begins with the numbers (2051, 40,"
    )


def test_a_compressed_file_without_gz_in_its_name_is_to_be_renamed(check, mnist, tmp_path):
    packed = mnist.packed["train-labels-idx1-ubyte.gz"]
    found = check(mnist, LABELS, packed)
    assert found.state == "compressed, but its name does not end with .gz"
    assert found.remedy.endswith("Add .gz to its name.")
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(packed)
    assert check(mnist, LABELS, packed).remedy.endswith("train-labels-idx1-ubyte.gz beside it is used.")
