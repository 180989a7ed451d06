from __future__ import annotations

import errno
import importlib.util
import inspect
import os
import subprocess
import sys
import tempfile
import warnings

import pytest
import torch

from cnnlab.data import FallbackNotice, cache_folder, load_data
from cnnlab.errors import DataError
from tests.data.closed import close


@pytest.fixture
def no_notice():
    """A FallbackNotice is an error here."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", FallbackNotice)
        yield


def test_auto_takes_mnist_from_an_explicit_root(mnist, tmp_path, no_notice):
    mnist.write(tmp_path)
    data = load_data(root=tmp_path)
    assert (data.name, len(data.train)) == ("mnist", 40)
    assert data.source == "MNIST, the folder in root"


def test_auto_takes_mnist_from_cnnlab_data(mnist, tmp_path, monkeypatch, no_notice):
    mnist.write(tmp_path)
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    assert load_data().source == "MNIST, the folder in CNNLAB_DATA"


def test_auto_takes_mnist_from_the_cache_folder(mnist, no_notice):
    mnist.write(cache_folder())
    assert load_data().source == "MNIST, cnnlab's cache folder"


def test_auto_downloads_into_the_cache_folder(server, no_notice):
    assert load_data().source == "MNIST, downloaded now"
    asked = len(server.asked)
    assert load_data().source == "MNIST, cnnlab's cache folder"
    assert len(server.asked) == asked


def test_an_explicit_root_comes_before_cnnlab_data_and_that_before_the_cache(mnist, tmp_path, monkeypatch):
    mnist.write(cache_folder())
    mnist.write(tmp_path / "a")
    mnist.write(tmp_path / "b")
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path / "a"))
    assert load_data(root=tmp_path / "b").source == "MNIST, the folder in root"
    assert load_data().source == "MNIST, the folder in CNNLAB_DATA"


def test_an_empty_cnnlab_data_is_as_good_as_none(mnist, monkeypatch):
    mnist.write(cache_folder())
    monkeypatch.setenv("CNNLAB_DATA", "")
    assert load_data().source == "MNIST, cnnlab's cache folder"


def test_where_mnist_is_nowhere_auto_gives_the_digits_with_a_notice_that_says_why_and_what_to_do(mnist):
    with pytest.warns(FallbackNotice) as caught:
        data = load_data()
    assert data.name == "digits"
    notice = str(caught[0].message)
    said = " ".join(notice.split())
    assert "THIS IS NOT MNIST" in said
    assert "Accuracies and times are not those of MNIST." in said
    assert "Why: MNIST cannot be downloaded: http://a.invalid/: the network is off in the tests" in said
    assert "run `cnnlab data fetch mnist`" in said
    assert str(cache_folder() / "MNIST" / "raw") in said
    assert notice.count("=" * 80) == 2  # framed
    assert caught[0].filename == __file__  # it points at the line that called load_data


def test_the_notice_is_shown_at_every_call(mnist):
    with warnings.catch_warnings(record=True) as caught:
        # imported afresh, because pytest has undone what the first import did to the filters
        spec = importlib.util.spec_from_file_location("fresh", inspect.getsourcefile(load_data))
        fresh = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(fresh)
        for _ in range(2):
            fresh.load_data()
    assert [warning.category for warning in caught] == [fresh.FallbackNotice] * 2


@pytest.mark.filterwarnings("ignore::cnnlab.data.FallbackNotice")
def test_nothing_is_printed_to_stdout(capsys, mnist):
    load_data()
    assert capsys.readouterr().out == ""


def test_mnist_never_falls_back_and_says_where_to_put_the_files(mnist):
    with pytest.raises(DataError, match=r"MNIST was not found: MNIST cannot be downloaded") as caught:
        load_data("mnist")
    assert "copy train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz" in str(caught.value)
    assert f"into {cache_folder() / 'MNIST' / 'raw'}, or into MNIST/raw in a folder of your own" in str(
        caught.value
    )


def test_download_false_is_honoured(server):
    with pytest.raises(
        DataError, match=r"MNIST was not found: download=False, and it is not in cnnlab's cache"
    ):
        load_data("mnist", download=False)
    with pytest.warns(FallbackNotice, match="download=False"):
        assert load_data(download=False).name == "digits"
    assert server.asked == []
    assert not cache_folder().exists()


@pytest.mark.parametrize("name", ["auto", "mnist"])
def test_a_root_that_does_not_exist_is_an_error(name, tmp_path):
    with pytest.raises(
        DataError, match=r"root names '.*nowhere', which is not a folder. Correct it, or leave it out"
    ):
        load_data(name, root=tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["auto", "mnist"])
def test_a_root_without_mnist_is_an_error_that_says_what_was_looked_for_where(name, server, tmp_path):
    with pytest.raises(DataError, match=r"root names .* which does not hold MNIST") as caught:
        load_data(name, root=str(tmp_path))
    assert "Looked for train-images-idx3-ubyte, train-labels-idx1-ubyte" in str(caught.value)
    assert str(tmp_path / "MNIST" / "raw") in str(caught.value)
    assert server.asked == []


@pytest.mark.parametrize("name", ["auto", "mnist", "kmnist"])
def test_a_cnnlab_data_that_is_wrong_is_an_error(name, server, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"CNNLAB_DATA names '.*nowhere', which is not a folder"):
        load_data(name)
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"CNNLAB_DATA names .*, which does not hold K?MNIST"):
        load_data(name)


def test_a_cnnlab_data_that_has_mnist_only_does_not_stand_in_the_way_of_other_data_sets(
    mnist, fashion, tmp_path, monkeypatch
):
    mnist.write(tmp_path)
    fashion.write(cache_folder())
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    assert load_data("fashion_mnist").source == "Fashion-MNIST, cnnlab's cache folder"


def test_a_root_that_may_not_be_read_is_said(mnist, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *args: False)  # root may read everything
    with pytest.raises(DataError, match=r"but you may not read .*Change its permissions"):
        load_data(root=tmp_path)


@pytest.mark.parametrize("where", ["root", "CNNLAB_DATA", "cache"])
@pytest.mark.parametrize("name", ["auto", "mnist"])
def test_a_damaged_file_is_an_error_and_never_passed_over(mnist, tmp_path, monkeypatch, where, name):
    raw = mnist.write(cache_folder() if where == "cache" else tmp_path / "data")
    (raw / "t10k-images-idx3-ubyte").write_bytes(mnist.contents["t10k-images-idx3-ubyte"][:1000])
    if where == "CNNLAB_DATA":
        monkeypatch.setenv("CNNLAB_DATA", str(tmp_path / "data"))
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte: cut off: 1,000 bytes instead of 15,696"):
        load_data(name, root=tmp_path / "data" if where == "root" else None)


def test_training_and_test_images_that_were_swapped_are_an_error(mnist, tmp_path):
    raw = mnist.write(tmp_path)
    (raw / "train-images-idx3-ubyte").rename(raw / "x")
    (raw / "t10k-images-idx3-ubyte").rename(raw / "train-images-idx3-ubyte")
    (raw / "x").rename(raw / "t10k-images-idx3-ubyte")
    with pytest.raises(DataError, match="train-images-idx3-ubyte: swapped: it holds t10k-images-idx3-ubyte"):
        load_data(root=tmp_path)


def test_a_root_that_lacks_a_file_is_an_error(mnist, tmp_path):
    (mnist.write(tmp_path) / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte: missing. Expected 48 bytes"):
        load_data(root=tmp_path)


def test_a_cache_that_lacks_a_file_is_completed_by_the_download(server, mnist, no_notice):
    (mnist.write(cache_folder()) / "train-labels-idx1-ubyte").unlink()
    assert load_data().name == "mnist"


@pytest.mark.parametrize(
    ("number", "message"),
    [(errno.EACCES, "cannot be written"), (errno.ENOSPC, "the disk that holds .* is full")],
)
def test_a_cache_that_cannot_be_written_is_an_error_for_mnist_and_the_digits_for_auto(
    server, monkeypatch, number, message
):
    def refuse(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "TemporaryDirectory", refuse)
    with pytest.raises(DataError, match=f"MNIST was not found: MNIST cannot be stored: .*{message}"):
        load_data("mnist")
    with pytest.warns(FallbackNotice) as caught:
        assert load_data().name == "digits"
    assert "Why: MNIST cannot be stored" in str(caught[0].message)


def test_the_digits_need_no_folder_and_give_no_notice(no_notice):
    assert load_data("digits").name == "digits"


@pytest.mark.parametrize(
    ("name", "nearest"), [("MNIST", "mnist"), ("fashion", "fashion_mnist"), ("digit", "digits")]
)
def test_an_unknown_name_gets_the_nearest_one_suggested(name, nearest):
    with pytest.raises(ValueError, match=f"unknown data set '{name}': did you mean '{nearest}'"):
        load_data(name)


def test_loading_twice_gives_the_same(mnist, tmp_path):
    mnist.write(tmp_path)
    first, second = load_data(root=tmp_path), load_data(root=tmp_path)
    assert torch.equal(first.train.images, second.train.images)


def test_the_cache_folder_is_the_users_own(tmp_path):
    assert cache_folder() == tmp_path / "cache" / "data"


def test_loading_mnist_needs_neither_torchvision_nor_scikit_learn_nor_matplotlib(mnist_root):
    code = (
        "import sys, cnnlab; d = cnnlab.load_data(); assert d.name == 'mnist';"
        "print([m for m in ('torchvision', 'sklearn', 'matplotlib') if m in sys.modules])"
    )
    env = {**os.environ, "CNNLAB_DATA": mnist_root}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("root", [5, ["data"], b"data"])
def test_a_root_that_is_no_path_is_said(root):
    with pytest.raises(TypeError, match=r"^root=.* is a (int|list|bytes): give a folder, such as 'data'\.$"):
        load_data("mnist", root=root)


def test_a_cache_folder_that_cannot_be_written_is_not_where_files_are_to_be_put(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr(
        "platformdirs.user_cache_dir", lambda *args, **kwargs: str(tmp_path / "file" / "cache")
    )
    with pytest.raises(DataError) as caught:
        load_data("mnist")
    assert "(or the unpacked files) into MNIST/raw in a folder of your own and set CNNLAB_DATA" in str(
        caught.value
    )


def test_a_root_with_a_zero_byte_is_said_to_be_no_folder():
    with pytest.raises(DataError, match="which is not a folder"):
        load_data("mnist", root="a\0b")


NOBODY = "~nosuchuser/x"


@pytest.mark.parametrize("name", ["auto", "mnist"])
def test_a_home_folder_of_nobody_is_said(name, monkeypatch):
    with pytest.raises(DataError, match=r"^root names '~nosuchuser/x', .* there is no user of that name"):
        load_data(name, root=NOBODY)
    monkeypatch.setenv("CNNLAB_DATA", NOBODY)
    with pytest.raises(DataError, match=r"^CNNLAB_DATA names '~nosuchuser/x'"):
        load_data(name)


def test_a_link_that_leads_nowhere_is_named(mnist, tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for wanted in mnist.published.files:
        (raw / wanted.name).symlink_to(tmp_path / "gone" / wanted.name)
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte is a link to .*gone.*, which is not there"):
        load_data("mnist", root=tmp_path)


def test_a_root_that_is_a_link_that_leads_nowhere_is_named(tmp_path):
    (tmp_path / "data").symlink_to(tmp_path / "gone")
    with pytest.raises(DataError, match=r"data is a link to .*gone, which is not there"):
        load_data("mnist", root=tmp_path / "data")


def test_a_cnnlab_data_of_blanks_is_shown_in_quotes(monkeypatch):
    monkeypatch.setenv("CNNLAB_DATA", " ")
    with pytest.raises(DataError, match=r"^CNNLAB_DATA names ' ', which is not a folder\."):
        load_data()


def test_a_cache_below_a_folder_that_may_not_be_entered_gives_the_digits_for_auto(
    mnist, tmp_path, monkeypatch
):
    mnist.write(cache_folder())
    close(tmp_path / "cache", monkeypatch)
    with pytest.warns(FallbackNotice) as caught:
        assert load_data().name == "digits"
    assert "(or the unpacked files) into MNIST/raw in a folder of your own" in " ".join(
        str(caught[0].message).split()
    )
    with pytest.raises(DataError) as raised:
        load_data("mnist")
    assert str(raised.value).startswith(
        f"MNIST was not found: {cache_folder()} cannot be used: you may not read {tmp_path / 'cache'}. Change"
    )


@pytest.mark.parametrize("said_in", ["root", "CNNLAB_DATA"])
@pytest.mark.parametrize("name", ["auto", "mnist"])
@pytest.mark.parametrize("closed", ["home", "home/mine", "home/mine/MNIST", "home/mine/MNIST/raw"])
def test_a_folder_that_may_not_be_entered_is_named_wherever_it_lies(
    mnist, tmp_path, monkeypatch, said_in, name, closed
):
    mnist.write(tmp_path / "home" / "mine")
    close(tmp_path / closed, monkeypatch)
    root = tmp_path / "home" / "mine"
    if said_in == "CNNLAB_DATA":
        monkeypatch.setenv("CNNLAB_DATA", str(root))
    with pytest.raises(DataError) as caught:
        load_data(name, root=root if said_in == "root" else None)
    assert str(caught.value) == (
        f"{said_in} names {root}, but you may not read {tmp_path / closed}. "
        f"Change its permissions, or let {said_in} name another folder."
    )
