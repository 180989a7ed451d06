"""pip, conda and the tested versions agree: pyproject.toml, environment.yml and constraints.txt."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def bounds(requirements: list[str]) -> dict[str, str]:
    """Package name -> its bounds, written in one order."""
    parsed = [Requirement(text) for text in requirements]
    return {canonicalize_name(r.name): str(r.specifier) for r in parsed}


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    assert all(len(pin) == 2 for pin in pins), "constraints.txt holds name==version lines only"
    return {canonicalize_name(name): version for name, version in pins}


def in_pyproject() -> dict[str, str]:
    return bounds([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]])


def test_conda_gets_the_same_packages_and_bounds_as_pip() -> None:
    by_conda = [entry for entry in CONDA["dependencies"] if isinstance(entry, str) and entry != "pip"]
    (by_pip,) = [entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict)]
    found = bounds([*by_conda, *(entry for entry in by_pip if entry != "-e .")])
    assert found.pop("python") == PROJECT["requires-python"]
    assert found == in_pyproject()
    assert "-e ." in by_pip, "Binder needs the package itself"


def test_torch_and_torchvision_come_from_one_source() -> None:
    (by_pip,) = [entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict)]
    assert {"torch", "torchvision"} <= set(bounds([entry for entry in by_pip if entry != "-e ."]))


def optional() -> dict[str, str]:
    """What an extra alone brings: not in the environment of students."""
    extras = PROJECT["optional-dependencies"]
    everything = bounds([text for name in sorted(extras) for text in extras[name]])
    return {package: bound for package, bound in everything.items() if package not in in_pyproject()}


def test_grading_is_for_instructors_only() -> None:
    assert list(optional()) == ["nbgrader"], "it adds its own panels to JupyterLab"


@pytest.mark.parametrize("package", in_pyproject() | optional())
def test_the_tested_version_keeps_the_bounds(package: str) -> None:
    assert package in pinned(), f"constraints.txt has no {package}"
    specifier = Requirement(f"{package}{(in_pyproject() | optional())[package]}").specifier
    assert pinned()[package] in specifier


def test_the_tested_versions_bind_no_index_and_no_platform() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert not re.search(r"https?:|--|@|\+cpu|\+cu\d", re.sub(r"^#.*$", "", text, flags=re.MULTILINE))
    assert not [name for name in pinned() if re.match(r"nvidia|cuda|triton", name)]
    for version in pinned().values():
        Version(version)


def test_no_file_names_a_package_index() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    if not listed:
        pytest.skip("not a git checkout")
    index = re.compile(r"(?:--|extra-)index-url|\bpypi\.|download\.pytorch")
    text = {".py", ".toml", ".txt", ".yml", ".yaml", ".md", ".cfg", ""}
    named = [
        name
        for name in listed
        if Path(name).suffix in text
        and name != "tests/test_environment.py"
        and (ROOT / name).is_file()
        and index.search((ROOT / name).read_text(encoding="utf-8"))
    ]
    assert named == []


def test_the_short_spin_is_the_same_wherever_it_is_set() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    package = (ROOT / "cnnlab" / "__init__.py").read_text(encoding="utf-8")
    (by_make,) = re.findall(r"GOMP_SPINCOUNT \?= (\d+)", makefile)
    (by_package,) = re.findall(r'"GOMP_SPINCOUNT", "(\d+)"', package)
    assert by_make == by_package == str(CONDA["variables"]["GOMP_SPINCOUNT"])


@pytest.mark.parametrize(
    ("before", "program", "expected"),
    [
        ({}, "import cnnlab", "10000"),
        ({"GOMP_SPINCOUNT": "7"}, "import cnnlab", "7"),
        ({}, "import sys; sys.modules['torch'] = sys; import cnnlab", "None"),  # too late: it was read
    ],
)
def test_importing_cnnlab_before_torch_shortens_the_spin(
    before: dict[str, str], program: str, expected: str
) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"} | before
    said = subprocess.run(
        [sys.executable, "-c", f"{program}; import os; print(os.environ.get('GOMP_SPINCOUNT'))"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.strip() == expected
