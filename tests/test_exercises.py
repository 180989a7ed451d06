"""The exercises in the notebooks: their form, their solutions, and a blank that is "not yet"."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from nbformat import NotebookNode

from cnnlab import checks
from tools import build_notebooks

FOLDER = Path(__file__).resolve().parent.parent / "notebooks" / "scripts"
SCRIPTS = [script for script in sorted(FOLDER.glob("*.py")) if script.stem != "00_start_here"]
REGION = re.compile(r"### BEGIN SOLUTION\n.*?### END SOLUTION", flags=re.DOTALL)


@cache
def cells(script: Path) -> list[NotebookNode]:
    return list(build_notebooks.read_script(script).cells)


def with_metadata(key: str, script: Path) -> dict[str, int]:
    """Exercise -> place of the cell that is its "answer" or its "check"."""
    kind = {"answer": "solution", "check": "grade"}[key]
    marks = {place: cell.metadata.get("nbgrader", {}) for place, cell in enumerate(cells(script))}
    return {mark["grade_id"].removesuffix("-check"): place for place, mark in marks.items() if mark.get(kind)}


FOUND = [(script, name) for script in SCRIPTS for name in with_metadata("check", script)]
STEP_BY_STEP = {"diagnosis"}  # a letter for each patient, as the notebook goes on; tests/checks judges them
ALONE = [(script, name) for script, name in FOUND if name not in STEP_BY_STEP]
by_script = pytest.mark.parametrize("script", SCRIPTS, ids=[script.stem for script in SCRIPTS])
by_exercise = pytest.mark.parametrize(
    ("script", "name"), ALONE, ids=[f"{script.stem[:2]}-{name}" for script, name in ALONE]
)


def test_every_exercise_stands_in_a_notebook() -> None:
    assert {name for _, name in FOUND} == set(checks.EXERCISES)


@by_script
def test_the_opening_counts_exercises_and_marks(script: Path) -> None:
    names = with_metadata("check", script)
    marks = sum(checks.EXERCISES[name].marks for name in names)
    count = f"{len(names)}, with {marks} marks" if names else "none with marks"
    assert f"**Exercises**: {count}" in cells(script)[0].source


@by_script
def test_every_answer_has_a_check_behind_it(script: Path) -> None:
    answers = with_metadata("answer", script)
    assert {name: place + 1 for name, place in answers.items()} == with_metadata("check", script)
    regions = sum(
        len(REGION.findall(cell.source))
        for cell in cells(script)
        if cell.metadata.get("nbgrader", {}).get("solution")
    )
    assert regions == sum(cell.source.count("### BEGIN SOLUTION") for cell in cells(script))


@by_exercise
def test_an_exercise_has_its_marks_and_three_hints_one_in_the_other(script: Path, name: str) -> None:
    place = with_metadata("answer", script)[name]
    asked = next(cell.source for cell in reversed(cells(script)[:place]) if cell.cell_type == "markdown")
    marks = checks.EXERCISES[name].marks
    start = asked[asked.index("**Exercise: ") :]
    assert re.match(rf"\*\*Exercise: [^*]+\*\* \({marks} marks\)\. ", start)
    hints = [f"<details><summary>Hint {n}</summary>\n\n" for n in (1, 2, 3)]
    assert [start.count(hint) for hint in hints] == [1, 1, 1]
    assert start.index(hints[0]) < start.index(hints[1]) < start.index(hints[2])
    assert start.endswith("\n\n</details></details></details>")


def judged(script: Path, name: str, *, blank: bool) -> object:
    """The verdict on the stored answer, or on what a student's copy begins with."""
    answers, found = with_metadata("answer", script), with_metadata("check", script)
    imports = next(cell.source for cell in cells(script) if cell.cell_type == "code")
    space: dict[str, object] = {}
    exec(imports, space)
    for place in (p for p in answers.values() if p <= answers[name]):
        source = cells(script)[place].source
        exec(REGION.sub("# your code here", source) if blank else source, space)
    exec(cells(script)[found[name]].source, space)
    return space["verdict"]


@by_exercise
def test_the_stored_solution_is_right(script: Path, name: str) -> None:
    verdict = judged(script, name, blank=False)
    assert verdict, verdict


@by_exercise
def test_what_a_student_begins_with_is_not_yet(script: Path, name: str) -> None:
    verdict = judged(script, name, blank=True)
    assert isinstance(verdict, checks.Verdict)
    assert verdict.state == "not yet", verdict
    assert verdict.points == 0
