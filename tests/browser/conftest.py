"""One server and one browser for all browser tests; without a browser they are skipped with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.lab import ARGUMENTS, Notebook, Server, find_browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = find_browser()
    if path is None:
        pytest.skip("no Chromium or Chrome is installed; CNNLAB_BROWSER can name one")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("lab"))
    yield made
    made.stop()


@pytest.fixture
def open_notebook(server: Server, browser: Any) -> Iterator[Callable[..., Notebook]]:
    """Open a notebook with the cells given; `width` and `dark` choose the page."""
    opened: list[Notebook] = []

    def opening(*cells: str, width: int = 1280, dark: bool = False) -> Notebook:
        theme = "JupyterLab Dark" if dark else "JupyterLab Light"
        server.set("@jupyterlab/apputils-extension/themes", {"theme": theme})
        page = browser.new_page(viewport={"width": width, "height": 1000})
        notebook = Notebook(server, page, list(cells), name=f"test{len(opened)}")
        opened.append(notebook)
        notebook.run_all()
        return notebook

    yield opening
    for notebook in opened:
        notebook.close()
