"""The course map: what it says of the other notebooks is what they say themselves."""

import ast
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

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
    return [(stem, unquote(heading)) for stem, heading in found]


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
