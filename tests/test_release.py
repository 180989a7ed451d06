"""The students' copies: nothing of a solution left, everything else there, and no file of anybody's lost."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from typer.testing import CliRunner

from cnnlab.cli import app
from cnnlab.release import BEGIN, END, STUB, ReleaseError, clear_solution, release, student_copy
from tests.lesson import instructors_notebook, marked

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    """An instructor's folder with one notebook, run, with solutions also where nobody looks."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    lesson = instructors_notebook()
    lesson.metadata.widgets = {"state": {"1": {"value": "SECRET"}}}
    for number, cell in enumerate(lesson.cells):
        cell.metadata.reason = "SECRET"
        cell.metadata.tags = ["nbval-ignore-output", "raises-exception"]
        if cell.cell_type == "code":
            cell.execution_count = number
            cell.outputs = [nbformat.v4.new_output("stream", text="SECRET")]
    nbformat.write(lesson, folder / "01_sizes.ipynb")
    return folder


def copies(folder: Path) -> dict[str, NotebookNode]:
    return {path.name: nbformat.read(path, as_version=4) for path in sorted(folder.glob("*.ipynb"))}


def command(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["release", *map(str, arguments)])
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("a = 1", "a = 1"),
        (f"a = ...\n### {BEGIN}\na = 1\n### {END}\nprint(a)", f"a = ...\n{STUB}\nprint(a)"),
        (f"def f():\n    # {BEGIN}\n    a = 1\n    # {END}", f"def f():\n    {STUB}"),
        (f"### {BEGIN}\n1\n### {END}\n### {BEGIN}\n2\n### {END}", f"{STUB}\n{STUB}"),
    ],
)
def test_a_solution_becomes_one_comment_where_it_stood(source: str, left: str) -> None:
    assert clear_solution(source) == left


@pytest.mark.parametrize(
    "source", ["a = 1", "a = ...\n  ### {0}\n  a = 1\n  ### {1}\nprint(a)", "### {0}\n### {1}"]
)
def test_clearing_is_nbgraders_own(source: str) -> None:
    preprocessors = pytest.importorskip("nbgrader.preprocessors", reason="needs the extra [grading]")
    mark = {"solution": True, "grade": False, "locked": False, "grade_id": "a", "schema_version": 3}
    cell = nbformat.v4.new_code_cell(source.format(BEGIN, END), metadata={"nbgrader": mark})
    notebook = nbformat.v4.new_notebook(cells=[cell])
    theirs, _ = preprocessors.ClearSolutions(code_stub={"python": STUB}).preprocess(
        copy.deepcopy(notebook), {}
    )
    theirs, _ = preprocessors.LockCells().preprocess(theirs, {})
    ours = student_copy(notebook)
    assert ours.cells[0].source == theirs.cells[0].source
    assert ours.cells[0].metadata == theirs.cells[0].metadata


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (f"### {BEGIN}\n1", f'"{BEGIN}" without "{END}" after it'),
        (f"1\n### {END}", f'"{END}" without "{BEGIN}" before it'),
        (f"### {BEGIN}\n### {BEGIN}\n### {END}", f'a second "{BEGIN}" before "{END}"'),
        ("### BEGIN_SOLUTION\n1\n### END_SOLUTION", '"### BEGIN_SOLUTION" is no marker'),
        ("### SOLUTION BEGIN\n1\n### SOLUTION END", '"### SOLUTION BEGIN" is no marker'),
        (f"### {BEGIN}\n1\n### {END}", 'holds a solution, but no answer="NAME" marks it'),
    ],
)
def test_a_solution_that_would_stay_is_refused_with_its_cell(tmp_path: Path, source: str, words: str) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in ("1", source)])
    nbformat.write(notebook, tmp_path / "01.ipynb")
    with pytest.raises(ReleaseError, match=r"01\.ipynb: cell 2") as error:
        release(tmp_path / "out", tmp_path)
    assert words in str(error.value)
    assert not (tmp_path / "out").exists()


def test_solutions_outputs_and_notes_for_instructors_are_gone_and_all_else_is_there(
    notebooks: Path, tmp_path: Path
) -> None:
    original = (notebooks / "01_sizes.ipynb").read_bytes()
    code, said = command(tmp_path / "out", "--notebooks", notebooks)
    assert (code, said.split(": ")[-1].strip()) == (0, "2 exercises")
    (written,) = (tmp_path / "out").iterdir()
    text = written.read_text(encoding="utf-8")
    assert not [word for word in ("SECRET", "SOLUTION", "// s + 1", "= 320", "nbval") if word in text]
    lesson, student = instructors_notebook(), copies(tmp_path / "out")["01_sizes.ipynb"]
    assert [cell.id for cell in student.cells] == [cell.id for cell in lesson.cells]
    for mine, theirs in zip(student.cells, lesson.cells):
        mark = theirs.metadata.get("nbgrader", {})
        assert mine.metadata.get("nbgrader", {}) == mark, "nbgrader grades by it"
        assert mine.metadata.tags == ["raises-exception"], "run-all needs it"
        assert mine.metadata.get("editable", True) == (not mark.get("grade"))
        if not mark.get("solution"):
            assert mine.source == theirs.source, "hints and checks stay"
        if mine.cell_type == "code":
            assert (mine.outputs, mine.execution_count) == ([], None)
    assert student.cells[2].source.endswith("three dots\n    # your code here\n    return size")
    assert (notebooks / "01_sizes.ipynb").read_bytes() == original


def run(notebook: NotebookNode, folder: Path) -> list[str]:
    """What the checks of a notebook print, every cell run."""
    client = NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": folder}}
    )
    client.execute()
    checks = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in checks]


def test_with_blanks_every_cell_runs_and_every_check_says_not_yet(notebooks: Path, tmp_path: Path) -> None:
    release(tmp_path / "out", notebooks)
    said = run(copies(tmp_path / "out")["01_sizes.ipynb"], tmp_path)
    assert len(said) == 2
    assert all(text.startswith("Not yet") for text in said), said


def with_exercises() -> list[Path]:
    paths = sorted(NOTEBOOKS.glob("*.ipynb"))
    return [path for path in paths if '"nbgrader": {' in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", with_exercises(), ids=lambda path: path.stem)
def test_the_courses_own_notebooks_run_with_blanks(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = {"XDG_CACHE_HOME": str(tmp_path), "http_proxy": "http://127.0.0.1:9", "TQDM_DISABLE": "1"}
    for name, value in (empty | {"https_proxy": empty["http_proxy"]}).items():
        monkeypatch.setenv(name, value)  # no MNIST: on the bundled digits a notebook takes seconds
    monkeypatch.delenv("CNNLAB_DATA", raising=False)
    said = run(student_copy(nbformat.read(path, as_version=4)), NOTEBOOKS)
    assert all(text.startswith("Not yet") for text in said), said


def test_a_second_release_of_the_same_changes_nothing(notebooks: Path, tmp_path: Path) -> None:
    (first,) = release(tmp_path / "out", notebooks)
    time = first.path.stat().st_mtime_ns
    code, said = command(tmp_path / "out", "--notebooks", notebooks)
    assert code == 0
    assert "was there already" in said
    assert first.path.stat().st_mtime_ns == time


def change(folder: Path) -> None:
    notebook = nbformat.read(folder / "01_sizes.ipynb", as_version=4)
    notebook.cells[0].source += " and more"
    nbformat.write(notebook, folder / "01_sizes.ipynb")


def test_an_older_copy_that_nobody_changed_is_replaced_if_asked(notebooks: Path, tmp_path: Path) -> None:
    release(tmp_path / "out", notebooks)
    change(notebooks)
    code, said = command(tmp_path / "out", "--notebooks", notebooks)
    assert code == 1
    assert "holds older copies (01_sizes.ipynb): choose another folder, or --replace" in said
    assert command(tmp_path / "out", "--notebooks", notebooks, "--replace")[0] == 0
    assert copies(tmp_path / "out")["01_sizes.ipynb"].cells[0].source.endswith("and more")


@pytest.mark.parametrize("theirs", ["worked on", "another program's", "no notebook"])
def test_work_in_a_copy_is_never_written_over(notebooks: Path, tmp_path: Path, theirs: str) -> None:
    (done,) = release(tmp_path / "out", notebooks)
    if theirs == "worked on":
        change(tmp_path / "out")
    elif theirs == "another program's":
        nbformat.write(nbformat.v4.new_notebook(), done.path)
    else:
        done.path.write_text("notes")
    before = done.path.read_bytes()
    change(notebooks)
    for replace in ([], ["--replace"]):
        code, said = command(tmp_path / "out", "--notebooks", notebooks, *replace)
        assert code == 1
        assert "01_sizes.ipynb in" in said
        assert "would be lost: not written by this command, or changed since" in said
        assert done.path.read_bytes() == before


def test_a_folder_with_other_notebooks_is_refused_and_with_replace_they_stay(
    notebooks: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.ipynb").write_text("{}")
    code, said = command(out, "--notebooks", notebooks)
    assert code == 1
    assert "holds other notebooks (mine.ipynb)" in said
    assert [path.name for path in out.iterdir()] == ["mine.ipynb"]
    assert command(out, "--notebooks", notebooks, "--replace")[0] == 0
    assert (out / "mine.ipynb").read_text() == "{}"


def test_the_instructors_own_folder_is_never_written_to(notebooks: Path) -> None:
    before = (notebooks / "01_sizes.ipynb").read_bytes()
    for replace in ([], ["--replace"]):
        assert command(notebooks, "--notebooks", notebooks, *replace)[0] == 1
        assert (notebooks / "01_sizes.ipynb").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["out", "--notebooks", "none"], "there is no folder none: name the one with the notebooks"),
        (["out", "--notebooks", "empty"], "there are no notebooks in empty"),
        (["file.txt", "--notebooks", "good"], "file.txt is a file: name a folder"),
        (["out", "--notebooks", "broken"], "a.ipynb is no notebook that can be read"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "good", "broken"):
        (tmp_path / name).mkdir()
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "good" / "a.ipynb")
    (tmp_path / "broken" / "a.ipynb").write_text("{")
    (tmp_path / "file.txt").touch()
    code, said = command(*arguments)
    assert code == 1
    assert words in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_two_cells_of_one_name_are_refused_as_nbgrader_would(notebooks: Path, tmp_path: Path) -> None:
    path = notebooks / "01_sizes.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(NotebookNode(marked(notebook, "output_size"), id="another"))
    nbformat.write(notebook, path)
    with pytest.raises(
        ReleaseError, match=r"cell \d+ is 'output_size', as cell \d+ is: take one of them out"
    ):
        release(tmp_path / "out", notebooks)


def test_a_folder_that_cannot_be_made_is_named_without_a_number_of_the_system(
    notebooks: Path, tmp_path: Path
) -> None:
    code, said = command(notebooks / "01_sizes.ipynb" / "out", "--notebooks", notebooks)
    assert code == 1
    assert "01_sizes.ipynb" in said
    assert "Err" not in said


def test_a_full_disk_leaves_the_older_copy(
    notebooks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (done,) = release(tmp_path / "out", notebooks)
    before = done.path.read_bytes()
    change(notebooks)

    def full(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("cnnlab.whole_file.os.replace", full)
    code, said = command(tmp_path / "out", "--notebooks", notebooks, "--replace")
    assert (code, "no space left" in said) == (1, True)
    assert done.path.read_bytes() == before
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["01_sizes.ipynb"]
