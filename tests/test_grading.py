"""From the release to the marks: every submission graded or reported, none in the way of another."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

from cnnlab.grading import Wanted, configure, gives_marks, mend, mend_submission
from cnnlab.release import release
from tests.lesson import instructors_notebook, marked

CONFIG = Path(__file__).resolve().parent.parent / "docs" / "nbgrader_config.py"
WANTED = {
    name: Wanted(name, marked(instructors_notebook(), name).source, points)
    for name, points in [
        ("output_size", None),
        ("output_size-check", 5.0),
        ("explain_320", None),
        ("explain_320-check", 25.0),
    ]
}
LOOP = "while True:\n    pass"
STUBBORN = """while True:
    try:
        while True:
            pass
    except KeyboardInterrupt:
        pass
"""
WARNS = """import os

def output_size(w, k, p=0, s=1):
    os.write(2, b"a library warns")
    return (w + 2 * p - k) // s + 1
"""
INFLATES = """import types

real = checks
checks = types.SimpleNamespace(
    output_size=lambda answer: types.SimpleNamespace(points=25), explain_320=real.explain_320
)
"""
SILENT = "get_ipython().ast_node_interactivity = 'none'"


def drop(*names: str) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        gone = [marked(notebook, name) for name in names]
        notebook.cells = [cell for cell in notebook.cells if cell not in gone]

    return change


def put(source: str, **given: Any) -> Callable[[NotebookNode], None]:
    """A cell of the student's own, before the first answer."""
    return lambda notebook: notebook.cells.insert(2, new_code_cell(source, **given))


def write(name: str, source: str) -> Callable[[NotebookNode], None]:
    return lambda notebook: marked(notebook, name).update(source=source)


def twice(notebook: NotebookNode) -> None:
    again = copy.deepcopy(notebook.cells[2:4])
    for cell in again:
        cell.id += "-2"
    notebook.cells[2:2] = again


def edit_check(notebook: NotebookNode) -> None:
    write("output_size", "output_size = None")(notebook)
    write("output_size-check", "50")(notebook)
    marked(notebook, "output_size-check").metadata.nbgrader.points = 50


def as_text(notebook: NotebookNode) -> None:
    cell = marked(notebook, "output_size-check")
    cell.cell_type = "markdown"
    del cell["outputs"], cell["execution_count"]


def unmark(notebook: NotebookNode) -> None:
    marked(notebook, "output_size").metadata.nbgrader = NotebookNode()


def old(notebook: NotebookNode) -> None:
    marked(notebook, "output_size").metadata.nbgrader.schema_version = 1


def rename(notebook: NotebookNode) -> None:
    marked(notebook, "output_size-check").metadata.nbgrader.grade_id = "mine"


# What students do to a notebook that is right otherwise: (name, change, words of the report)
MENDED = [
    ("no_check", drop("explain_320-check"), ["the check of explain_320 was missing: it is put back."]),
    ("no_answer", drop("output_size"), ["the answer output_size is missing."]),
    (
        "neither",
        drop("explain_320", "explain_320-check"),
        ["the answer explain_320 is missing.", "the check of explain_320 was missing: it is put back."],
    ),
    (
        "twice",
        twice,
        [
            "the check of output_size stands there twice: the last one counts.",
            "the answer output_size stands there twice: the last one counts.",
        ],
    ),
    ("edited", edit_check, ["the check of output_size was edited: the released one is run."]),
    ("text", as_text, ["the check of output_size was no code cell any more: it is run as code."]),
    ("unmarked", unmark, ["the answer output_size is missing."]),
    ("old", old, []),
    (
        "renamed",
        rename,
        [
            "the cell 'mine' is none of the notebook's: it gives no marks.",
            "the check of output_size was missing: it is put back.",
        ],
    ),
]


@pytest.mark.parametrize(("change", "words"), [case[1:] for case in MENDED], ids=[case[0] for case in MENDED])
def test_what_was_changed_is_mended_and_said(
    change: Callable[[NotebookNode], None], words: list[str]
) -> None:
    notebook = instructors_notebook()
    change(notebook)
    before = [cell.source for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    assert mend(notebook, WANTED) == words
    if words:
        assert notebook.cells[0].source.splitlines() == [
            "**Mended before it was graded**",
            "",
            *(f"- {line}" for line in words),
        ]
    marks = [cell.metadata.nbgrader for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert all(mark == WANTED[mark.grade_id].metadata for mark in marks)
    names = [mark.grade_id for mark in marks]
    assert len(set(names)) == len(names)
    assert [name for name in names if name.endswith("-check")] == ["output_size-check", "explain_320-check"]
    assert [cell.source for cell in notebook.cells if cell.source in before] == before, "no answer is touched"
    nbformat.validate(notebook)
    assert mend(notebook, WANTED) == [line for line in words if line.endswith(" is missing.")]


def test_a_check_that_is_put_back_stands_behind_its_answer() -> None:
    notebook = instructors_notebook()
    drop("output_size-check")(notebook)
    mend(notebook, WANTED)
    order = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]
    assert order[3:] == ["output_size", "output_size-check", "explain_320", "explain_320-check"]


def test_an_untouched_submission_stays_as_it_is() -> None:
    notebook = instructors_notebook()
    before = copy.deepcopy(notebook)
    assert mend(notebook, WANTED) == []
    assert notebook == before


@pytest.mark.parametrize(
    ("text", "marks"),
    [("0", True), ("0.0", True), ("2.5", True), ("5", True), ("6", False), ("-1", False), ("'5'", False)],
)
def test_only_a_number_of_marks_gives_marks(text: str, marks: bool) -> None:
    result = new_output("execute_result", data={"text/plain": text})
    assert gives_marks(result, 5.0) is marks
    assert not gives_marks(new_output("stream", text=text), 5.0)
    assert not gives_marks(new_output("execute_result", data={}), 5.0)


# From here on with nbgrader: a course in a folder, as docs/instructors.md describes it.


def nbgrader(course: Path, *arguments: str) -> tuple[int, str]:
    """Run a command of nbgrader's; it looks for `alembic` on the PATH."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    run = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env=dict(os.environ, PATH=path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout


def new_course(folder: Path, cell_seconds: int) -> Path:
    pytest.importorskip("nbgrader", reason='needs nbgrader: pip install -e ".[grading]"')
    course = folder / "course"
    (course / "source" / "sizes").mkdir(parents=True)
    nbformat.write(instructors_notebook(), course / "source" / "sizes" / "01_sizes.ipynb")
    limit = f"\nc.Execute.timeout = {cell_seconds}\nc.Execute.iopub_timeout = 15\n"
    (course / "nbgrader_config.py").write_text(CONFIG.read_text(encoding="utf-8") + limit)
    code, said = nbgrader(course, "generate_assignment", "sizes")
    assert code == 0, said
    return course


def submit(course: Path, student: str, notebook: NotebookNode | str) -> Path:
    path = course / "submitted" / student / "sizes" / "01_sizes.ipynb"
    path.parent.mkdir(parents=True)
    if isinstance(notebook, str):
        path.write_text(notebook)
    else:
        nbformat.write(notebook, path)
    return path


def students_notebook(course: Path, *answered: str) -> NotebookNode:
    """What `cnnlab release` hands out, with some of the answers given."""
    (written,) = release(course / "handed_out", course / "source" / "sizes")
    notebook = nbformat.read(written.path, as_version=4)
    for name in answered:
        marked(notebook, name).source = marked(instructors_notebook(), name).source
    return notebook


def marks_of(course: Path) -> dict[str, list[float | None]]:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        return {
            submission.student.id: [
                next(grade.auto_score for grade in notebook.grades if grade.name == name)
                for notebook in submission.notebooks
                for name in ("output_size-check", "explain_320-check")
            ]
            for submission in gradebook.assignment_submissions("sizes")
        }


def test_release_submit_and_grade(tmp_path: Path) -> None:
    course = new_course(tmp_path, cell_seconds=240)
    both = ("output_size", "explain_320")
    submit(course, "blank", students_notebook(course))
    submit(course, "half", students_notebook(course, "output_size"))
    submit(course, "right", students_notebook(course, *both))
    part = students_notebook(course, *both)  # 40 % for the sizes, 20 % for the product; the text is blank
    marked(part, "explain_320").source = "sizes, product, text = (24, 12, 8, 4), (20, 4, 4), ..."
    submit(course, "part", part)
    nbgraders = nbformat.read(course / "release" / "sizes" / "01_sizes.ipynb", as_version=4)
    ours = students_notebook(course)
    assert [cell.source for cell in ours.cells] == [cell.source for cell in nbgraders.cells]
    submit(course, "nbgraders_copy", nbgraders)
    code, said = nbgrader(course, "autograde", "sizes")
    assert code == 0, said
    assert marks_of(course) == {
        "blank": [0, 0],
        "half": [5, 0],
        "part": [5, 15],
        "right": [5, 25],
        "nbgraders_copy": [0, 0],
    }


@pytest.mark.timeout(900)
def test_a_bad_submission_is_mended_or_reported_and_the_others_are_graded(tmp_path: Path) -> None:
    course = new_course(tmp_path, cell_seconds=60)
    both = ("output_size", "explain_320")
    other = {  # beside what is mended: (change, marks)
        "loop": (write("output_size", LOOP), [0, 25]),
        "prints": (put("for _ in range(100):\n    print('x' * 1_000_000)"), [5, 25]),
        "stored": (put("1", outputs=[new_output("stream", text="x" * 100_000_000)]), [5, 25]),
        "warns": (write("output_size", WARNS), [5, 25]),
        "silent": (put(SILENT), [0, 0]),
        "inflates": (put(INFLATES), [0, 25]),
        "killed": (put("import os\nos.kill(os.getpid(), 9)"), [None, None]),
        "stubborn": (put(STUBBORN), [None, None]),
    }
    marks: dict[str, list[float | None]] = {name: [5, 25] for name, _, _ in MENDED}
    marks |= {"no_answer": [0, 25], "neither": [5, 0], "edited": [0, 25]}
    marks |= {name: given for name, (_, given) in other.items()}
    changes = {name: change for name, change, _ in MENDED} | {name: do for name, (do, _) in other.items()}
    files = {}
    for name, change in changes.items():
        notebook = students_notebook(course, *both)
        change(notebook)
        files[name] = submit(course, name, notebook)
    files["cut_off"] = submit(course, "cut_off", '{"cells": [')
    files["zz_last"] = submit(course, "zz_last", students_notebook(course, *both))
    before = {name: path.read_bytes() for name, path in files.items()}
    code, said = nbgrader(course, "autograde", "sizes")
    assert marks_of(course) == marks | {"cut_off": [None, None], "zz_last": [5, 25]}, said[-5000:]
    assert code == 1, "some could not be graded"
    for name in ("killed", "stubborn", "cut_off"):
        assert f"There was an error processing assignment 'sizes' for student '{name}'" in said
    for name, _, words in MENDED:
        assert [line for line in words if f"{name}, 01_sizes: {line}" not in said] == []
    graded = {path.parts[-3]: path for path in (course / "autograded").rglob("*.ipynb")}
    assert max(path.stat().st_size for path in graded.values()) < 8_000_000
    assert "[The rest is left out: a cell may put out 5 MB.]" in graded["prints"].read_text()
    assert "does its loop ever end?" in graded["loop"].read_text()
    assert {name: path.read_bytes() for name, path in files.items()} == before, "submissions stay as they are"


def test_nbgraders_own_steps_stay_in_place(tmp_path: Path) -> None:
    config_module = pytest.importorskip("traitlets.config")
    converters = pytest.importorskip("nbgrader.converters", reason="needs the extra [grading]")
    config = config_module.Config()
    configure(config)
    own = converters.Autograde.class_traits()
    assert config.Autograde.sanitize_preprocessors == [
        mend_submission,
        *own["sanitize_preprocessors"].default(),
    ]
    steps, theirs = config.Autograde.autograde_preprocessors, own["autograde_preprocessors"].default()
    assert all(issubclass(step, their) for step, their in zip(steps, theirs, strict=True))
    assert config.ClearSolutions.code_stub == {"python": "# your code here"}
