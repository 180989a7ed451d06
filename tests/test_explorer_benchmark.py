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


def test_what_the_rows_say_is_sent_ahead_is_sent_ahead() -> None:
    from cnnlab.widgets import ActivationBrowser, MistakeBrowser
    from tests.widgets.trained import digits, network

    assert sum("sent ahead" in task.name for task in explorers.TASKS) == 3
    made = [ActivationBrowser(network(), digits().test), MistakeBrowser(network(), digits().test)]
    made[0].index = 1
    made[1].index = made[1].mistakes[1].index
    for browser in made:
        ahead = {(view["index"] == browser.index, view["layer"] == browser.layer) for view in browser.ahead}
        assert ahead == {(False, True), (True, False)}, "other images, and other layers of this image"
