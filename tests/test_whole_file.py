import os
from pathlib import Path

import pytest

from cnnlab.whole_file import check_replaceable, check_writable, partial_name, whole_file, write_text


def test_a_file_is_there_with_all_that_was_written(tmp_path):
    with whole_file(tmp_path / "a.txt") as file:
        file.write(b"all of it")
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_bytes() == b"all of it"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"old")
    with pytest.raises(TypeError), whole_file(tmp_path / "a.txt") as file:
        file.writelines([b"half", "no bytes"])
    assert (tmp_path / "a.txt").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_names_the_file(tmp_path):
    with pytest.raises(OSError, match=r"No space left on device: '.*a\.txt'"), whole_file(tmp_path / "a.txt"):
        raise OSError(28, "No space left on device")  # as a write does, without a name
    assert list(tmp_path.iterdir()) == []


def test_a_text_takes_the_place_of_the_old_one_as_a_whole(tmp_path):
    write_text(tmp_path / "a.md", "28 × 28\n")
    assert (tmp_path / "a.md").read_bytes() == "28 × 28\n".encode()
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "a.md", "half \ud800")
    assert (tmp_path / "a.md").read_text(encoding="utf-8") == "28 × 28\n"


def test_a_file_that_was_killed_while_written_is_written_over(tmp_path):
    partial_name(tmp_path / "a.txt").write_bytes(b"left by a killed run, and longer than what comes")
    with whole_file(tmp_path / "a.txt") as file:
        file.write(b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_stays_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with (
        pytest.raises(FileExistsError, match=r"pipe is a device or a pipe, no ordinary file: choose"),
        whole_file(tmp_path / "pipe") as file,
    ):
        file.write(b"new")
    with pytest.raises(ValueError, match="no ordinary file: choose another name"):
        check_writable(tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()
    with pytest.raises(FileExistsError, match="is a folder: choose another name"), whole_file(tmp_path):
        pass


def test_a_place_that_cannot_be_written_is_refused_and_nothing_is_left_there(tmp_path):
    with pytest.raises(ValueError, match=r"is a folder: name a file in it\."):
        check_writable(tmp_path)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError, match=r"cannot be written \(.*\): name another file"):
        check_writable(tmp_path / "file" / "table.md")
    check_writable(tmp_path / "file")
    check_writable(tmp_path / "new" / "table.md")
    assert (tmp_path / "file").read_text() == "mine"
    assert list((tmp_path / "new").iterdir()) == []


def test_what_another_program_writes_during_the_trial_stays(tmp_path, monkeypatch):
    file = tmp_path / "table.md"
    trial = Path.open

    def meanwhile(path, mode):
        with trial(path, "w") as other:
            other.write("theirs")
        return trial(path, mode)

    monkeypatch.setattr(Path, "open", meanwhile)
    check_writable(file)
    assert file.read_bytes() == b"theirs"


def test_a_link_stays_a_link_and_what_it_leads_to_is_written(tmp_path):
    (tmp_path / "big").mkdir()
    link = tmp_path / "a.txt"
    link.symlink_to(tmp_path / "big" / "a.txt")
    for content in (b"first", b"second"):
        with whole_file(link) as file:
            file.write(content)
        assert link.is_symlink()
        assert (tmp_path / "big" / "a.txt").read_bytes() == content
    assert [path.name for path in (tmp_path / "big").iterdir()] == ["a.txt"]


def test_a_file_of_the_users_that_ends_in_partial_is_left_alone(tmp_path):
    own = tmp_path / "a.txt.partial"
    own.write_bytes(b"mine")
    with whole_file(tmp_path / "a.txt") as file:
        file.write(b"new")
    assert own.read_bytes() == b"mine"


@pytest.mark.parametrize("check", [check_writable, lambda path: check_replaceable(path, "cnnlab race")])
def test_the_trial_leaves_a_link_that_leads_nowhere_yet(check, tmp_path):
    link = tmp_path / "a.md"
    link.symlink_to("later.md")
    check(link)
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]
    assert link.is_symlink()


@pytest.mark.parametrize("content", ["My thesis", "Written by cnnlab bench", "\xe9crit".encode("latin-1")])
def test_a_file_that_somebody_else_wrote_is_not_to_be_replaced(content, tmp_path):
    file = tmp_path / "a.md"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = file.read_bytes()
    with pytest.raises(ValueError, match=r"a\.md is there already and was not written by cnnlab race: name"):
        check_replaceable(file, "cnnlab race")
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", ["", "\n", "# The race\nWritten by `cnnlab race`.\n"])
def test_an_older_table_and_an_empty_file_may_be_replaced(content, tmp_path):
    (tmp_path / "a.md").write_text(content)
    check_replaceable(tmp_path / "a.md", "cnnlab race")
    assert (tmp_path / "a.md").read_text() == content
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]


def test_a_place_for_the_half_written_file_is_tried_too(tmp_path):
    with pytest.raises(ValueError, match="name another file"):
        check_replaceable(tmp_path / ("a" * 248 + ".md"), "cnnlab race")
    partial_name(tmp_path / "a.md").mkdir()
    with pytest.raises(ValueError, match=r"a\.md cannot be written: .*-partial beside it cannot"):
        check_replaceable(tmp_path / "a.md", "cnnlab race")
    assert [path.name for path in tmp_path.iterdir()] == [partial_name(tmp_path / "a.md").name]
