"""The ConvolutionExplorer in a real JupyterLab: it draws, follows keys at once, and says what is wrong."""

from __future__ import annotations

import re
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


# The texts of the window's cells that are wider than their cell.
CUT = """() => [...document.querySelectorAll(".cnnlab .cell > *")]
  .filter((part) => part.offsetParent && getComputedStyle(part).fontSize !== "0px")
  .filter((part) => part.scrollWidth > part.clientWidth).map((part) => part.textContent || part.value)"""


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
    for kernel in ("blur", "vertical edges"):
        page.get_by_label("kernel", exact=True).select_option(kernel)
    assert page.evaluate(MAP)["colours"] == full, "after a change the whole map is there"
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


def test_the_drawing_cursor_reaches_every_pixel_and_escape_gives_the_arrows_back(notebook: Notebook) -> None:
    page = notebook.page
    page.get_by_label("image", exact=True).select_option("drawn by you")
    box = page.get_by_role("application", name="input")
    box.focus()
    note = page.locator(".cnnlab .in .note")
    page.keyboard.press("Home")
    assert "row 0, column 0, no ink" in note.inner_text()
    page.keyboard.press("Space")
    assert "row 0, column 0, ink 255" in note.inner_text()
    page.keyboard.press("End")
    assert "row 27, column 27, no ink" in note.inner_text()
    page.keyboard.press("ArrowDown")  # no further
    page.keyboard.press("Space")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    for key in ("Space", "Space", "Space", "Delete", "Delete"):
        page.keyboard.press(key)
    assert "row 26, column 26, no ink" in note.inner_text()
    notebook.wait()
    assert notebook.run("print(explorer.image.nonzero().tolist(), explorer.image.sum().item())") == (
        "[[0, 0], [27, 27]] 510.0\n"
    )
    draw = page.get_by_role("button", name="Draw")
    assert draw.get_attribute("aria-pressed") == "true", "Python's echo does not end the drawing"
    page.keyboard.press("Escape")
    assert draw.get_attribute("aria-pressed") == "false"
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.locator(".cnnlab .count").inner_text() == "2 of 676"
    draw.click()
    box.click(position={"x": 170, "y": 5 + 12 * 20 + 6})  # the mouse takes the cursor along
    assert "row 20, column 13, ink 255" in note.inner_text()
    assert notebook.broken() == []


def test_where_one_side_does_not_fit_its_formula_is_shown(open_notebook: Callable[..., Notebook]) -> None:
    image = "import torch\nfrom cnnlab.widgets import ConvolutionExplorer\n"
    notebook = open_notebook(f"{image}ConvolutionExplorer(torch.rand(12, 6), size=7)")
    page = notebook.page
    formula = page.locator(".cnnlab .formula p").first
    assert formula.inner_text() == "width = ⌊(6 + 2·0 − 7) / 1⌋ + 1 = none"
    page.get_by_label("kernel size").focus()
    page.keyboard.press("Home")
    assert formula.inner_text() == "height = ⌊(12 + 2·0 − 1) / 1⌋ + 1 = 12"
    assert notebook.broken() == []


@pytest.mark.parametrize("operation", ["convolution", "average pooling", "max pooling"])
def test_large_numbers_are_not_cut(open_notebook: Callable[..., Notebook], operation: str) -> None:
    notebook = open_notebook(
        "import torch\nfrom cnnlab.widgets import ConvolutionExplorer\n"
        "image = -9.87654321 * 10.0 ** (torch.arange(900).view(30, 30) % 30 - 3)\n"
        f"explorer = ConvolutionExplorer(image, torch.full((3, 3), 999999.0), operation={operation!r})",
        "explorer",
    )
    page = notebook.page
    page.get_by_role("application", name="feature map").focus()
    for size in (3, 4, 5, 7):
        notebook.run(f"explorer.kernel = -123456.7 * torch.ones({size}, {size})")
        page.wait_for_function(
            "(count) => document.querySelectorAll('.cnnlab .cell').length === count", arg=size**2
        )
        page.keyboard.press("Home")
        for _ in range(30 - size + 1):
            assert page.evaluate(CUT) == [], size
            page.keyboard.press("ArrowRight")
    assert re.search(r"\de\d\d → pixel", page.locator(".cnnlab .sum").inner_text().replace("\n", " "))
    assert notebook.broken() == []


def test_small_numbers_are_neither_cut_nor_written_0(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook(
        "import torch\nfrom cnnlab.widgets import ConvolutionExplorer\n"
        "image = -9.87654321 * 10.0 ** -(torch.arange(900).view(30, 30) % 30)\n"
        "explorer = ConvolutionExplorer(image)",
        "explorer",
        width=800,
    )
    page = notebook.page
    page.get_by_role("application", name="feature map").focus()
    zeros = """() => [...document.querySelectorAll(".cnnlab .cell > *")]
      .filter((part) => /^−?[.0]+$/.test(part.textContent || part.value)).length"""
    for size in (3, 5, 11):
        notebook.run(
            f"explorer.kernel = -1.234e-3 * 10.0 ** -torch.arange({size}) * torch.ones({size}, {size})"
        )
        page.wait_for_function(
            "(count) => document.querySelectorAll('.cnnlab .cell').length === count", arg=size**2
        )
        page.keyboard.press("Home")
        for _ in range(30 - size + 1):
            assert (page.evaluate(CUT), page.evaluate(zeros)) == ([], 0), size
            page.keyboard.press("ArrowRight")
    assert notebook.broken() == []


def test_the_list_of_images_follows_python(notebook: Notebook) -> None:
    page = notebook.page
    source = page.get_by_label("image", exact=True)

    def shown(name: str) -> None:
        page.wait_for_function("(name) => document.querySelector('.cnnlab select').value === name", arg=name)

    notebook.run("import torch; explorer.image = torch.eye(12)")
    shown("image")
    assert not page.get_by_label("number of the digit").is_visible()
    source.select_option("cross")
    notebook.run("explorer.index = 3")
    shown("digit")
    assert page.get_by_label("number of the digit").input_value() == "3"
    notebook.run("explorer.index = None")
    shown("image")
    source.select_option("drawn by you")
    assert page.get_by_role("button", name="Draw").get_attribute("aria-pressed") == "true"
    notebook.run("explorer.image = torch.eye(12)")
    shown("image")
    assert not page.get_by_role("button", name="Draw").is_visible()
    source.select_option("digit")  # the number that was shown last
    notebook.wait()
    assert notebook.run("print(explorer.index, tuple(explorer.image.shape))") == "3 (28, 28)\n"
    source.select_option("image")
    notebook.wait()
    assert notebook.run("print(explorer.index, torch.equal(explorer.image, torch.eye(12)))") == "None True\n"
    assert notebook.broken() == []


def test_the_sum_is_not_spoken_while_playing_but_where_it_stops(notebook: Notebook) -> None:
    page = notebook.page
    page.evaluate("""() => {
      const sum = document.querySelector(".cnnlab .sum");
      window.spoken = 0;
      const count = () => (window.spoken += sum.getAttribute("aria-live") === "polite");
      new MutationObserver(count).observe(sum, { childList: true });
    }""")
    page.get_by_label("speed").select_option("fast")
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(300)
    assert page.evaluate("window.spoken") == 0
    page.get_by_role("button", name="Pause").click()
    assert page.evaluate("window.spoken") == 1
    assert notebook.broken() == []


def test_it_is_accessible_and_fits_a_narrow_page(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook(*CELLS, width=800, dark=True)
    assert serious(notebook.page) == []
    overflow = "() => { const e = document.querySelector('.cnnlab'); return e.scrollWidth - e.clientWidth }"
    assert notebook.page.evaluate(overflow) <= 0
    input_box, map_box = (
        notebook.page.locator(f".cnnlab .{side} .box").bounding_box() for side in ("in", "out")
    )
    assert input_box["y"] == map_box["y"], "both are in one view"
    notebook.page.locator(".cnnlab .out .box").click(position={"x": 5 + 9 * 25.5, "y": 5 + 9 * 3.5})
    assert "pixel (3, 25)" in notebook.page.locator(".cnnlab .sum").inner_text()
    notebook.page.get_by_label("image", exact=True).select_option("drawn by you")
    notebook.page.get_by_label("padding").press("End")
    assert serious(notebook.page) == []
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


def test_a_kernel_that_goes_while_the_window_walks_is_told_at_once(notebook: Notebook) -> None:
    page = notebook.page
    page.get_by_role("button", name="Play").click()
    restart = "() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    page.evaluate(restart)  # not `notebook.restart`, which waits until nothing moves
    silence = page.locator(".cnnlab .silence:not([hidden])")
    silence.wait_for(timeout=8000)
    assert "run this cell again" in silence.inner_text()
    assert page.get_by_role("button", name="Pause").is_visible(), "it walks on"
    page.get_by_role("button", name="Pause").click()


def test_a_single_image_that_is_a_pattern_is_named_and_can_be_come_back_to(
    open_notebook: Callable[..., Notebook],
) -> None:
    notebook = open_notebook(
        "import torch\nfrom cnnlab.widgets import ConvolutionExplorer\n"
        "line = torch.zeros(9, 9)\nline[:, 4] = 255\nexplorer = ConvolutionExplorer(line)",
        "explorer",
    )
    source = notebook.page.get_by_label("image", exact=True)
    assert source.input_value() == "vertical line"
    source.select_option("cross")
    source.select_option("image")
    notebook.wait()
    assert notebook.run("print(torch.equal(explorer.image, line))") == "True\n"
    assert notebook.broken() == []


def test_an_image_that_was_given_can_be_come_back_to_in_a_later_view(
    open_notebook: Callable[..., Notebook],
) -> None:
    notebook = open_notebook(
        "import torch\nfrom cnnlab.widgets import ConvolutionExplorer\n"
        "image = torch.arange(81.0).view(9, 9)\nexplorer = ConvolutionExplorer(image)\n"
        "line = torch.zeros(9, 9)\nline[:, 4] = 255\n"
        "explorer.pixels = line.numpy().tobytes()",  # as another view does with the vertical line
        "explorer",
    )
    source = notebook.page.get_by_label("image", exact=True)
    for name in ("cross", "image"):
        source.select_option(name)
    notebook.wait()
    assert notebook.run("print(torch.equal(explorer.image, image), explorer.problem)") == "True \n"
    notebook.run("explorer.image = line")
    notebook.wait()
    for name in ("cross", "image"):
        source.select_option(name)
    notebook.wait()
    assert notebook.run("print(torch.equal(explorer.image, line), explorer.problem)") == "True \n"
    assert notebook.broken() == []


def test_a_drawing_outlives_fast_keys_python_and_other_views(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook(*CELLS, "explorer")
    page = notebook.page
    first, second = page.locator(".cnnlab").nth(0), page.locator(".cnnlab").nth(1)
    sources = [view.get_by_label("image", exact=True) for view in (first, second)]
    sources[0].select_option("drawn by you")
    first.get_by_role("application", name="input").focus()
    page.keyboard.press("Home")
    for _ in range(20):
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
    page.wait_for_timeout(1000)
    column = "print(explorer.image[:, 0].count_nonzero().item(), explorer.image.count_nonzero().item())"
    assert notebook.run(column) == "20 20\n"
    assert sources[0].input_value() == sources[1].input_value() == "drawn by you"
    notebook.run("explorer.index = 3")
    notebook.wait()
    assert sources[0].input_value() == "digit"
    sources[1].select_option("drawn by you")
    notebook.wait()
    assert notebook.run(column) == "20 20\n"
    assert sources[0].input_value() == "drawn by you"
    assert notebook.broken() == []


def test_a_field_that_is_left_shows_what_counts(notebook: Notebook) -> None:
    page = notebook.page
    problem = page.locator(".cnnlab .problem:not(.silence)")
    for field, wrong, says in (
        (page.get_by_label("bias"), "abc", "“abc” is not a number"),
        (page.get_by_label("bias"), "", "a bias is missing"),
        (page.get_by_label("weight, row 1, column 1"), "1,000", "can be read in two ways"),
    ):
        before = field.input_value()
        field.fill(wrong)
        assert says in problem.inner_text()
        field.press("Tab")
        assert not problem.is_visible()
        assert field.input_value() == before
    for field, small in (
        (page.get_by_label("weight, row 1, column 1"), "0.0004"),
        (page.get_by_label("bias"), "0.0002"),
    ):
        field.fill(small)
        field.press("Tab")
        assert field.input_value() == small
    assert notebook.broken() == []
