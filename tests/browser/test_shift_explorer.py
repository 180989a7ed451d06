"""The shift explorer in a real JupyterLab."""

from tests.browser.axe import serious

SETUP = """
import torch
from cnnlab.data import load_data
from cnnlab.widgets import ShiftExplorer
train = load_data("digits").train
means = torch.stack([train.images[train.labels == digit].double().mean(dim=0) for digit in range(10)])
explorer = ShiftExplorer(train.images[train.labels == 7][0], means)
explorer
"""


def test_the_digit_follows_mouse_and_keys(open_notebook):
    notebook = open_notebook(SETUP)
    page = notebook.page
    root = page.locator(".cnnlab")
    assert notebook.broken() == []
    assert "The answer is 7." in root.inner_text()

    root.locator(".hand").focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    notebook.wait()
    assert notebook.run("print(explorer.dx, explorer.dy)").strip() == "-2 1"

    pixel = root.locator(".hand canvas").bounding_box()["width"] / 28
    box = root.locator(".hand").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 2 * pixel, y + 3 * pixel, steps=5)
    page.mouse.move(x - 4 * pixel, y + 500, steps=5)  # beyond the last pixel that it can go
    page.mouse.up()
    page.mouse.move(x, y)  # without the button nothing moves
    notebook.wait()
    assert notebook.run("print(explorer.dx, explorer.dy)").strip() == "-6 8"
    answer = notebook.run("print(explorer.answer, f'{explorer.distances.min():.2f}')").split()
    assert f"nearest average: {answer[0]}" in root.inner_text()
    assert answer[1] in root.locator(".distance.nearest").inner_text()

    root.get_by_role("button", name="move it back").click()
    root.get_by_role("slider", name="to the right").press("ArrowRight")
    notebook.wait()
    assert notebook.run("print(explorer.dx, explorer.dy)").strip() == "1 0"

    notebook.run("explorer.dx = 5")
    notebook.wait()
    assert root.get_by_role("slider", name="to the right").input_value() == "5"
    notebook.run("explorer.set_state({'dx': 30})")
    notebook.wait()
    assert "choose -8 to 8 pixels" in root.get_by_role("alert").inner_text()
    assert serious(page) == []
    assert notebook.broken() == []


def test_without_its_kernel_it_goes_on_and_says_that_python_does_not_hear_it(open_notebook):
    notebook = open_notebook(SETUP)
    page = notebook.page
    notebook.restart()
    page.locator(".cnnlab .hand").focus()
    page.keyboard.press("ArrowRight")
    silence = page.locator(".cnnlab .silence:not([hidden])")
    silence.wait_for(timeout=6000)
    assert "Python does not hear what you change here" in silence.inner_text()
