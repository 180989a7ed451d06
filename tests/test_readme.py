"""What the README shows works as shown, and what it links to exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cnnlab

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_code_in_the_readme_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGES[0].read_text(encoding="utf-8"), flags=re.DOTALL)
    digits = cnnlab.load_data("digits")
    monkeypatch.setattr(cnnlab, "load_data", lambda: digits)
    exec(code, {})
    shown = capsys.readouterr().out
    assert "20 × 4 × 4 = 320" in shown
    assert "8 × 24 × 24 = 4608" in shown, "what the linear layer of mine gets"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_of_the_project(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not link.startswith("http") and not (page.parent / link).exists()]
    assert missing == []
