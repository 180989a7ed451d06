from __future__ import annotations

import pytest

from cnnlab.data import Source, cache_folder, describe_sources, fetch
from cnnlab.errors import DataError
from tests.data.closed import close


def used(table) -> list[str]:
    return [row.place for row in table if row.used]


def test_every_place_is_listed_in_the_order_in_which_load_data_looks(mnist):
    table = describe_sources()
    assert [row.place for row in table] == [
        "CNNLAB_DATA",
        "cache folder",
        "download",
        "the bundled digits",
    ]
    assert table[0] == Source("CNNLAB_DATA", "", "not set", used=False)
    assert table[1].found == "no MNIST"
    assert used(table) == ["download"]


def test_the_folder_in_cnnlab_data_is_used_where_it_has_the_data(mnist, tmp_path, monkeypatch):
    raw = mnist.write(tmp_path)
    mnist.write(cache_folder())
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    table = describe_sources()
    assert (table[0].folder, table[0].found) == (str(raw), "MNIST, verified")
    assert used(table) == ["CNNLAB_DATA"]
    assert table[1].found == "MNIST, verified"


def test_a_root_is_shown_in_its_place(mnist, tmp_path):
    mnist.write(tmp_path)
    assert used(describe_sources("mnist", tmp_path)) == ["root"]


def test_the_cache_folder_is_used_where_nothing_else_is_named(mnist):
    mnist.write(cache_folder())
    assert used(describe_sources()) == ["cache folder"]


def test_a_folder_in_which_load_data_raises_is_marked_and_nothing_after_it_is_used(
    mnist, tmp_path, monkeypatch
):
    mnist.write(cache_folder())
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path / "nowhere"))
    table = describe_sources()
    assert not table[0].ok
    assert table[0].found.endswith("is not a folder. Correct it, or leave it out.")
    assert used(table) == []


def test_a_damaged_file_is_shown(mnist):
    (mnist.write(cache_folder()) / "train-labels-idx1-ubyte").write_bytes(b"x")
    table = describe_sources()
    assert not table[1].ok
    assert table[1].found == "train-labels-idx1-ubyte: cut off: 1 bytes instead of 48"
    assert used(table) == []


def test_a_begun_cache_is_completed_by_the_download(mnist):
    (mnist.write(cache_folder()) / "train-labels-idx1-ubyte").unlink()
    table = describe_sources()
    assert table[1].ok
    assert table[1].found == "train-labels-idx1-ubyte: missing"
    assert used(table) == ["download"]


def test_another_data_set_is_looked_for_behind_a_cnnlab_data_that_has_mnist_only(
    mnist, fashion, tmp_path, monkeypatch
):
    mnist.write(tmp_path)
    fashion.write(cache_folder())
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    table = describe_sources("fashion_mnist")
    assert table[0].found == "no Fashion-MNIST"
    assert used(table) == ["cache folder"]
    assert "the bundled digits" not in table.column("place")


def test_looking_asks_no_server(server):
    describe_sources()
    assert server.asked == []


def test_fetch_downloads_into_the_cache_folder(server):
    assert all(row.ok for row in fetch())
    assert (cache_folder() / "MNIST" / "raw").is_dir()


def test_fetch_downloads_into_a_root_or_the_folder_in_cnnlab_data(server, tmp_path, monkeypatch):
    assert all(row.ok for row in fetch("mnist", tmp_path / "a"))
    assert (tmp_path / "a" / "MNIST" / "raw").is_dir()
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path / "b"))
    fetch()
    assert (tmp_path / "b" / "MNIST" / "raw").is_dir()


def test_fetch_asks_no_server_for_what_is_there(server, mnist, tmp_path):
    mnist.write(tmp_path)
    assert all(row.ok for row in fetch("mnist", tmp_path))
    assert server.asked == []


def test_fetch_tries_the_network_again_after_a_failure(mnist, request):
    with pytest.raises(DataError, match="cannot be downloaded"):
        fetch()
    request.getfixturevalue("server")
    assert all(row.ok for row in fetch())


def test_fetch_refuses_names_without_files():
    with pytest.raises(ValueError, match="unknown data set 'digits'"):
        fetch("digits")


def test_fetch_without_a_network_says_how_to_get_the_files_by_hand(mnist):
    for _ in range(2):  # the second time the failure is remembered, and told as well
        with pytest.raises(DataError, match=r"cannot be downloaded: .*\n.*Otherwise copy .* into .*MNIST"):
            fetch()


def test_fetch_into_a_file_is_refused_before_a_server_is_asked(server, tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(DataError, match="mine is not a folder: name another one in CNNLAB_DATA, or as root"):
        fetch("mnist", tmp_path / "mine")
    assert server.asked == []
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_folder_that_may_not_be_entered_is_said_by_fetch_before_a_server_is_asked(
    server, tmp_path, monkeypatch
):
    (tmp_path / "home" / "mine").mkdir(parents=True)
    close(tmp_path / "home", monkeypatch)
    with pytest.raises(DataError) as caught:
        fetch("mnist", tmp_path / "home" / "mine")
    assert str(caught.value) == (
        f"{tmp_path / 'home' / 'mine'} cannot be used: you may not read {tmp_path / 'home'}. "
        "Change its permissions, or name another folder in CNNLAB_DATA, or as root."
    )
    assert server.asked == []


def test_a_folder_that_may_not_be_entered_is_shown(mnist, tmp_path, monkeypatch):
    mnist.write(tmp_path / "home" / "mine")
    mnist.write(cache_folder())
    close(tmp_path / "home", monkeypatch)
    close(tmp_path / "cache", monkeypatch)
    rows = describe_sources("mnist", tmp_path / "home" / "mine")
    assert (rows[0].ok, rows[0].used) == (False, False)
    assert f"but you may not read {tmp_path / 'home'}" in rows[0].found
    assert rows[1].found == f"you may not read {tmp_path / 'cache'}"
    assert [row.place for row in describe_sources() if row.used] == ["download"]


def test_fetch_without_a_network_names_the_chosen_folder(mnist, tmp_path, monkeypatch):
    with pytest.raises(DataError) as caught:
        fetch("mnist", tmp_path / "mine")
    assert f"run `cnnlab data fetch mnist --root {tmp_path / 'mine'}`. Otherwise copy" in str(caught.value)
    assert str(caught.value).endswith(f"(or the unpacked files) into {tmp_path / 'mine' / 'MNIST' / 'raw'}.")
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path / "my own"))
    with pytest.raises(DataError) as caught:
        fetch("mnist")
    assert "run `cnnlab data fetch mnist`. Otherwise copy" in str(caught.value)
    assert str(caught.value).endswith(f"into {tmp_path / 'my own' / 'MNIST' / 'raw'}.")
    with pytest.raises(DataError, match=r"--root '.*my own'`"):  # as a shell needs it
        fetch("mnist", tmp_path / "my own")


def test_fetch_into_a_folder_that_cannot_be_is_refused_before_a_server_is_asked(server, tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(DataError) as caught:
        fetch("mnist", tmp_path / "mine" / "deep" / "down")
    assert str(caught.value) == (
        f"{tmp_path / 'mine' / 'deep' / 'down'} cannot be a folder, because {tmp_path / 'mine'} is a file: "
        "name another one in CNNLAB_DATA, or as root."
    )
    assert server.asked == []
