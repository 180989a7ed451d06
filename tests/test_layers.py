"""Each layer imports only what stands below it; the syntax tree tells, so no import can hide."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "cnnlab"

# Each layer may import itself and what is listed here.
FOUNDATION = {
    "errors",
    "device",
    "memory",
    "table",
    "claims",
    "guesses",
    "predictions",
    "whole_file",
    "words",
}
NUMBERS = {"arithmetic"}
MAY_IMPORT = {
    "foundation": FOUNDATION,
    "arithmetic": FOUNDATION,
    "data": FOUNDATION | NUMBERS,
    "models": FOUNDATION | NUMBERS,
    "training": FOUNDATION | NUMBERS,
    "inspection": FOUNDATION | NUMBERS | {"data", "models", "training"},
    "timing": FOUNDATION | NUMBERS | {"data", "models", "training"},
    "plots": FOUNDATION | NUMBERS | {"data", "models", "training", "inspection", "timing", "experiments"},
    "widgets": FOUNDATION | NUMBERS | {"data", "models", "training", "inspection", "timing", "plots"},
    "experiments": FOUNDATION | NUMBERS | {"data", "models", "training", "timing"},
    "checks": FOUNDATION | NUMBERS | {"data", "models", "training", "inspection", "timing"},
}
COMMANDS = {
    "cli",
    "doctor",
    "probe",
    "reproduce",
    "benchmark",
    "race",
    "leaderboard",
    "export",
    "pretrain",
    "release",
    "grading",
}
ONLY_IN = {"matplotlib": {"plots", "widgets"}, "ipywidgets": {"widgets"}, "anywidget": {"widgets"}}
ONLY_INSIDE_FUNCTIONS = {"sklearn"}


def layer_of(path: Path) -> str:
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "foundation" if part in FOUNDATION else part


MODULES = sorted(PACKAGE.rglob("*.py"))
LAYERED = [path for path in MODULES if layer_of(path) not in COMMANDS | {"__init__"}]


def imports(tree: ast.Module, package: str) -> list[tuple[str, bool]]:
    """Every imported name with its dots, and whether it stands inside a function; nothing is run."""
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for node in ast.walk(function)
    }
    found = []
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                stem = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*stem, *([base] if base else [])])
            names = [f"{base}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in {"import_module", "__import__", "importorskip"}:
                names = [str(node.args[0].value)]
        found += [(name, id(node) in inside) for name in names]
    return found


def imports_of(path: Path) -> list[tuple[str, bool]]:
    package = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts[:-1])
    return imports(ast.parse(path.read_text(encoding="utf-8")), package)


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", LAYERED, ids=named)
def test_a_module_imports_only_the_layers_below_its_own(path: Path) -> None:
    layer = layer_of(path)
    allowed = MAY_IMPORT[layer] | {layer}
    for name, _ in imports_of(path):
        top, _, rest = name.partition(".")
        if top == "cnnlab":
            part = rest.split(".")[0]
            assert part in allowed, f"{named(path)} imports {name}: {layer} may import {sorted(allowed)} only"


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_plotting_libraries_stay_in_plots_and_widgets(path: Path) -> None:
    for name, inside in imports_of(path):
        top = name.split(".")[0]
        if top in ONLY_IN:
            assert layer_of(path) in ONLY_IN[top], f"{named(path)} imports {name}"
        if top in ONLY_INSIDE_FUNCTIONS:
            assert inside, (
                f"{named(path)} imports {name} for everyone: import it in the function that needs it"
            )


@pytest.mark.parametrize("path", [p for p in MODULES if layer_of(p) == "arithmetic"], ids=named)
def test_the_arithmetic_needs_nothing_but_python(path: Path) -> None:
    for name, _ in imports_of(path):
        assert name.split(".")[0] not in {"torch", "torchvision", "numpy"}, f"{named(path)} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_nothing_is_imported_by_a_star(path: Path) -> None:
    assert not [name for name, _ in imports_of(path) if name.endswith(".*")]


def test_there_is_no_module_for_leftovers() -> None:
    leftovers = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}
    assert not [named(path) for path in MODULES if path.name in leftovers]


def test_every_module_is_in_a_layer() -> None:
    known = set(MAY_IMPORT) | COMMANDS | {"__init__"}
    assert not [named(path) for path in MODULES if layer_of(path) not in known]


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_is_short_enough_to_be_read_at_once(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 330


def test_imports_are_found_wherever_they_hide() -> None:
    tree = ast.parse(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from cnnlab import plots\n"
        "def f():\n    import sklearn.datasets\n"
        "from ..training import fit\n"
        "from . import colours\n"
        "import importlib; importlib.import_module('cnnlab.widgets')\n"
    )
    found = imports(tree, "cnnlab.data")
    assert ("cnnlab.plots", False) in found
    assert ("sklearn.datasets", True) in found
    assert ("cnnlab.training.fit", False) in found
    assert ("cnnlab.data.colours", False) in found
    assert ("cnnlab.widgets", False) in found
