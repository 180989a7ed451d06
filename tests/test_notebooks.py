"""The notebooks as they are stored: executed, complete, equal to their scripts, and built like lessons."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from tools import build_notebooks

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
SCRIPTS = sorted((FOLDER / "scripts").glob("*.py"))
IGNORED = "nbval-ignore-output"
MAY_IGNORE = 0.2  # of the code cells
QUIET = {"plt.close", "plt.rc", "plt.rcParams.update", "plt.style.use"}  # calls that draw nothing
MACHINE = re.compile(r"/(?:root|home|Users|work|tmp|private|var|content)/|[A-Z]:\\\\|\b0x[0-9a-f]{6,}")

pytestmark = pytest.mark.parametrize("name", [script.stem for script in SCRIPTS])


@cache
def read(name: str) -> NotebookNode:
    path = FOLDER / f"{name}.ipynb"
    assert path.exists(), f"{path.name} was never built: make notebooks ONLY={name}"
    return nbformat.read(path, as_version=4)


def code_cells(name: str) -> list[tuple[int, NotebookNode]]:
    """(number as a reader counts, cell)."""
    return [(n, c) for n, c in enumerate(read(name).cells, start=1) if c.cell_type == "code"]


def tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def texts(cell: NotebookNode) -> Iterator[str]:
    """Every text that a code cell's outputs show."""
    for output in cell.outputs:
        yield output.get("text", "")
        yield from (value for kind, value in output.get("data", {}).items() if kind.startswith("text/"))


def markdown(name: str) -> str:
    return "\n\n".join(cell.source for cell in read(name).cells if cell.cell_type == "markdown")


def draws(source: str) -> bool:
    """Whether a cell calls plots.… or plt.… in any case: not in a function that it defines, nor in an if."""

    def calls(node: ast.AST) -> Iterator[ast.Call]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.Lambda, ast.ClassDef, ast.If)):
                continue
            if isinstance(child, ast.Call):
                yield child
            yield from calls(child)

    plain = "\n".join(line for line in source.splitlines() if not line.lstrip().startswith(("%", "!")))
    for call in calls(ast.parse(plain)):
        called = ast.unparse(call.func)
        if called.startswith(("plots.", "plt.")) and called not in QUIET:
            return True
    return False


def test_the_notebook_equals_its_script(name: str) -> None:
    assert build_notebooks.differs(FOLDER / "scripts" / f"{name}.py", FOLDER / f"{name}.ipynb") == ""


def test_every_code_cell_was_executed_in_order(name: str) -> None:
    cells = code_cells(name)
    assert [cell.execution_count for _, cell in cells] == list(range(1, len(cells) + 1))
    assert [number for number, cell in cells if not cell.source.strip()] == []


def test_the_kernel_is_the_one_that_every_machine_has(name: str) -> None:
    assert read(name).metadata.kernelspec.name == "python3"


def test_no_error_warning_or_dead_widget_is_stored(name: str) -> None:
    assert "widgets" not in read(name).metadata
    for number, cell in code_cells(name):
        for output in cell.outputs:
            assert output.output_type != "error", f"cell {number} stores an error"
            assert output.get("name") != "stderr", f"cell {number} stores a warning: {output.text[:200]}"
            assert build_notebooks.WIDGET_VIEW not in output.get("data", {}), f"cell {number} stores a widget"


def test_every_figure_has_a_picture(name: str) -> None:
    for number, cell in code_cells(name):
        if draws(cell.source):
            kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
            assert "image/png" in kinds, f"cell {number} draws, but no picture is stored"


def test_an_output_that_is_not_compared_has_a_reason(name: str) -> None:
    for number, cell in code_cells(name):
        assert "NBVAL_" not in cell.source, f"cell {number}: use the tag {IGNORED} with a reason"
        if IGNORED in tags(cell):
            assert len(cell.metadata.get("reason", "").split()) >= 3, f"cell {number} gives no reason"
        assert not {"nbval-skip", "raises-exception", "nbval-raises-exception"} & set(tags(cell))


def test_most_outputs_are_compared(name: str) -> None:
    cells = code_cells(name)
    ignored = [number for number, cell in cells if IGNORED in tags(cell)]
    assert len(ignored) <= MAY_IGNORE * len(cells), f"{ignored} of {len(cells)} cells are not compared"


def test_every_claim_of_the_stored_notebook_holds(name: str) -> None:
    for number, cell in code_cells(name):
        assert "DOES NOT HOLD" not in "\n".join(texts(cell)), f"cell {number}"


def test_it_opens_with_what_you_will_be_able_to_do_and_how_long_it_takes(name: str) -> None:
    cells = read(name).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    opening = "\n".join(cell.source for cell in cells[:3] if cell.cell_type == "markdown").lower()
    assert "you will be able to" in opening
    assert re.search(r"\d+ min(ute)?s?\b", opening), "how many minutes?"


def test_the_readme_lists_it_with_the_same_minutes(name: str) -> None:
    readme = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\|.*\(notebooks/{name}\.ipynb\).*\| (\d+) \|$", readme, flags=re.MULTILINE)
    opening = "\n".join(cell.source for cell in read(name).cells[:3])
    assert rows == re.findall(r"(\d+) min", opening)[:1]


def test_it_closes_with_questions_folded_answers_and_what_to_remember(name: str) -> None:
    cells = [cell.source for cell in read(name).cells if cell.cell_type == "markdown"]
    closing = "\n".join(cells[-max(3, len(cells) // 3) :]).lower()
    assert "question" in closing
    assert "remember" in closing
    assert closing.count("<details") >= 2, "questions at the end have answers folded away"
    everything = markdown(name)
    assert everything.count("<details") == everything.count("</details>")
    assert everything.count("<summary") == everything.count("<details")


def test_it_names_no_machine(name: str) -> None:
    assert not MACHINE.search(markdown(name))
    for number, cell in code_cells(name):
        found = [match.group() for text in [cell.source, *texts(cell)] if (match := MACHINE.search(text))]
        assert not found, f"cell {number} names a machine: {found}"


def test_it_was_measured_on_mnist_and_says_no_notice_of_a_fallback(name: str) -> None:
    shown = "\n".join(text for _, cell in code_cells(name) for text in texts(cell))
    assert "MNIST was not found" not in shown
