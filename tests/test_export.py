from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cnnlab.cli import app
from cnnlab.export import explorer_page, export_explorer


def export(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["export-explorer", *arguments])
    return result.exit_code, result.output


def test_the_command_writes_one_page_of_under_200_kilobytes(tmp_path: Path) -> None:
    code, said = export(str(tmp_path / "out.html"))
    assert code == 0
    assert "out.html" in said
    assert (tmp_path / "out.html").stat().st_size < 200_000
    assert [file.name for file in tmp_path.iterdir()] == ["out.html"]


def test_nothing_on_the_page_leads_out_of_it() -> None:
    text = explorer_page()
    addresses = set(re.findall(r"https?://[^\s\"'`<>)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}, "the name of SVG is no request"
    assert "default-src 'none'" in text
    assert not re.findall(r"<(?:script|img|link)[^>]+(?:src|href)=\"(?!data:)", text)


def test_the_page_in_docs_is_the_one_that_the_command_writes() -> None:
    page = Path(__file__).resolve().parent.parent / "docs" / "explorer.html"
    state = re.compile(r"new PageModel\(.*\);")  # digits are resized by Pillow, which may change
    stored, made = (state.sub("", text) for text in (page.read_text(encoding="utf-8"), explorer_page()))
    assert stored == made, "write it anew: cnnlab export-explorer docs/explorer.html --replace"


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    mine = tmp_path / "mine.html"
    mine.write_text("precious")
    code, said = export(str(mine))
    assert code == 1
    assert "--replace" in said
    assert mine.read_text() == "precious"
    assert export(str(mine), "--replace")[0] == 0
    assert mine.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(("place", "words"), [("", "is a folder"), ("none/out.html", "there is no folder")])
def test_a_place_that_cannot_be_written_is_refused_in_words(tmp_path: Path, place: str, words: str) -> None:
    code, said = export(str(tmp_path / place))
    assert code == 1
    assert words in said


def test_a_page_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing() -> str:
        raise OSError("the disk is full")

    monkeypatch.setattr("cnnlab.export.explorer_page", failing)
    with pytest.raises(OSError, match="full"):
        export_explorer(tmp_path / "out.html")
    assert list(tmp_path.iterdir()) == []
