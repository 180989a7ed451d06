"""The waiting before anything happens: imports and the first picture of a notebook."""

import nbformat
import pytest

from cnnlab.benchmark import starting


def test_importing_cnnlab_costs_next_to_nothing_beyond_torch():
    assert starting.import_seconds("import cnnlab") < 1  # 0.001 s on an idle machine


def test_the_imports_take_turns_and_the_first_turn_only_warms_up(monkeypatch):
    asked = []
    monkeypatch.setattr(starting, "import_seconds", lambda code: asked.append(code) or float(len(asked)))
    rows = list(starting.import_rows(3))
    assert asked == [*starting.IMPORTS.values()] * 4
    assert [row.seconds for row in rows] == [7.0, 8.0, 9.0]
    assert [row.wanted for row in rows] == ["≤ 0.06 s", "", ""]


def notebook(path, *cells):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(made, path)
    return path


def test_the_clock_stops_at_the_first_picture(tmp_path):
    picture = (
        "import base64; from IPython.display import display\n"
        "display({'image/png': base64.b64encode(b'x').decode()}, raw=True)"
    )
    later = "import pathlib; pathlib.Path('later').touch()"
    seconds = starting.first_picture(notebook(tmp_path / "n.ipynb", "x = 1", picture, later))
    assert 0 < seconds < 120
    assert not (tmp_path / "later").exists()


@pytest.mark.parametrize(
    ("cell", "message"), [("1 / 0", r"a cell of n\.ipynb failed: division by zero"), ("1", "no cell of")]
)
def test_a_notebook_without_a_picture_is_said_in_words(tmp_path, cell, message):
    with pytest.raises(RuntimeError, match=message):
        starting.first_picture(notebook(tmp_path / "n.ipynb", cell))


def test_where_there_are_no_notebooks_there_is_no_row(monkeypatch, tmp_path):
    monkeypatch.setattr(starting, "FIRST_NOTEBOOK", tmp_path / "01_data.ipynb")
    assert starting.picture_row(3) is None


def test_the_notebook_is_where_the_project_keeps_it():
    assert starting.FIRST_NOTEBOOK.is_file()


def test_the_folder_of_the_data_may_be_named_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CNNLAB_DATA", "data")
    (tmp_path / "notebooks").mkdir()
    look = f"import os; assert os.environ['CNNLAB_DATA'] == {str(tmp_path / 'data')!r}"
    with pytest.raises(RuntimeError, match="no cell of"):  # the cell itself did not fail
        starting.first_picture(notebook(tmp_path / "notebooks" / "n.ipynb", look))
