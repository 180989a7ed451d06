"""One server and one browser for all browser tests; without a browser they are skipped with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.lab import ARGUMENTS, Notebook, Server
from tools.photograph import find_browser


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


@pytest.fixture(scope="session")
def desk(server: Server, browser: Any) -> Notebook:
    return Notebook(server, browser.new_page())


@pytest.fixture
def open_notebook(desk: Notebook) -> Callable[..., Notebook]:
    """Show a notebook with the cells given; `width` and `dark` choose the page."""

    def opening(*cells: str, width: int = 1280, dark: bool = False) -> Notebook:
        desk.show(*cells, width=width, dark=dark)
        return desk

    return opening
