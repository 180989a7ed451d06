"""`pytest --nbval` compares everything but the number behind ≈."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import torch
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parent.parent
SANITISER = ROOT / "tests" / "nbval_sanitize.cfg"


def sanitise(text: str) -> str:
    """What nbval compares of a text, by nbval's own reading of the file."""
    plugin = pytest.importorskip("nbval.plugin")
    for pattern, replacement in plugin.get_sanitize_patterns(SANITISER.read_text(encoding="ascii")):
        text = re.sub(pattern, replacement, text)
    return text


@pytest.mark.parametrize(
    "number", ["98", "98.41", "-0.5", "−0.5", "+3", "1,234", "1,234,567.8", "1e-05", "2.5e+10", "0.00"]
)
def test_the_number_of_a_claim_is_not_compared(number: str) -> None:
    line = "test accuracy ≈ {} % (at least 95 %: holds)"
    assert sanitise(line.format(number)) == line.format("NUMBER")


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "None", "many", "", "1.2.3"])
def test_what_is_no_number_is_compared(text: str) -> None:
    line = f"loss ≈ {text} (at most 1: holds)"
    assert sanitise(line) == line


@pytest.mark.parametrize(
    "line",
    ["28 × 28 = 784", "accuracy 98.41 %", "loss = 0.07", "≈98.41", "total 21,840", "20 × 4 × 4 = 320"],
)
def test_every_other_number_is_compared(line: str) -> None:
    assert sanitise(line) == line


def test_the_rest_of_a_line_stays_and_every_claim_of_it_is_found() -> None:
    assert sanitise("a ≈ 1.5, 2.5; b ≈ 3 ms.") == "a ≈ NUMBER, 2.5; b ≈ NUMBER ms."


def test_bounds_and_verdicts_are_compared() -> None:
    holds = sanitise("accuracy ≈ 98.41 % (at least 95 %: holds)")
    assert holds != sanitise("accuracy ≈ 91.20 % (at least 95 %: DOES NOT HOLD)")
    assert holds != sanitise("accuracy ≈ 98.41 % (at least 90 %: holds)")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with our conftest.py and one notebook, whose last cell the test writes."""
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "notebooks").mkdir()
    for name in ("conftest.py", "tests/nbval_sanitize.cfg"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return tmp_path


def write(project: Path, cells: list[tuple[str, str]]) -> None:
    """Store a notebook of (source, stored text) cells under a kernel name that no machine has."""
    notebook = new_notebook(metadata={"kernelspec": {"name": "elsewhere", "display_name": "Elsewhere"}})
    for count, (source, text) in enumerate(cells, start=1):
        output = new_output("stream", name="stdout", text=text)
        notebook.cells.append(new_code_cell(source, execution_count=count, outputs=[output]))
    nbformat.write(notebook, project / "notebooks" / "01.ipynb")


def pytest_in(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
    return subprocess.run(
        [*command, *options],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_bare_nbval_is_strict_from_any_folder_with_this_environment_s_kernel(project: Path) -> None:
    cells = [
        (
            "print('accuracy ≈', 97.5, '% (at least 95 %: holds)')",
            "accuracy ≈ 98.41 % (at least 95 %: holds)\n",
        ),
        ("import sys; print(sys.prefix)", f"{sys.prefix}\n"),
        ("import os; print(os.path.basename(os.getcwd()))", "notebooks\n"),
        ("print(os.environ['CNNLAB_DATA'])", f"{project / 'mnist'}\n"),
        ("print(os.environ.get('MPLBACKEND'))", "module://matplotlib_inline.backend_inline\n"),
        ("print('98')", "99\n"),
    ]
    write(project, cells)
    run = pytest_in(project / "notebooks", "--nbval", CNNLAB_DATA="../mnist", MPLBACKEND="agg")
    assert "1 failed, 5 passed" in run.stdout, run.stdout
    assert "Cell 5" in run.stdout


def test_what_a_reader_predicted_changes_no_notebook_s_test(project: Path) -> None:
    cells = [
        (
            "from cnnlab import predict\nprint(predict('How many?', guess=(1, 2), sure=50))",
            "Kept: 1 to 2, 50 % sure.\n",
        ),
        (
            "from cnnlab import calibration\nprint(calibration())",
            "(no rows)\nNo prediction has an outcome yet.\n",
        ),
    ]
    write(project, cells)
    mine = project / "notebooks" / "predictions.json"
    known = '"kept_on": "2026-11-22", "outcome": 7, "right": true'
    mine.write_text(f'[{{"question": "How many?", "guess": [7, 7], "sure": 90, {known}}}]')
    before = mine.read_text()
    run = pytest_in(project, "--nbval", CNNLAB_PREDICTIONS=str(mine))
    assert "2 passed" in run.stdout, run.stdout
    assert mine.read_text() == before
    assert list((project / "notebooks").glob("*.json")) == [mine]


def test_lax_beside_strict_is_refused(pytestconfig: pytest.Config) -> None:
    conftest = pytestconfig.pluginmanager.get_plugin(str(ROOT / "conftest.py"))
    both = SimpleNamespace(option=SimpleNamespace(nbval=True, nbval_lax=True))
    with pytest.raises(pytest.UsageError, match="leave --nbval-lax out for the strict test"):
        conftest.pytest_configure(both)


def test_without_nbval_notebooks_are_not_collected_and_nothing_breaks(project: Path) -> None:
    write(project, [("print(1)", "2\n")])
    (project / "tests" / "test_one.py").write_text("def test_one(): pass\n")
    run = pytest_in(project, "-p", "no:nbval")
    assert "1 passed" in run.stdout, run.stdout + run.stderr


drawn = []


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_begins_with_the_same_random_numbers(turn: int) -> None:
    drawn.append((random.random(), torch.rand(1).item()))
    assert drawn == [drawn[0]] * turn
