"""The ConvolutionExplorer in a real JupyterLab: it draws, follows keys at once, and says what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.axe import serious
from tests.browser.lab import Notebook

CELLS = (
    "from cnnlab import load_data\n"
    "from cnnlab.widgets import ConvolutionExplorer\n"
    "explorer = ConvolutionExplorer(load_data('digits').test)",
    "explorer",
)

# The number of different colours on the feature map's canvas, and its size.
MAP = """() => {
  const canvas = document.querySelectorAll(".cnnlab .out canvas")[0];
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set();
  for (let i = 0; i < data.length; i += 4) colours.add(data.slice(i, i + 3).join());
  return { size: [canvas.height, canvas.width], colours: colours.size };
}"""


@pytest.fixture
def notebook(open_notebook: Callable[..., Notebook]) -> Notebook:
    return open_notebook(*CELLS)


def test_sliders_follow_the_arrow_keys_and_python_follows_the_sliders(notebook: Notebook) -> None:
    page = notebook.page
    before = page.evaluate(MAP)
    assert before["size"] == [26, 26]
    assert before["colours"] > 10
    page.get_by_label("padding").focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.get_by_label("stride").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(MAP)["size"] == [15, 15]  # (28 + 2·2 − 3) // 2 + 1
    page.get_by_label("kernel size").focus()
    page.keyboard.press("ArrowRight")
    notebook.wait()
    said = notebook.run("print(explorer.feature_map.shape, explorer.size, explorer.padding, explorer.stride)")
    assert said == "torch.Size([15, 15]) 4 2 2\n"
    assert notebook.broken() == []


def test_keys_on_the_map_move_the_window_and_space_plays(notebook: Notebook) -> None:
    page = notebook.page
    page.get_by_role("application", name="feature map").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert "28 of 676" in page.locator(".cnnlab .count").inner_text()
    assert "pixel (1, 1)" in page.locator(".cnnlab .sum").inner_text()
    full = page.evaluate(MAP)["colours"]
    page.get_by_label("speed").select_option("fast")
    page.keyboard.press("Home")
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(300)
    page.get_by_role("button", name="Pause").click()
    reached = int(page.locator(".cnnlab .count").inner_text().split()[0])
    assert 1 < reached < 676
    assert page.evaluate(MAP)["colours"] < full, "the map fills as the window moves"
    assert page.get_by_role("button", name="Play").is_visible()
    assert notebook.broken() == []


def test_a_weight_that_is_edited_reaches_python_and_one_with_text_is_refused_in_words(
    notebook: Notebook,
) -> None:
    page = notebook.page
    field = page.get_by_label("weight, row 1, column 1")
    field.fill("2,5")
    notebook.wait()
    assert notebook.run("print(explorer.kernel[0, 0].item(), explorer.kernel_name)") == "2.5 your own\n"
    field.fill("two")
    assert "“two” is not a number" in page.locator(".cnnlab .problem:not(.silence)").inner_text()
    field.fill("-1")
    notebook.wait()
    assert not page.locator(".cnnlab .problem:not(.silence)").is_visible()
    assert notebook.run("print(explorer.kernel[0, 0].item())") == "-1.0\n"
    assert notebook.broken() == []


def test_a_kernel_that_is_too_wide_is_explained_and_the_way_back_is_open(notebook: Notebook) -> None:
    page = notebook.page
    page.get_by_label("kernel size").focus()
    page.keyboard.press("End")
    page.get_by_label("dilation").focus()
    page.keyboard.press("End")
    assert "covers 31 pixels and is wider" in page.locator(".cnnlab .refusal").inner_text()
    notebook.wait()
    assert notebook.run("print(explorer.feature_map)") == "None\n"
    page.keyboard.press("Home")
    assert not page.locator(".cnnlab .refusal").is_visible()
    assert page.evaluate(MAP)["size"] == [18, 18]
    assert notebook.broken() == []


def test_python_sets_it_and_a_state_out_of_range_is_shown_in_the_widget(notebook: Notebook) -> None:
    page = notebook.page
    notebook.run("explorer.index = 300; explorer.kernel_name = 'blur'; explorer.size = 5")
    page.wait_for_function("() => document.querySelector('.cnnlab .out h3').textContent.includes('24 × 24')")
    assert page.get_by_label("number of the digit").input_value() == "300"
    assert page.get_by_label("weight, row 1, column 1").input_value() == "0.04"
    notebook.run("explorer.set_state({'stride': 99})")  # as the browser would send it
    page.wait_for_selector(".cnnlab .problem:not(.silence):not([hidden])")
    assert (
        "stride=99 is out of range: use 1 to 4" in page.locator(".cnnlab .problem:not(.silence)").inner_text()
    )
    assert notebook.broken() == []


def test_it_is_accessible_and_fits_a_narrow_page(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook(*CELLS, width=800, dark=True)
    assert serious(notebook.page) == []
    overflow = "() => { const e = document.querySelector('.cnnlab'); return e.scrollWidth - e.clientWidth }"
    assert notebook.page.evaluate(overflow) <= 0
    assert notebook.broken() == []


def test_without_its_kernel_it_goes_on_and_says_that_python_does_not_hear_it(notebook: Notebook) -> None:
    page = notebook.page
    notebook.restart()
    page.get_by_label("stride").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(MAP)["size"] == [13, 13]  # (28 − 3) // 2 + 1
    silence = page.locator(".cnnlab .silence:not([hidden])")
    silence.wait_for(timeout=6000)
    assert "Python does not hear what you change here" in silence.inner_text()
