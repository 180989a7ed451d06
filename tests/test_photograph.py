"""Pictures of explorers for notebooks that are only read."""

from __future__ import annotations

import base64
import io
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
import torch
from PIL import Image

from cnnlab.widgets import ConvolutionExplorer
from cnnlab.widgets.page import Part, part
from tools import photograph


def needs_browser() -> None:
    pytest.importorskip("playwright", reason="Playwright is not installed")
    if photograph.find_browser() is None:
        pytest.skip("no Chromium or Chrome is installed; CNNLAB_BROWSER can name one")


def stored(explorer: ConvolutionExplorer) -> nbformat.NotebookNode:
    """A notebook as nbclient leaves it: a cell that shows the explorer, and the explorer's state."""
    state = explorer.get_state()
    raw = {name: bytes(value) for name, value in state.items() if isinstance(value, (bytes, memoryview))}
    buffers = [
        {"path": [name], "encoding": "base64", "data": base64.b64encode(value).decode()}
        for name, value in raw.items()
    ]
    widget = {"state": {n: v for n, v in state.items() if n not in raw}, "buffers": buffers}
    view = {photograph.WIDGET_VIEW: {"model_id": explorer.model_id}, "text/plain": repr(explorer)}
    cell = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", view)])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata.widgets = {photograph.WIDGET_STATE: {"state": {explorer.model_id: widget}}}
    return nbformat.from_dict(notebook)


def photographed(parts: list[Part]) -> list[bytes]:
    """In a thread of its own: Playwright allows one browser in each, and other tests have one open."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(photograph.photograph, parts).result()


def picture_of(explorer: ConvolutionExplorer) -> Image.Image:
    notebook = stored(explorer)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(photograph.add_pictures, notebook).result()
    return Image.open(io.BytesIO(base64.b64decode(notebook.cells[0].outputs[0].data["image/png"])))


def test_the_picture_shows_the_explorer_as_it_stands() -> None:
    needs_browser()
    black, white = (picture_of(ConvolutionExplorer(torch.full((28, 28), level))) for level in (0, 255))
    assert black.size == white.size
    assert black.width > 1000
    middle = (200, black.height // 2)  # in the input image
    assert black.convert("L").getpixel(middle) < 30
    assert white.convert("L").getpixel(middle) > 225


def test_the_same_explorer_gives_the_same_bytes() -> None:
    needs_browser()
    shown = part(ConvolutionExplorer(torch.arange(784).view(28, 28)))
    first, second = photographed([shown, shown])
    assert first == second


def test_a_notebook_without_explorers_needs_no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CNNLAB_BROWSER", raising=False)
    monkeypatch.setattr(photograph.shutil, "which", lambda name: None)
    photograph.add_pictures(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")]))


def test_a_missing_browser_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CNNLAB_BROWSER", raising=False)
    monkeypatch.setattr(photograph.shutil, "which", lambda name: None)
    with pytest.raises(photograph.NoBrowser, match=r"apt install chromium|pip install playwright"):
        photograph.add_pictures(stored(ConvolutionExplorer(torch.zeros(28, 28))))
