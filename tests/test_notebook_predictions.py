"""The predictions that the notebooks ask for: numbered, blank, decided by what was computed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools import build_notebooks

SCRIPTS = sorted((Path(__file__).resolve().parent.parent / "notebooks" / "scripts").glob("[0-9]*.py"))
pytestmark = pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)


def calls(source: str, name: str) -> list[ast.Call]:
    """The calls of `name`, or of a method of that name, in the order of the text."""
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    found.sort(key=lambda call: (call.lineno, call.col_offset))
    return [call for call in found if ast.unparse(call.func).split(".")[-1] == name]


def code(script: Path) -> list[str]:
    return [cell.source for cell in build_notebooks.read_script(script).cells if cell.cell_type == "code"]


def test_questions_carry_the_notebook_and_their_place_in_it(script: Path) -> None:
    asked = [call for source in code(script) for call in calls(source, "predict")]
    numbers = [str(ast.literal_eval(call.args[0])).split()[0] for call in asked]
    assert numbers == [f"{int(script.stem[:2])}.{place}" for place in range(1, len(asked) + 1)]


def test_a_guess_is_blank_until_the_reader_makes_one(script: Path) -> None:
    for call in (call for source in code(script) for call in calls(source, "predict")):
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        assert given == {"guess": "..." if len(call.args) == 2 else "(..., ...)", "sure": "..."}


def test_every_prediction_gets_an_outcome_that_was_computed(script: Path) -> None:
    names = set()
    outcomes = ""
    for source in code(script):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Assign) and calls(ast.unparse(node.value), "predict"):
                names.add(ast.unparse(node.targets[0]))
        for call in calls(source, "outcome"):
            assert not isinstance(call.args[0], ast.Constant), ast.unparse(call)
            outcomes += ast.unparse(call.func) + "\n"
    assert [name for name in sorted(names) if name not in outcomes] == []


def test_the_end_shows_how_well_calibrated_the_reader_is(script: Path) -> None:
    cells = build_notebooks.read_script(script).cells
    asks = any(cell.cell_type == "code" and calls(cell.source, "predict") for cell in cells)
    shows = [place for place, cell in enumerate(cells) if cell.source == "calibration()"]
    assert len(shows) == asks
    for place in shows:
        assert "# What to remember" in cells[place + 1].source
