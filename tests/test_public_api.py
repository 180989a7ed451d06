"""The names that others rely on: pinned, served lazily, described, tested."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import cnnlab

ROOT = Path(__file__).resolve().parent.parent
SUBPACKAGES = sorted(path.parent.name for path in (ROOT / "cnnlab").glob("*/__init__.py"))
MODULES = [path for path in sorted((ROOT / "cnnlab").rglob("*.py")) if path.name != "__init__.py"]

PUBLIC = [
    "Batches",
    "calibration",
    "checks",
    "claim",
    "conv_parameters",
    "count_parameters",
    "evaluate",
    "explain",
    "fit",
    "hold_out",
    "linear_parameters",
    "load_data",
    "models",
    "plots",
    "predict",
    "receptive_field",
    "set_seed",
    "trace_shapes",
    "w_out",
]


def test_the_public_names_are_these_and_no_others() -> None:
    assert sorted(cnnlab.__all__) == sorted(PUBLIC)
    assert sorted(cnnlab.__all__) == sorted([*cnnlab._HOME, *cnnlab._SUBPACKAGES])


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_served_by_the_module_that_defines_it(name: str) -> None:
    served = getattr(cnnlab, name)
    if name in cnnlab._HOME:
        assert served is getattr(importlib.import_module(cnnlab._HOME[name]), name)
    else:
        assert served is importlib.import_module(f"cnnlab.{name}")
    assert inspect.getdoc(served), f"cnnlab.{name} has no docstring"
    assert name in dir(cnnlab)


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(AttributeError, match="cnnlab has no 'load_dato': did you mean 'load_data'"):
        cnnlab.load_dato  # noqa: B018
    with pytest.raises(ImportError):
        from cnnlab import w_oot  # noqa: F401


HEAVY = ["torch", "torchvision", "matplotlib", "ipywidgets", "sklearn", "psutil", "numpy"]


@pytest.mark.parametrize(
    "steps",  # in one Python, one after the other: (what it runs, what is not loaded after it)
    [
        [
            ("import cnnlab", HEAVY),
            ("from cnnlab import w_out, conv_parameters, linear_parameters, claim", HEAVY),
            ("import cnnlab.arithmetic", HEAVY),
            ("import cnnlab.cli", HEAVY),
            ("import cnnlab.doctor", HEAVY),
        ],
        [
            ("from cnnlab import fit, evaluate", ["matplotlib", "ipywidgets", "sklearn", "cnnlab.data"]),
            ("from cnnlab import load_data, Batches", ["matplotlib", "ipywidgets", "sklearn", "torchvision"]),
            ("from cnnlab import models", ["matplotlib", "ipywidgets", "sklearn"]),
            ("from cnnlab import trace_shapes, explain", ["matplotlib", "ipywidgets", "sklearn"]),
            ("from cnnlab import checks", ["matplotlib", "ipywidgets", "sklearn"]),
            ("from cnnlab import plots", ["ipywidgets", "sklearn"]),
        ],
    ],
    ids=["without torch", "with torch"],
)
def test_an_import_loads_no_more_than_it_needs(steps: list[tuple[str, list[str]]]) -> None:
    lines = ["import sys"]
    for statement, absent in steps:
        lines += [statement, f"print({statement!r}, [name for name in {absent!r} if name in sys.modules])"]
    run = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == [f"{statement} []" for statement, _ in steps]


@pytest.mark.parametrize("package", SUBPACKAGES)
def test_every_name_of_a_subpackage_exists_and_has_a_docstring(package: str) -> None:
    module = importlib.import_module(f"cnnlab.{package}")
    assert module.__doc__, f"cnnlab.{package} does not say what it is for"
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            text = inspect.getdoc(value) or ""
            generated = text.startswith(f"{name}(")  # what dataclasses writes by itself
            assert text, f"cnnlab.{package}.{name} has no docstring"
            assert not generated, f"cnnlab.{package}.{name} has only the docstring of a dataclass"


def uses(tree: ast.Module) -> set[tuple[str, str]]:
    """What a test takes out of cnnlab: (module, name), imported from it or read as its attribute."""
    found, meaning = set(), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {(node.module, alias.name) for alias in node.names}
            meaning |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            for alias in node.names:  # "import a.b" gives the name a, "import a.b as c" the module a.b
                top = alias.name.split(".")[0]
                meaning[alias.asname or top] = alias.name if alias.asname else top

    def module_of(node: ast.expr) -> str:
        if isinstance(node, ast.Attribute):
            return f"{module_of(node.value)}.{node.attr}"
        return meaning.get(node.id, "") if isinstance(node, ast.Name) else ""

    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    found |= {(module_of(node.value), node.attr) for node in attributes}
    return {(module, name) for module, name in found if module.split(".")[0] == "cnnlab"}


@pytest.fixture(scope="module")
def used() -> set[tuple[str, str]]:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    return set().union(*(uses(ast.parse(text)) for text in texts))


@pytest.mark.parametrize("package", SUBPACKAGES)
def test_every_name_of_a_subpackage_is_used_in_a_test(package: str, used: set[tuple[str, str]]) -> None:
    home = f"cnnlab.{package}"
    taken = {name for module, name in used if module in ("cnnlab", home) or module.startswith(f"{home}.")}
    assert [name for name in importlib.import_module(home).__all__ if name not in taken] == []


def test_a_word_in_a_string_or_a_comment_is_no_use() -> None:
    text = """import cnnlab.data as d
from cnnlab import fit
d.Split, 'Batches'  # load_data
other.hold_out"""
    assert uses(ast.parse(text)) == {("cnnlab", "fit"), ("cnnlab.data", "Split")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_has_a_docstring_and_a_test_twin(path: Path) -> None:
    assert re.match(r'\s*r?"""', path.read_text(encoding="utf-8")), f"{path.name} does not say what it is for"
    inner = path.relative_to(ROOT / "cnnlab")
    together = inner.parent.name == "models" and inner.stem in cnnlab.models.names()
    twin = ROOT / "tests" / inner.parent / ("test_networks.py" if together else f"test_{inner.name}")
    assert twin.exists(), f"{inner} has no test twin {twin.relative_to(ROOT)}"
