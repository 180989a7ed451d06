"""The notebook builder: stable bytes, no half-built notebook, an error that says which cell."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tools import build_notebooks

SCRIPT = """# %% [markdown]
# # A lesson

# %%
total = 2 + 3
print("five")
print("is", total)

# %%
print("five")

# %% tags=["nbval-ignore-output"] reason="every machine has its own clock"
import ipywidgets
from PIL import Image


class Explorer(ipywidgets.VBox):
    def _repr_mimebundle_(self, **options):
        bundle = super()._repr_mimebundle_(**options)
        return bundle | {"image/png": Image.new("L", (2, 2))._repr_png_()}


Explorer([ipywidgets.IntSlider()])
"""


@pytest.fixture
def lessons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of notebooks with one script, on a machine that needs no MNIST."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "01_lesson.py").write_text(SCRIPT)
    monkeypatch.setattr(build_notebooks, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(build_notebooks, "require_mnist", lambda: None)
    return tmp_path


def test_a_build_is_executed_clean_and_the_same_every_time(lessons: Path) -> None:
    assert build_notebooks.main([]) == 0
    path = lessons / "01_lesson.ipynb"
    first = path.read_bytes()
    notebook = nbformat.read(path, as_version=4)
    assert [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"] == [1, 2, 3]
    assert [output.text for output in notebook.cells[1].outputs] == ["five\nis 5\n"]
    assert sorted(notebook.cells[3].outputs[0].data) == ["image/png", "text/plain"], (
        "the widget's picture stays"
    )
    assert notebook.cells[3].metadata["reason"] == "every machine has its own clock"
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata
    assert len({cell.id for cell in notebook.cells}) == 4
    assert build_notebooks.main(["01"]) == 0
    assert path.read_bytes() == first
    assert build_notebooks.main(["--check"]) == 0


def test_what_the_author_predicted_changes_no_build(lessons: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (lessons / "scripts" / "01_lesson.py").write_text(
        "# %%\nfrom cnnlab import calibration, predict\n\n"
        "print(predict('How many?', guess=(1, 2), sure=50).outcome(7))\nprint(calibration())\n"
    )
    mine = '[{"question": "How many?", "guess": [7, 7], "sure": 90, "kept_on": "2026-11-22"}]'
    (lessons / "predictions.json").write_text(mine)
    for folder in (lessons, lessons / "elsewhere"):
        monkeypatch.setenv("CNNLAB_PREDICTIONS", str(folder / "predictions.json"))
        assert build_notebooks.main([]) == 0
        (cell,) = nbformat.read(lessons / "01_lesson.ipynb", as_version=4).cells
        assert cell.outputs[0].text.startswith("You said 1 to 2, 50 % sure. It was 7: not so.\n")
        assert "right in 0 of 1" in cell.outputs[0].text
    assert (lessons / "predictions.json").read_text() == mine
    assert not (lessons / "elsewhere").exists()


def test_a_failing_cell_is_named_and_the_old_notebook_stays(
    lessons: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = lessons / "01_lesson.ipynb"
    path.write_text("the old one")
    (lessons / "scripts" / "01_lesson.py").write_text("# %% [markdown]\n# # Lesson\n\n# %%\nprint(1 / 0)\n")
    assert build_notebooks.main([]) == 1
    error = capfd.readouterr().err
    assert "cell 2 of 2 failed" in error
    assert "print(1 / 0)" in error
    assert "ZeroDivisionError: division by zero" in error
    assert path.read_text() == "the old one"
    assert sorted(file.name for file in lessons.iterdir()) == ["01_lesson.ipynb", "scripts"]


def test_a_claim_that_does_not_hold_is_named_and_the_old_notebook_stays(
    lessons: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = lessons / "01_lesson.ipynb"
    path.write_text("the old one")
    script = "# %%\nfrom cnnlab import claim\nclaim('accuracy', 91, at_least=95, unit='%')\n"
    (lessons / "scripts" / "01_lesson.py").write_text(script)
    assert build_notebooks.main([]) == 1
    assert "cell 1 of 1: accuracy ≈ 91.00 % (at least 95 %: DOES NOT HOLD)" in capfd.readouterr().err
    assert path.read_text() == "the old one"


def test_writing_is_all_or_nothing(lessons: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lessons / "01_lesson.ipynb"
    path.write_text("the old one")

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(build_notebooks.os, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        build_notebooks.write(build_notebooks.read_script(lessons / "scripts" / "01_lesson.py"), path)
    assert path.read_text() == "the old one"
    assert sorted(file.name for file in lessons.iterdir()) == ["01_lesson.ipynb", "scripts"]


def test_check_says_which_cell_differs(lessons: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script, path = lessons / "scripts" / "01_lesson.py", lessons / "01_lesson.ipynb"
    assert build_notebooks.main(["--check"]) == 1
    assert "01_lesson.ipynb was never built" in capsys.readouterr().out
    build_notebooks.write(build_notebooks.read_script(script), path)
    assert build_notebooks.differs(script, path) == ""
    script.write_text(SCRIPT.replace("2 + 3", "2 + 4"))
    assert build_notebooks.differs(script, path) == "01_lesson.ipynb: cell 2 has another source"
    script.write_text(SCRIPT.replace("its own clock", "a clock of its own"))
    assert build_notebooks.differs(script, path) == "01_lesson.ipynb: cell 4 has another metadata"
    script.write_text(SCRIPT + "\n# %%\n1\n")
    assert build_notebooks.differs(script, path) == "01_lesson.ipynb has 4 cells, its script 5"


def test_an_unknown_notebook_is_answered_with_those_there_are(
    lessons: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build_notebooks.main(["07"]) == 1
    assert "no script is called '07': there are ['01_lesson']" in capsys.readouterr().err


def test_two_equal_cells_have_ids_of_their_own(lessons: Path) -> None:
    script = lessons / "scripts" / "01_lesson.py"
    script.write_text("# %%\n1\n\n# %%\n2\n\n# %%\n1\n")
    before = [cell.id for cell in build_notebooks.read_script(script).cells]
    assert len(set(before)) == 3
    script.write_text("# %%\n1\n\n# %%\n0\n\n# %%\n2\n\n# %%\n1\n")
    after = [cell.id for cell in build_notebooks.read_script(script).cells]
    assert [after[0], *after[2:]] == before, "a new cell changes no other cell's id"


def test_figures_of_the_course_are_those_of_full_mnist(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path))
    with pytest.raises(build_notebooks.BuildError, match="The notebooks are built on full MNIST"):
        build_notebooks.require_mnist()


def test_digits_are_forced_by_hiding_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNNLAB_DATA", "data")
    monkeypatch.setenv("MPLBACKEND", "agg")
    mnist = build_notebooks.kernel_environment("mnist", "/empty")
    digits = build_notebooks.kernel_environment("digits", "/empty")
    assert mnist["CNNLAB_DATA"] == str(Path("data").absolute())
    assert "CNNLAB_DATA" not in digits
    assert digits["XDG_CACHE_HOME"] == "/empty"
    assert "MPLBACKEND" not in mnist
