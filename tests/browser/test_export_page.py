"""The exported page: two explorers, interactive from a file, with nothing that leaves it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnnlab.export import export_explorer
from tests.browser.axe import serious


def test_both_explorers_work_from_a_file_without_a_request_or_an_error(browser: Any, tmp_path: Path) -> None:
    file = export_explorer(tmp_path / "explorer.html")
    asked: list[str] = []
    said: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda line: line.type == "error" and said.append(line.text))
    page.goto(file.as_uri())
    page.get_by_role("group", name="Convolution explorer").wait_for()
    assert page.locator(".cnnlab").count() == 2

    convolution = page.locator(".cnnlab").first
    convolution.get_by_label("stride").focus()
    page.keyboard.press("ArrowRight")
    assert "Feature map 13 × 13" in convolution.inner_text()  # (28 − 3) // 2 + 1
    convolution.get_by_label("number of the digit").fill("29")

    network = page.locator(".cnnlab").nth(1)
    assert "21,840" in network.inner_text()
    network.get_by_label("network", exact=True).select_option("cnn_deep")
    assert "870,634" in network.inner_text()

    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert serious(page) == []
    page.close()
