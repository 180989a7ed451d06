"""Turn `answer="NAME"` and `check="NAME"` of a script's cells into the metadata that nbgrader grades by."""

from __future__ import annotations

from nbformat import NotebookNode

from cnnlab.errors import did_you_mean
from cnnlab.release import BEGIN, clear_solution

SCHEMA = 3  # of nbgrader's metadata, since its version 0.6
KEYS = ("answer", "check")


class ExerciseError(Exception):
    """An exercise cannot be graded; the message says which cell and what to do."""


def mark_exercises(notebook: NotebookNode) -> None:
    """Put nbgrader's metadata in place of the keys `answer` and `check`.

    Args:
        notebook: as read from a script; changed in place.
    Raises:
        ExerciseError: an unknown exercise, one that stands twice, an answer that nothing checks, or a
            solution that would not be taken out of the students' copies.
    """
    found: dict[tuple[str, str], int] = {}  # (key, name) -> number of the cell, as a reader counts
    for number, cell in enumerate(notebook.cells, start=1):
        keys = [key for key in KEYS if key in cell.metadata]
        if "answer" not in keys and BEGIN in cell.source:
            raise ExerciseError(f'cell {number} holds "{BEGIN}": give it answer="NAME", or take that out.')
        if len(keys) == 2:
            raise ExerciseError(f"cell {number} is both answer and check: make two cells of it.")
        for key in keys:
            name = cell.metadata.pop(key)
            where = f"cell {number} ({key}={name!r})"
            _require(cell, key, name, where)
            if (key, name) in found:
                raise ExerciseError(
                    f"{where}: cell {found[key, name]} has the same; an exercise stands once."
                )
            found[key, name] = number
            cell.metadata["nbgrader"] = _metadata(key, name)
    for (key, name), number in found.items():
        if key == "answer" and found.get(("check", name), 0) < number:
            raise ExerciseError(f'cell {number} (answer={name!r}): no later cell has check="{name}".')


def _require(cell: NotebookNode, key: str, name: str, where: str) -> None:
    """Refuse what nbgrader or a student could do nothing with."""
    from cnnlab.checks import EXERCISES

    if cell.cell_type != "code":
        raise ExerciseError(f"{where} is text: only code can be checked.")
    if name not in EXERCISES:
        raise ExerciseError(f"{where} is no exercise of cnnlab.checks: {did_you_mean(name, EXERCISES)}")
    if key == "answer":
        if BEGIN not in cell.source:
            raise ExerciseError(f'{where} has no solution: put it between "### BEGIN SOLUTION" and END.')
        try:
            clear_solution(cell.source)
        except ValueError as error:
            raise ExerciseError(f"{where}: {error}") from error


def _metadata(key: str, name: str) -> NotebookNode:
    """What nbgrader reads; the marks of an exercise are those of its check."""
    from cnnlab.checks import EXERCISES

    check = key == "check"
    mark = {"grade": check, "grade_id": f"{name}-check" if check else name, "locked": check}
    if check:
        mark["points"] = EXERCISES[name].marks
    return NotebookNode({**mark, "schema_version": SCHEMA, "solution": not check, "task": False})
