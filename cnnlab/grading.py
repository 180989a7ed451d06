"""Settings for nbgrader, so that the marks are those of the checks and no submission stops the others.

A course's `nbgrader_config.py` calls `configure`; nothing else needs nbgrader, the extra [grading].
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from traitlets.log import get_logger

from cnnlab.release import STUB

CELL_SECONDS = 300  # a cell takes a minute at most; many submissions share a machine
OUTPUT_BYTES = 5_000_000  # that a cell may put out: ten large figures, or a whole book
ANSWER_BYTES = 20_000  # of a result or an error that is kept although a cell put out too much


@dataclass(frozen=True)
class Wanted:
    """An answer or a check as the instructor released it."""

    name: str  # nbgrader's grade_id
    source: str
    points: float | None  # what a check can give; None for an answer

    @property
    def words(self) -> str:
        if self.points is None:
            return f"the answer {self.name}"
        return f"the check of {self.name.removesuffix('-check')}"

    @property
    def metadata(self) -> NotebookNode:
        check = self.points is not None
        mark = {"grade": check, "grade_id": self.name, "locked": check, "schema_version": 3}
        mark |= {"solution": not check, "task": False} | ({"points": self.points} if check else {})
        return NotebookNode(mark)


def mend(notebook: NotebookNode, wanted: Mapping[str, Wanted]) -> list[str]:
    """Give a submission the checks and the metadata that grading needs; no answer is changed.

    Args:
        notebook: the submission; changed in place.
        wanted: the released answers and checks by name.
    Returns:
        What was mended, one sentence each; it stands in a first cell, too.
    """
    said: list[str] = []
    last: dict[str, NotebookNode] = {}
    for cell in reversed(notebook.cells):  # of two equal names the last counts: all answers stand before it
        mark = cell.metadata.pop("nbgrader", None) or {}
        name = str(mark.get("grade_id", ""))
        if not name:
            continue
        if name not in wanted:
            said.append(f"the cell {name[:40]!r} is none of the notebook's: it gives no marks.")
        elif name in last:
            said.append(f"{wanted[name].words} stands there twice: the last one counts.")
        else:
            last[name] = cell
            _restore(cell, mark, wanted[name], said)
    for name, want in wanted.items():
        if name in last:
            continue
        if want.points is None:
            said.append(f"{want.words} is missing.")
            continue
        said.append(f"{want.words} was missing: it is put back.")
        answer = last.get(name.removesuffix("-check"))
        place = notebook.cells.index(answer) + 1 if answer is not None else len(notebook.cells)
        notebook.cells.insert(place, new_code_cell(want.source, metadata={"nbgrader": want.metadata}))
    if said:
        lines = "\n".join(f"- {line}" for line in said)
        notebook.cells.insert(0, new_markdown_cell(f"**Mended before it was graded**\n\n{lines}"))
    return said


def _restore(cell: NotebookNode, mark: Mapping[str, Any], want: Wanted, said: list[str]) -> None:
    """Make a cell what grading takes it for."""
    edited = want.points is not None and (cell.source != want.source or mark.get("points") != want.points)
    if edited:
        said.append(f"{want.words} was edited: the released one is run.")
        cell.source = want.source
    if cell.cell_type != "code":
        said.append(f"{want.words} was no code cell any more: it is run as code.")
        cell.update(cell_type="code", outputs=[], execution_count=None)
        cell.pop("attachments", None)
    cell.metadata["nbgrader"] = want.metadata


def mend_submission(notebook: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
    """`mend` as a step of `nbgrader autograde`, which says in its log what was mended."""
    from nbgrader.api import Gradebook

    place = resources["nbgrader"]
    with Gradebook(place["db_url"]) as gradebook:
        released = gradebook.find_notebook(place["notebook"], place["assignment"])
        points = {cell.name: float(cell.max_score) for cell in released.grade_cells}
        cells = [cell for cell in released.source_cells if cell.cell_type == "code"]
        wanted = {cell.name: Wanted(cell.name, cell.source, points.get(cell.name)) for cell in cells}
    for line in mend(notebook, wanted):
        get_logger().warning("%s, %s: %s", place["student"], place["notebook"], line)
    return notebook, resources


def gives_marks(output: Mapping[str, Any], points: float) -> bool:
    """Whether an output of a check is a number of marks; nbgrader gives all marks for anything else."""
    if output["output_type"] != "execute_result":
        return False
    try:
        return 0 <= float(output["data"]["text/plain"]) <= points
    except (KeyError, TypeError, ValueError):
        return False


def configure(config: Any) -> None:
    """Fill nbgrader's configuration, as `get_config()` gives it in `nbgrader_config.py`."""
    from nbgrader.converters import Autograde
    from nbgrader.preprocessors import Execute

    class ExecuteWithinBounds(Execute):  # type: ignore[misc]
        """Run a submission; keep no more output than fits, and take marks only from a verdict."""

        _cell, _room = -1, 0

        def output(
            self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int
        ) -> NotebookNode | None:
            if cell_index != self._cell:
                self._cell, self._room = cell_index, OUTPUT_BYTES
            content = msg["content"]
            if self._marks(cell_index) is not None and content.get("name") == "stderr":
                return None  # nbgrader takes any warning in a check for an error
            size = len(json.dumps(content, default=str))
            had, self._room = self._room, self._room - size
            small = msg["msg_type"] in ("execute_result", "error") and size <= ANSWER_BYTES
            if self._room >= 0 or small:
                return super().output(outs, msg, display_id, cell_index)  # type: ignore[no-any-return]
            if had >= 0:
                said = f"[The rest is left out: a cell may put out {OUTPUT_BYTES / 1e6:g} MB.]\n"
                outs.append(new_output("stream", name="stdout", text=said))
            return None

        def on_cell_executed(self, **called: Any) -> None:
            super().on_cell_executed(**called)
            cell, points = called["cell"], self._marks(called["cell_index"])
            if points is None or any(output.output_type == "error" for output in cell.outputs):
                return
            if not any(gives_marks(output, points) for output in cell.outputs):
                cell.outputs = [one for one in cell.outputs if one.output_type != "execute_result"]
                said = "The check gave no number of marks: something before it changed how results are shown."
                cell.outputs.append(new_output("error", ename="NoVerdict", evalue=said, traceback=[said]))

        def _marks(self, cell_index: int) -> float | None:
            mark = self.nb.cells[cell_index].metadata.get("nbgrader", {})
            return float(mark["points"]) if mark.get("grade") else None

    config.ClearSolutions.code_stub = {"python": STUB}
    config.Execute.timeout = CELL_SECONDS
    config.Execute.iopub_timeout = 60  # seconds for a busy machine to bring what a cell has printed
    too_long = "The cell ran for longer than it may: does its loop ever end?"
    config.Execute.error_on_timeout = {"ename": "TooLong", "evalue": too_long, "traceback": [too_long]}
    steps = {name: trait.default() for name, trait in Autograde.class_traits().items() if "preproc" in name}
    config.Autograde.sanitize_preprocessors = [mend_submission, *steps["sanitize_preprocessors"]]
    config.Autograde.autograde_preprocessors = [
        ExecuteWithinBounds if step is Execute else step for step in steps["autograde_preprocessors"]
    ]
