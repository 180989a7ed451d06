"""The activation browser in a real JupyterLab."""

import pytest

from tests.browser.axe import serious
from tests.widgets.trained import IMPORT

SETUP = f"""{IMPORT}
from cnnlab.widgets import ActivationBrowser
browser = ActivationBrowser(network(), digits().test)
browser
"""


@pytest.fixture
def notebook(open_notebook):
    return open_notebook(SETUP)


def test_a_unit_lights_up_its_field_and_the_keys_alone_lead_everywhere(notebook):
    page = notebook.page
    root = page.locator(".cnnlab")
    assert notebook.broken() == []
    assert root.locator(".channel").count() == 10
    assert root.locator(".said").inner_text().startswith("label ")

    # the mouse: every unit of conv1 sees 5 × 5 pixels
    root.locator(".map").hover(position={"x": 30, "y": 100})
    assert "5\u00a0×\u00a05 of 28\u00a0×\u00a028 pixels" in root.locator(".readout").inner_text()
    assert root.locator(".veil").count() == 1
    root.locator(".box .image").hover(position={"x": 150, "y": 150})
    assert "5 × 5 = 25 units see it" in root.locator(".readout").inner_text()
    page.mouse.move(1, 1)

    # the keys: layers, channels, units, and back in Python
    root.locator(".layers button").first.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowUp", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    notebook.wait()
    assert root.locator(".layers [aria-checked=true]").inner_text().startswith("conv2")
    root.locator(".channel[aria-selected=true]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    root.locator(".hand").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageDown")
    notebook.wait()
    said = notebook.run("print(browser.layer, browser.channel, browser.unit, browser.activation.shape)")
    columns = int(notebook.run("print(browser.channel)")) - 2
    assert said.strip() == f"conv2 {columns + 2} (4, 5) torch.Size([8, 8])"
    assert columns > 1, "the arrow down did not lead into the next line"

    # what Python sets is shown
    notebook.run("browser.index, browser.layer = 12, 'fc2'")
    notebook.wait()
    assert root.locator("input[type=number]").input_value() == "12"
    assert "whole image" in root.locator(".readout").inner_text()
    assert root.locator(".sight .name").count() == 10

    # the images with the strongest units
    root.get_by_role("button", name="strongest images").click()
    notebook.wait()
    assert root.locator(".strong-images button").count() == 9
    root.locator(".strong-images button").nth(2).click()
    notebook.wait()
    assert notebook.run("print(browser.index == browser.strongest()[2].index)").strip() == "True"
    assert serious(page) == []
    assert notebook.broken() == []


# The maps of conv1 are small, and those of no other layer.
SMALL = f"""{IMPORT}
import copy
import torch
from cnnlab.widgets import ActivationBrowser
model = copy.deepcopy(network())
with torch.no_grad():
    model.conv1.weight *= 1e-4
    model.conv1.bias *= 1e-4
browser = ActivationBrowser(model, digits().test, layer="conv1")
browser.searching = True
browser
"""


def as_number(text):
    return float(text.replace("−", "-"))


def test_small_numbers_are_shown_as_what_they_are(open_notebook):
    notebook = open_notebook(SMALL)
    root = notebook.page.locator(".cnnlab")
    maps = notebook.run(
        "import numpy as np\nmaps = np.frombuffer(browser.view['maps'], np.float32)\n"
        "print(abs(maps).max(), maps.min())"
    )
    reach, lowest = map(float, maps.split())
    assert 0 < reach < 0.005
    ends = [as_number(text) for text in root.locator(".legend span").all_inner_texts()]
    assert ends == pytest.approx([-reach, 0, reach], rel=0.1)
    assert as_number(root.locator(".legend").get_attribute("title").split()[-3]) == pytest.approx(
        lowest, rel=0.1
    )

    # the smallest number of the map that is not 0, as a student may come across it
    smallest = notebook.run(
        "unit = browser.activation.abs().argmin().item()\n"
        "browser.unit = (unit // 24, unit % 24)\n"
        "print(float(browser.activation[browser.unit]))"
    )
    notebook.wait()
    said = root.locator(".readout b").inner_text().split(": ")[1]
    assert as_number(said) == pytest.approx(float(smallest), rel=0.5)

    captions = [as_number(text) for text in root.locator(".strong-images .number").all_inner_texts()]
    values = [float(text) for text in notebook.run("print(*[u.value for u in browser.strongest()])").split()]
    assert captions == pytest.approx(values, rel=0.1)
    names = [one.get_attribute("aria-label") for one in root.locator(".strong-images button").all()]
    assert [as_number(name.split(", ")[1]) for name in names] == captions
    assert notebook.broken() == []


def test_a_number_that_no_image_has_is_answered_in_the_widget(notebook):
    root = notebook.page.locator(".cnnlab")
    field = root.locator("input[type=number]")
    field.fill("360")
    assert "choose a whole number from 0 to 359" in root.get_by_role("alert").inner_text()
    field.fill("35")
    notebook.wait()
    assert root.get_by_role("alert").count() == 0
    assert notebook.run("print(browser.index)").strip() == "35"
    field.press("ArrowUp")
    notebook.wait()
    assert notebook.run("print(browser.index)").strip() == "36"
    assert notebook.broken() == []


def test_images_of_another_size_are_explained_in_the_page(open_notebook):
    opened = open_notebook(
        f"{IMPORT}\nimport torch\nfrom cnnlab.widgets import ActivationBrowser\n"
        "ActivationBrowser(network(), torch.rand(3, 1, 32, 32))"
    )
    said = opened.page.locator(".cnnlab .explanation").inner_text()
    assert "fc1 does not fit: it gets 500 numbers" in said
    assert opened.broken() == []


# Begins a cell of five seconds and does not wait for it.
BUSY = """(code) => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  kernel.requestExecute({ code, store_history: false });
}"""
TRAINING = """
import time
model = network().train()
seen, end = [], time.monotonic() + 5
while time.monotonic() < end:
    seen.append(all(layer.training for layer in model.modules()))
    time.sleep(0.001)
"""


def test_while_a_cell_runs_the_widget_says_so_and_leaves_the_network_alone(notebook):
    page, root = notebook.page, notebook.page.locator(".cnnlab")
    page.evaluate(BUSY, TRAINING)
    for _ in range(3):
        root.get_by_role("button", name="the next image").click()
    silence = root.locator(".silence")
    silence.wait_for(timeout=4500)
    busy = "Another cell is running: the answer comes when it has ended."
    unknown = "If another cell is running, the answer comes when it has ended"
    assert silence.inner_text() == busy or unknown in silence.inner_text()
    silence.wait_for(state="hidden", timeout=15000)
    notebook.wait()
    assert notebook.run("print(browser.index, browser.view['index'], all(seen))").strip() == "3 3 True"
    assert root.locator("input[type=number]").input_value() == "3"
    assert notebook.broken() == []


def test_the_next_image_is_shown_before_python_answers(notebook):
    page, root = notebook.page, notebook.page.locator(".cnnlab")
    on = root.get_by_role("button", name="the next image")
    on.click()  # from now on, images are sent ahead
    notebook.wait()
    page.evaluate(BUSY, "import time; time.sleep(3)")
    drawn = "() => document.querySelector('.cnnlab canvas.map').toDataURL()"
    before, said = page.evaluate(drawn), root.locator(".said").inner_text()
    on.click()
    ahead, told = page.evaluate(drawn), root.locator(".said").inner_text()
    assert (ahead, told) != (before, said)
    assert root.locator(".stage.late").count() == 0
    on.click()  # this one Python has to make
    assert root.locator("input[type=number]").input_value() == "3"
    assert (page.evaluate(drawn), root.locator(".said").inner_text()) == (ahead, told), "one image throughout"
    assert root.locator(".stage.late[aria-busy=true]").count() == 1, "and it looks like the wrong one"
    root.locator(".stage.late").wait_for(state="detached", timeout=8000)
    root.get_by_role("button", name="the image before").click()
    notebook.wait()
    assert notebook.run("print(browser.index, browser.view['index'])").strip() == "2 2"
    assert page.evaluate(drawn) == ahead, "what Python makes of it is the same"
    assert notebook.broken() == []


def test_another_layer_is_shown_before_python_answers_and_nothing_jumps(notebook):
    page, root = notebook.page, notebook.page.locator(".cnnlab")
    shown = """() => ["canvas.map", "canvas.image"].map((name) =>
      document.querySelector(`.cnnlab ${name}`).toDataURL()).concat(
      [".readout", ".titles", ".legend", ".channel-panel h3"].map((name) =>
      document.querySelector(`.cnnlab ${name}`).textContent),
      document.querySelector(".cnnlab .sight").innerHTML,
      [...document.querySelectorAll(".cnnlab [aria-checked], .cnnlab [aria-selected]")].map((one) =>
      one.getAttribute("aria-checked") ?? one.getAttribute("aria-selected")).join())"""
    layers = root.locator(".layers")

    def choose(key):
        layers.locator("[tabindex='0']").focus()
        page.keyboard.press(key)

    notebook.run("browser.channel, browser.unit = 7, (4, 6)")
    page.evaluate(BUSY, "import time; time.sleep(2)")
    choose("ArrowRight")
    ahead = page.evaluate(shown)
    assert root.locator(".titles").inner_text().endswith("pool1, channel 7: 12 × 12")
    assert "unit in row 2, column 3: " in root.locator(".readout").inner_text()
    assert root.locator(".stage.late").count() == 0
    notebook.run("pass")  # when it is no more at work
    notebook.wait()
    assert page.evaluate(shown) == ahead, "what Python makes of it stands where it stood"
    said = "print(browser.layer, browser.channel, browser.unit, browser.view['layer'])"
    assert notebook.run(said).strip() == "pool1 7 (2, 3) pool1"

    # there and back, a unit of a layer that Python has not yet heard of, and a layer that is not at hand
    page.evaluate(BUSY, "import time; time.sleep(3)")
    choose("ArrowLeft")
    root.locator(".hand").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageDown")
    assert "unit in row 5, column 8: " in root.locator(".readout").inner_text()
    choose("ArrowRight")
    assert "unit in row 2, column 4: " in root.locator(".readout").inner_text()
    choose("End")
    assert root.locator(".stage.late[aria-busy=true]").count() == 1, "another layer than the one chosen"
    assert "pool1, channel 8" in root.locator(".titles").inner_text()
    choose("Home")
    ahead = page.evaluate(shown)
    assert root.locator(".stage.late").count() == 0
    notebook.run("pass")
    notebook.wait()
    assert page.evaluate(shown) == ahead
    assert notebook.run(said).split()[:2] == ["conv1", "0"], "fc2 is a row: it has no channel 8"
    assert root.get_by_role("alert").count() == 0
    assert notebook.broken() == []


def test_a_layer_that_python_chooses_is_drawn_at_once_where_python_will_stand(notebook):
    root = notebook.page.locator(".cnnlab")
    notebook.run("browser.channel, browser.unit = 7, (20, 22)")
    notebook.wait()
    # the page hears of the layer before it hears of its unit
    notebook.page.evaluate(
        """() => {
      const readout = document.querySelector(".cnnlab .readout");
      window.told = [];
      new MutationObserver(() => window.told.push(readout.textContent.split(": ")[0]))
        .observe(readout, { childList: true, subtree: true });
    }"""
    )
    notebook.run("browser.layer = 'pool1'")
    notebook.wait()
    assert set(notebook.page.evaluate("() => window.told")) == {"unit in row 10, column 11"}
    assert root.locator(".stage.late").count() == 0
    assert notebook.broken() == []


def test_what_was_sent_ahead_is_dropped_when_the_network_fails(notebook):
    page, root = notebook.page, notebook.page.locator(".cnnlab")
    broken = "browser._model.conv1 = nn.Conv2d(1, 10, 5, padding=2)"
    notebook.run(f"import copy\nfrom torch import nn\nbrowser._model = copy.deepcopy(network())\n{broken}")
    root.locator(".layers [tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    notebook.wait()
    assert "the model stops at" in root.get_by_role("alert").inner_text()
    assert root.locator(".stage.late").count() == 1
    assert notebook.broken() == []


def test_a_kernel_that_was_restarted_is_told_in_the_widget(notebook):
    root = notebook.page.locator(".cnnlab")
    root.get_by_role("button", name="the next image").click()
    notebook.wait()
    notebook.page.wait_for_timeout(3500)
    assert not root.locator(".silence").is_visible(), "an answer came"
    notebook.restart()
    root.get_by_role("button", name="the next image").click()
    root.locator(".silence").wait_for(timeout=6000)
    assert (
        "Python does not answer. If another cell is running, the answer comes when it has ended; "
        in root.locator(".silence").inner_text()
    )
    notebook.run_all()
    root.get_by_role("button", name="the next image").click()
    notebook.page.wait_for_timeout(3500)
    assert root.locator(".silence").count() == 1
    assert not root.locator(".silence").is_visible()
