"""Build the notebooks that students open from the scripts that authors edit.

    python -m tools.build_notebooks                 every notebook, executed on full MNIST
    python -m tools.build_notebooks 03 05           those whose names contain "03" or "05"
    python -m tools.build_notebooks --data digits   run them on the bundled digits; nothing is kept
    python -m tools.build_notebooks --check         only say which notebooks differ from their scripts

A notebook whose execution fails is left as it was. Building twice on one machine gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from cnnlab.whole_file import whole_file
from tools.mark_exercises import ExerciseError, mark_exercises
from tools.photograph import WIDGET_VIEW, NoBrowser, add_pictures

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
CELL_SECONDS = 600
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class BuildError(Exception):
    """A notebook cannot be built; the message says which cell and why."""


def read_script(script: Path) -> NotebookNode:
    """The notebook that a py:percent script stands for, not yet executed.

    Raises:
        BuildError: an exercise in it cannot be graded.
    """
    notebook = jupytext.read(script, fmt="py:percent")
    notebook.metadata = NotebookNode(
        kernelspec=NotebookNode(name="python3", display_name="Python 3", language="python"),
        language_info=NotebookNode(name="python"),
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        cell.metadata.pop("lines_to_next_cell", None)  # jupytext's note on blank lines in the script
        # Ids follow the content: a new cell changes no other cell's id.
        name = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[name] = seen.get(name, 0) + 1
        cell.id = name if seen[name] == 1 else f"{name}-{seen[name]}"
    try:
        mark_exercises(notebook)
    except ExerciseError as error:
        raise BuildError(f"{script.name}: {error}") from error
    return notebook


def execute(notebook: NotebookNode, folder: Path, data: str) -> None:
    """Run every cell from the first to the last, in `folder`, and keep the outputs.

    Raises:
        BuildError: a cell failed, took too long, or ended the kernel.
    """
    begun = 0

    def note(cell: NotebookNode, cell_index: int) -> None:
        nonlocal begun
        begun = cell_index

    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=CELL_SECONDS,
        record_timing=False,
        store_widget_state=True,
        on_cell_start=note,
        resources={"metadata": {"path": str(folder)}},
    )
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryFile("w+") as said:
        try:
            client.execute(env=kernel_environment(data, empty), stderr=said)
        except CellExecutionError as error:
            raise BuildError(f"{_where(notebook, begun)}\n{ANSI.sub('', error.traceback)}") from error
        except CellTimeoutError as error:
            why = f"it ran for more than {CELL_SECONDS} s"
            raise BuildError(f"{_where(notebook, begun)} {why}:\n\n{notebook.cells[begun].source}") from error
        except DeadKernelError as error:
            said.seek(0)
            why = f"the kernel died (was there enough memory?):\n\n{notebook.cells[begun].source}"
            raise BuildError(f"{_where(notebook, begun)} {why}\n\n{said.read()[-2000:]}") from error


def _where(notebook: NotebookNode, index: int) -> str:
    """Which cell it was, as a reader of the notebook counts."""
    return f"cell {index + 1} of {len(notebook.cells)} failed:"


def kernel_environment(data: str, empty: str) -> dict[str, str]:
    """The environment of the kernel: no progress bars, figures in the notebook, the data, no predictions."""
    environment = dict(os.environ, TQDM_DISABLE="1", JUPYTER_PREFER_ENV_PATH="1")
    environment.setdefault("GOMP_SPINCOUNT", "1000")  # see conftest.py
    environment.pop("MPLBACKEND", None)
    environment["CNNLAB_PREDICTIONS"] = os.path.join(empty, "predictions.json")  # not those of the author
    if environment.get("CNNLAB_DATA"):  # the kernel runs in another folder
        environment["CNNLAB_DATA"] = os.path.abspath(environment["CNNLAB_DATA"])
    if data == "digits":  # no MNIST here, and none to be had: what `load_data("auto")` falls back from
        environment.pop("CNNLAB_DATA", None)
        environment.update(XDG_CACHE_HOME=empty, HOME=empty)
        environment.update({f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https")})
    return environment


def clean(notebook: NotebookNode) -> None:
    """Drop from the outputs what only a running kernel can show; the widget's picture stays."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = NotebookNode(name="python")
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        joined: list[NotebookNode] = []
        for output in cell.outputs:
            output.get("data", {}).pop(WIDGET_VIEW, None)
            last = joined[-1] if joined else None
            if output.output_type == "stream" and last is not None and last.get("name") == output.name:
                last.text += output.text  # the kernel flushes by the clock, and so at other places each time
            else:
                joined.append(output)
        cell.outputs = joined


def differs(script: Path, notebook: Path) -> str:
    """Where a notebook differs from its script in cells, tags or reasons; empty if nowhere."""
    if not notebook.exists():
        return f"{notebook.name} was never built"
    wanted = read_script(script).cells
    found = nbformat.read(notebook, as_version=4).cells
    for number, (want, have) in enumerate(zip(wanted, found), start=1):
        for part in ("cell_type", "source", "metadata", "id"):
            if want[part] != have[part]:
                return f"{notebook.name}: cell {number} has another {part.replace('cell_', '')}"
    if len(wanted) != len(found):
        return f"{notebook.name} has {len(found)} cells, its script {len(wanted)}"
    return ""


def write(notebook: NotebookNode, path: Path) -> None:
    """Write all of the file or nothing."""
    nbformat.validate(notebook)
    with whole_file(path) as file:
        file.write((nbformat.writes(notebook) + "\n").encode())


def check_claims(notebook: NotebookNode) -> None:
    """Refuse a notebook in which a measured number left its bound.

    Raises:
        BuildError: with every such line, and its cell.
    """
    broken = [
        f"cell {number} of {len(notebook.cells)}: {line}"
        for number, cell in enumerate(notebook.cells, start=1)
        for output in cell.get("outputs", [])
        for line in output.get("text", "").splitlines()
        if "DOES NOT HOLD" in line
    ]
    if broken:
        raise BuildError("\n".join(broken))


def build(script: Path, data: str) -> Path | None:
    """Build one notebook; the path written, or None where nothing is kept."""
    notebook = read_script(script)
    execute(notebook, NOTEBOOKS, data)
    check_claims(notebook)
    if data != "mnist":
        return None
    try:
        add_pictures(notebook)
    except NoBrowser as error:
        raise BuildError(str(error)) from error
    clean(notebook)
    path = NOTEBOOKS / f"{script.stem}.ipynb"
    write(notebook, path)
    return path


def choose(names: list[str]) -> list[Path]:
    """The scripts whose names contain one of `names`; all of them if none is given."""
    scripts = sorted((NOTEBOOKS / "scripts").glob("[0-9]*.py"))
    missing = [name for name in names if not any(name in script.stem for script in scripts)]
    if missing:
        raise BuildError(f"no script is called {missing[0]!r}: there are {[s.stem for s in scripts]}.")
    return [script for script in scripts if not names or any(name in script.stem for name in names)]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="parts of the notebooks' names")
    parser.add_argument("--data", choices=["mnist", "digits"], default="mnist")
    parser.add_argument("--check", action="store_true", help="compare scripts and notebooks, run nothing")
    options = parser.parse_args(arguments)
    try:
        scripts = choose(options.names)
        if options.check:
            found = [text for s in scripts if (text := differs(s, NOTEBOOKS / f"{s.stem}.ipynb"))]
            print("\n".join([*found, "run: make notebooks"]) if found else "every notebook equals its script")
            return int(bool(found))
        if options.data == "mnist":
            require_mnist()
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    failed = 0
    for script in scripts:
        print(f"{script.stem:24} ", end="", flush=True)
        start = time.perf_counter()
        try:
            path = build(script, options.data)
        except BuildError as error:
            failed += 1
            print(f"FAILED, the notebook stays as it was\n{error}", file=sys.stderr, flush=True)
        else:
            size = f"{path.stat().st_size / 1e6:5.1f} MB" if path else "not kept"
            print(f"{time.perf_counter() - start:5.1f} s  {size}", flush=True)
    return int(bool(failed))


def require_mnist() -> None:
    """Stop where MNIST is missing: stored figures are those of full MNIST."""
    from cnnlab import load_data
    from cnnlab.errors import DataError

    try:
        load_data("mnist")
    except DataError as error:
        raise BuildError(f"The notebooks are built on full MNIST.\n{error}") from error


if __name__ == "__main__":
    sys.exit(main())
