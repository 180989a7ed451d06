from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cnnlab.experiments.run import BASE, Result
from cnnlab.experiments.store import append, read_results

RESULT = Result("a1", dict(BASE), 0, "digits", None, 97.5, 0.1, 1.5, 21_840, "")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    assert len(read_results(path)) == 0
    results = [
        RESULT,
        replace(RESULT, key="b2", accuracy=None, loss=None, said="the loss is nan: “lower lr”"),
    ]
    for result in results:
        append(path, result)
    assert list(read_results(path)) == results


@pytest.mark.parametrize("kept", [1, 40, 200])
def test_a_line_cut_off_by_a_kill_is_not_run_and_the_next_one_is_whole(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "runs.jsonl"
    append(path, RESULT)
    append(path, replace(RESULT, key="b2"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1][:kept])
    assert [result.key for result in read_results(path)] == ["a1"]
    append(path, replace(RESULT, key="c3"))
    assert [result.key for result in read_results(path)] == ["a1", "c3"]
    assert len(path.read_bytes().splitlines()) == 2


def test_a_run_that_stands_there_twice_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    append(path, RESULT)
    append(path, replace(RESULT, accuracy=50.0))
    assert [result.accuracy for result in read_results(path)] == [97.5]


@pytest.mark.parametrize("text", ["my notes\nmore\n", '{"key": "a1"}\n\n'])
def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="line 1, holds no result of a sweep"):
        read_results(path)
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "text", [b"my precious notes", b'{"name": 3}', b"\x89PNG\x00\x01\n", b'{"settings": 3}']
)
def test_a_foreign_file_without_a_line_end_is_no_unfinished_result(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(text)
    with pytest.raises(ValueError, match="holds no result of a sweep"):
        read_results(path)
    if not text.endswith(b"\n"):
        with pytest.raises(ValueError, match="ends in something that is no result"):
            append(path, RESULT)
    assert path.read_bytes() == text


def test_a_result_whose_line_end_an_editor_took_away_stays(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    append(path, RESULT)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert [result.key for result in read_results(path)] == ["a1"]
    append(path, replace(RESULT, key="b2"))
    assert [result.key for result in read_results(path)] == ["a1", "b2"]


def test_zeros_that_a_crash_left_behind_a_line_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    append(path, RESULT)
    path.write_bytes(path.read_bytes() + b'{"key": "b2\x00\x00\x00')
    assert [result.key for result in read_results(path)] == ["a1"]
