"""The NetworkExplorer in a real JupyterLab, and on a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cnnlab.widgets import NetworkExplorer
from cnnlab.widgets.page import page, part
from tests.browser.axe import serious
from tests.browser.lab import Notebook

CELLS = ("from cnnlab.widgets import NetworkExplorer\nexplorer = NetworkExplorer()", "explorer")
SAID = ".cnnlab .network-says"
FLATTEN = ".cnnlab .network-flatten"
TOO_WIDE = (
    "conv2 does not fit: it gets 6×6 pixels, and k=11 is wider than the padded input (6 px): "
    "use k <= 6, or p >= 3."
)

# Names of the drawn layers with their sizes, as the drawing says them.
DRAWN = """() => [...document.querySelectorAll(".cnnlab .network-layer")].map((layer) =>
  [...layer.querySelectorAll("text")].map((text) => text.textContent).join(" "))"""


@pytest.fixture
def notebook(open_notebook: Callable[..., Notebook]) -> Notebook:
    return open_notebook(*CELLS)


@pytest.fixture
def alone(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open an explorer without a kernel; what goes wrong on its page fails the test."""
    wrong: list[str] = []
    opened = []

    def opening(explorer: NetworkExplorer, width: int = 1280) -> Any:
        file = tmp_path / "explorer.html"
        file.write_text(page("", [part(explorer)]), encoding="utf-8")
        made = browser.new_page(viewport={"width": width, "height": 1000})
        opened.append(made)
        made.on("pageerror", lambda error: wrong.append(str(error)))
        made.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        made.on("request", lambda asked: asked.url.startswith("http") and wrong.append(asked.url))
        made.goto(file.as_uri())
        return made

    yield opening
    for made in opened:
        made.close()
    assert wrong == []


def test_keys_change_the_network_and_python_follows(notebook: Notebook) -> None:
    page = notebook.page
    assert page.locator(FLATTEN).inner_text() == "20 × 4 × 4 = 320"
    for block in (1, 2):
        page.get_by_label(f"padding of block {block}").focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
    assert page.locator(FLATTEN).inner_text() == "20 × 7 × 7 = 980"
    assert "pool2 20 × 7 × 7" in page.evaluate(DRAWN)
    page.get_by_role("button", name="3", exact=True).press("Enter")
    notebook.wait()
    said = notebook.run("print(explorer.flatten, explorer.build().conv3, explorer.parameters)")
    assert said.startswith("360 Conv2d(20, 40, kernel_size=(3, 3)")
    notebook.run("explorer.settings = explorer.presets['cnn_deep']")
    page.locator(FLATTEN, has_text="64 × 7 × 7 = 3,136").wait_for()
    assert page.get_by_label("network", exact=True).input_value() == "cnn_deep"
    assert notebook.broken() == []


def test_a_wrong_fc1_gets_the_whole_answer_of_explain(notebook: Notebook) -> None:
    page = notebook.page
    page.get_by_label("fc1 takes").fill("980")
    page.get_by_text("2. padding=2 in conv1 and conv2: then 20 × 7 × 7 = 980").wait_for()
    assert page.locator(SAID).inner_text() == notebook.run("print(explorer.explain(980))").rstrip("\n")
    assert notebook.run("print(explorer.fc1)") == "980\n"
    page.get_by_role("button", name="take 320").press("Enter")
    assert page.locator(SAID).is_hidden()
    notebook.wait()
    assert notebook.run("print(explorer.fc1)") == "None\n"
    assert notebook.broken() == []


def test_an_answer_does_not_disturb_who_goes_on_typing(notebook: Notebook) -> None:
    page = notebook.page
    field = page.get_by_label("fc1 takes")
    field.fill("400")
    page.wait_for_timeout(250)  # the question has gone out
    field.fill("")
    page.wait_for_timeout(1500)  # and the answer has come
    assert field.input_value() == ""
    assert field.get_attribute("aria-invalid") == "true"
    assert "a whole number" in page.locator(".network-verdict").inner_text()
    field.type("180")
    assert field.input_value() == "180"
    assert notebook.broken() == []


def test_a_refused_setting_is_told_and_the_network_stays(notebook: Notebook) -> None:
    page = notebook.page
    notebook.run("explorer.set_state({'settings': {'blocks': [{'kernel': 99}]}})")
    notebook.wait()
    assert "kernel=99 cannot be" in page.locator(".cnnlab .problem:not(.silence)").inner_text()
    page.get_by_label("stride of block 1").press("ArrowRight")
    assert page.locator(".cnnlab .problem:not(.silence)").is_hidden()
    assert page.locator(FLATTEN).inner_text() == "20 × 1 × 1 = 20"
    assert notebook.broken() == []


@pytest.mark.parametrize(("width", "dark"), [(800, True), (1600, False)])
def test_nothing_is_cut_off_and_axe_finds_nothing_serious(
    open_notebook: Callable[..., Notebook], width: int, dark: bool
) -> None:
    notebook = open_notebook(*CELLS, width=width, dark=dark)
    page = notebook.page
    page.get_by_role("button", name="3", exact=True).click()
    page.get_by_label("fc1 takes").fill("7")
    page.get_by_text("The network as code").click()
    notebook.wait()
    assert serious(page) == []
    ends = "() => ['scrollWidth', 'clientWidth'].map((end) => document.querySelector('.cnnlab')[end])"
    content, room = page.evaluate(ends)
    assert content == room
    assert notebook.broken() == []


def test_without_a_kernel_it_explains_a_wrong_fc1_itself(alone: Callable[..., Any]) -> None:
    page = alone(NetworkExplorer("cnn_deep"))
    page.get_by_label("fc1 takes").fill("980")
    said = page.locator(SAID).inner_text().splitlines()
    expected = str(NetworkExplorer("cnn_deep").explain(980)).splitlines()
    assert said[:9] == expected[:9]
    assert "  1. self.fc1 = nn.Linear(3136, 256)" in said
    page.get_by_label("fc1 takes").fill("-1")
    assert "a whole number, 1 to 999,999" in page.locator(".network-verdict").inner_text()
    page.get_by_label("fc1 takes").press("Tab")
    assert page.get_by_label("fc1 takes").input_value() == "980"
    assert "does not fit" in page.locator(".network-verdict").inner_text()
    page.get_by_role("button", name="take 3,136").click()
    assert page.locator(".network-verdict").inner_text() == "fits"


def test_a_layer_that_does_not_fit_is_explained_where_it_stands(alone: Callable[..., Any]) -> None:
    page = alone(NetworkExplorer())
    page.get_by_label("kernel of block 2").focus()
    page.keyboard.press("End")
    page.get_by_label("pooling window of block 1").press("End")
    assert page.locator(".network-status").inner_text() == TOO_WIDE
    row = page.locator(".network-table tbody tr").filter(has=page.locator("th", has_text="conv2"))
    assert TOO_WIDE in row.inner_text()
    drawn = page.evaluate(DRAWN)
    assert "pool1 10 × 6 × 6" in drawn
    assert "conv2 does not fit" in drawn
    assert "pool2 —" in drawn
    page.get_by_label("kernel of block 2").focus()
    page.keyboard.press("Home")
    assert "conv2 20 × 6 × 6" in page.evaluate(DRAWN)


def test_a_row_and_its_volume_light_up_together(alone: Callable[..., Any]) -> None:
    page = alone(NetworkExplorer())
    lit = "() => document.querySelector('.network-layer.lit text')?.textContent ?? ''"
    page.locator(".network-table tbody tr").first.focus()
    for name in ("conv1", "pool1", "pool1", "conv2"):  # relu1 works on pool1
        page.keyboard.press("ArrowDown")
        assert page.evaluate(lit) == name
    assert "(5·5·10 + 1)·20 = 5,020 parameters" in page.locator(".network-status").inner_text()
    assert "a unit sees 14 × 14 px" in page.locator(".network-status").inner_text()
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(lit) == ""
    page.locator(".network-layer").nth(2).locator("text").first.hover()
    assert page.locator(".network-table tr.lit th").inner_text().startswith("pool1")


def test_the_code_is_copied_or_marked(alone: Callable[..., Any]) -> None:
    page = alone(NetworkExplorer("lenet_dropout"))
    page.get_by_text("The network as code").press("Enter")
    page.evaluate(
        "() => { Object.defineProperty(navigator, 'clipboard', { configurable: true, value: "
        "{ writeText: async (text) => { window.copied = text; } } }); }"
    )
    page.get_by_role("button", name="Copy").press("Enter")
    page.get_by_role("button", name="Copied").wait_for()
    space: dict[str, Any] = {}
    exec(page.evaluate("window.copied"), space)
    assert sum(p.numel() for p in space["Net"]().parameters()) == 10_592
    page.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.get_by_role("button", name="Cop").press("Enter")
    page.get_by_role("button", name="Marked").wait_for()
    assert "class Net(nn.Module)" in page.evaluate("String(getSelection())")


def test_without_its_kernel_it_goes_on_and_says_that_python_does_not_hear_it(notebook: Notebook) -> None:
    page = notebook.page
    notebook.restart()
    page.get_by_label("kernel of block 2").focus()
    page.keyboard.press("Home")
    assert "conv2 20 × 12 × 12" in page.evaluate(DRAWN)
    silence = page.locator(".cnnlab .silence:not([hidden])")
    silence.wait_for(timeout=6000)
    assert "Python does not hear what you change here" in silence.inner_text()
