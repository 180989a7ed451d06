"""The stored figures of the explorers are those that the script measures."""

import re
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="the benchmark drives a browser")

from benchmarks import explorers

STORED = Path(explorers.__file__).with_suffix(".md").read_text(encoding="utf-8")


def test_the_stored_table_has_the_rows_that_the_script_measures() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", STORED, flags=re.MULTILINE)[1:]
    assert rows == [task.name for task in explorers.TASKS]


def test_what_is_wanted_is_what_the_script_wants() -> None:
    wanted = dict(re.findall(r"^\| ([^|]+) \| [^|]+ \| ≤ (\d+) \|", STORED, flags=re.MULTILINE))
    assert wanted == {task.name: str(task.most) for task in explorers.TASKS if task.place}
