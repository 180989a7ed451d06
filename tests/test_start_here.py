"""The course map: what it says of the other notebooks is what they say themselves."""

import ast
import itertools
import math
import re
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from cnnlab import Batches, w_out
from cnnlab.arithmetic import (
    ReceptiveField,
    conv_multiply_adds,
    conv_parameters,
    linear_parameters,
    transposed_w_out,
)
from cnnlab.data import Split
from cnnlab.training import wilson_interval

SCRIPTS = Path(__file__).resolve().parent.parent / "notebooks" / "scripts"
MAP = SCRIPTS / "00_start_here.py"
OTHERS = sorted(script for script in SCRIPTS.glob("*.py") if script != MAP)


def markdown(script: Path) -> list[str]:
    """The lines of all text cells, without their comment signs."""
    lines, inside = [], False
    for line in script.read_text(encoding="utf-8").splitlines():
        if line.startswith("# %%"):
            inside = "[markdown]" in line
        elif inside:
            lines.append(line.removeprefix("#").removeprefix(" "))
    return lines


def headings(script: Path) -> set[str]:
    """The names under which JupyterLab knows the headings: their text, with - for each space."""
    found = (re.match(r"#+ (.*)", line) for line in markdown(script))
    return {re.sub(r"[*`]", "", one[1]).strip().replace(" ", "-") for one in found if one}


def needed_and_minutes(script: Path) -> tuple[set[int], int]:
    """What a notebook itself says in its opening."""
    opening = "\n".join(markdown(script))
    time = re.search(r"\*\*Time\*\*: (\d+) minutes\W+\*\*Needs\*\*: ([^.\n]*)", opening)
    assert time, f"{script.name} says no time"
    return {int(number) for number in re.findall(r"\b\d+\b", time[2])}, int(time[1])


def links() -> list[tuple[str, str]]:
    """(notebook, heading) of each link of the map."""
    found = re.findall(r"\]\((\w+)\.ipynb(?:#([^)]*))?\)", "\n".join(markdown(MAP)))
    return found


@pytest.mark.parametrize("script", OTHERS, ids=lambda script: script.stem)
def test_the_table_says_what_the_notebook_says(script: Path) -> None:
    rows = [
        line for line in markdown(MAP) if line.startswith("| [") and f"({script.name[:-3]}.ipynb)" in line
    ]
    assert len(rows) == 1
    _, name, minutes, needs, _ = (part.strip() for part in rows[0].split("|")[:5])
    needed = {int(number) for number in re.findall(r"\d+", needs)}
    assert (needed, int(minutes)) == needed_and_minutes(script)
    assert name.startswith(f"[{int(script.name[:2])} ")


def test_the_picture_holds_the_same_notebooks_as_the_table() -> None:
    code = MAP.read_text(encoding="utf-8")
    drawn = ast.literal_eval(re.search(r"notebooks = (\{.*?\n\})", code, re.DOTALL)[1])  # type: ignore[index]
    assert list(drawn) == [int(script.name[:2]) for script in OTHERS]
    for script in OTHERS:
        name, minutes, needs, _ = drawn[int(script.name[:2])]
        needed, said = needed_and_minutes(script)
        assert minutes == said
        assert set(needs) <= needed, f"{name}: an arrow that the notebook does not know of"
    places = [place for *_, place in drawn.values()]
    assert len(set(places)) == len(places)


def test_every_link_leads_to_a_heading() -> None:
    assert len(links()) > 50
    # a browser would encode other characters, and JupyterLab compares without decoding
    assert not [heading for _, heading in links() if not re.fullmatch(r"[\w.,:;?!'()-]*", heading, re.ASCII)]
    for stem, heading in links():
        script = SCRIPTS / f"{stem}.py"
        assert script.exists(), f"there is no {script.name}"
        if heading:
            assert heading in headings(script), f"{script.name} has no heading {heading!r}"


def test_the_glossary_is_in_order_and_names_each_word_once() -> None:
    text = "\n".join(markdown(MAP))
    words = re.findall(r"^\| ([^|]+) \| [^|]+ \| \[\d", text[text.index("| word |") :], re.MULTILINE)
    assert len(words) >= 50
    assert words == sorted(set(words), key=str.lower)


LAYERS = list(itertools.product((12, 27, 28), (1, 2, 5), (0, 2), (1, 2, 3), (1, 2)))  # w, k, p, s, d
SIZES = list(itertools.product((1, 3, 10), (1, 20), (1, 5)))  # in, out, k


def wilson(p: float, n: int, z: float = 1.96) -> list[float]:
    root = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return [100 * (p + z**2 / (2 * n) + side * root) / (1 + z**2 / n) for side in (-1, 1)]


def split(n: int) -> Split:
    pixels = torch.arange(n * 784) % 251
    return Split(pixels.reshape(n, 1, 28, 28).to(torch.uint8), torch.zeros(n, dtype=torch.int64))


def normalised() -> bool:
    data = split(2)
    by_formula = (data.images / 255 - data.mean) / data.std
    return torch.allclose(next(iter(Batches(data, 2)))[0], by_formula, atol=1e-5)


def one_step_of_sgd() -> bool:
    w = torch.tensor([1.0, -2.0], requires_grad=True)
    (w**2).sum().backward()
    by_formula = w.detach() - 0.1 * w.grad  # type: ignore[operator]
    torch.optim.SGD([w], lr=0.1).step()
    return torch.allclose(w, by_formula)


Z = torch.tensor([[2.0, -1.0, 0.5]])
FORMULAS = {  # as the sheet writes it -> whether it says what the package or PyTorch computes
    "⌊(w + 2p − d·(k − 1) − 1) / s⌋ + 1": lambda: all(
        (w + 2 * p - d * (k - 1) - 1) // s + 1 == w_out(w, k, p, s, d) for w, k, p, s, d in LAYERS
    ),
    "⌊(w + 2p − k) / s⌋ + 1": lambda: all(
        (w + 2 * p - k) // s + 1 == w_out(w, k, p, s) for w, k, p, s, _ in LAYERS
    ),
    "p = (k − 1) / 2": lambda: all(w_out(28, k, p=(k - 1) // 2) == 28 for k in (1, 3, 5, 7)),
    "(w − 1)·s − 2p + d·(k − 1) + 1": lambda: all(
        (w - 1) * s - 2 * p + d * (k - 1) + 1 == transposed_w_out(w, k, p, s, d) for w, k, p, s, d in LAYERS
    ),
    "out · (in · k · k + 1)": lambda: all(
        n * (m * k * k + 1) == conv_parameters(k, k, m, n) for m, n, k in SIZES
    ),
    "out · (in + 1)": lambda: all(n * (m + 1) == linear_parameters(m, n) for m, n, _ in SIZES),
    "out · h · w · in · k · k": lambda: all(
        n * 6 * 8 * m * k * k == conv_multiply_adds(k, k, m, n, 8, 6) for m, n, k in SIZES
    ),
    "(x / 255 − mean) / std": normalised,
    "pᵢ = exp(zᵢ) / Σ exp(zⱼ)": lambda: torch.allclose(Z.exp() / Z.exp().sum(), Z.softmax(dim=1)),
    "−log p of the true class": lambda: torch.isclose(
        -Z.softmax(dim=1)[0, 1].log(), F.cross_entropy(Z, torch.tensor([1]))
    ),
    "w ← w − lr · gradient": one_step_of_sgd,
    "⌈images / batch size⌉": lambda: all(
        len(Batches(split(n), 7)) == math.ceil(n / 7) for n in (7, 8, 13, 14)
    ),
    "(p + z²/2n ± z · √(p·(1 − p)/n + z²/4n²)) / (1 + z²/n)": lambda: all(
        wilson(right / n, n) == pytest.approx(wilson_interval(right, n), abs=2e-3)
        for right, n in ((0, 100), (9_890, 10_000), (1, 2), (50, 50))
    ),
}


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_of_the_sheet_is_what_is_computed(formula: str) -> None:
    assert any(f"| {formula} |" in line for line in markdown(MAP))
    assert FORMULAS[formula]()


def test_the_rule_for_the_receptive_field_is_that_of_the_package() -> None:
    assert any("| r ← r + (k − 1)·j, then j ← j·s, from r = j = 1 |" in line for line in markdown(MAP))
    r = j = 1
    field = ReceptiveField()
    for k, s in ((5, 1), (2, 2), (3, 2), (5, 1), (2, 2)):
        r, j, field = r + (k - 1) * j, j * s, field.after(k, s)
        assert (field.size, field.jump) == (r, j)
