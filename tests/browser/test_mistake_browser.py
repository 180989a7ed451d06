"""The mistake browser in a real JupyterLab."""

from tests.browser.axe import serious
from tests.widgets.trained import IMPORT

SETUP = f"""{IMPORT}
from cnnlab.widgets import MistakeBrowser
browser = MistakeBrowser(network(), digits().test, digits().train)
browser
"""


def test_mistakes_are_filtered_and_one_is_seen_in_full_with_the_keys_alone(open_notebook):
    notebook = open_notebook(SETUP, width=1400)
    page = notebook.page
    root = page.locator(".cnnlab")
    assert notebook.broken() == []
    total = int(notebook.run("print(len(browser.mistakes))"))
    assert root.locator(".thumbnail").count() == total
    assert root.locator(".neighbours figure").count() == 5  # asked for when the choice had come to rest
    assert "wins by" in root.locator(".margin").inner_text()
    assert root.locator(".logit.answer").count() == root.locator(".logit.label").count() == 1

    # the next mistake, by key: its logits are there at once, then its maps
    before = root.locator(".chosen-title").inner_text()
    root.locator(".thumbnail[aria-selected=true]").focus()
    page.keyboard.press("ArrowRight")
    assert root.locator(".chosen-title").inner_text() != before
    notebook.wait()
    same = (
        "browser.index == browser.mistakes[1].index == browser.nearest['index'] == browser.view['entry'][0]"
    )
    assert notebook.run(f"print({same})").strip() == "True"

    # the counts as a filter: down and right from "all"
    root.get_by_role("gridcell", name="all mistakes").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")  # label 0, taken for 1
    notebook.wait()
    said = notebook.run("print(browser.true, browser.predicted, len(browser.mistakes))").split()
    assert said[:2] == ["0", "1"]
    assert root.locator(".thumbnail").count() == int(said[2])
    assert root.locator(".nothing").is_visible() == (said[2] == "0")
    root.get_by_role("button", name="show all mistakes").click()
    notebook.wait()
    assert root.locator(".thumbnail").count() == total

    # confidence
    root.get_by_label("confidence from").focus()
    for _ in range(5):
        page.keyboard.press("PageUp")
    notebook.wait()
    low = notebook.run("print(browser.confidence[0])")
    assert float(low) > 0
    assert root.locator(".thumbnail").count() == int(notebook.run("print(len(browser.mistakes))")) < total

    # limits between two steps of the sliders
    notebook.run("browser.confidence = (99.5, 99.7)")
    notebook.wait()
    assert root.locator(".slider output").all_inner_texts() == ["99.5 %", "99.7 %"]
    assert root.get_by_label("confidence from").get_attribute("aria-valuetext") == "99.5 %"
    root.get_by_label("confidence to").press("ArrowLeft")
    notebook.wait()
    assert root.locator(".slider output").all_inner_texts() == ["99 %", "99 %"]
    assert notebook.run("print(browser.confidence)").strip() == "(99.0, 99.0)"

    # what Python refuses is shown, what it takes is drawn
    notebook.run("browser.reset()")
    notebook.run("browser.set_state({'true': 17})")
    notebook.wait()
    assert "the classes are 0 to 9" in root.get_by_role("alert").inner_text()
    notebook.run("browser.set_state({'true': None})")
    notebook.wait()
    assert root.locator(".thumbnail").count() == total
    assert serious(page) == []
    assert notebook.broken() == []


def test_another_layer_and_the_next_mistake_are_shown_before_python_answers(open_notebook):
    notebook = open_notebook(SETUP, width=1400)
    page, root = notebook.page, notebook.page.locator(".cnnlab")
    drawn = "() => document.querySelector('.cnnlab canvas.map').toDataURL()"
    busy = """() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute(
      { code: "import time; time.sleep(1)", store_history: false })"""
    for place, key, title in (
        (".layers", "ArrowRight", "pool1, channel 0: 12 × 12"),
        (".thumbnails", "ArrowRight", "pool1, channel 0: 12 × 12"),
        (".layers", "ArrowLeft", "conv1, channel 0: 24 × 24"),
    ):
        if place == ".thumbnails":  # the first mistake that is chosen is not yet sent ahead
            root.locator(".thumbnail").nth(1).click()
            notebook.wait()
        root.locator(f"{place} [tabindex='0']").focus()
        before = page.evaluate(drawn)
        page.evaluate(f"() => {{ ({busy})(); }}")
        page.keyboard.press(key)
        ahead = page.evaluate(drawn)
        readout = root.locator(".readout").inner_text()
        assert ahead != before
        assert root.locator(".titles").inner_text().endswith(title)
        assert root.locator(".stage.late").count() == 0
        notebook.run("pass")  # after the second that it is at work
        notebook.wait()
        assert (page.evaluate(drawn), root.locator(".readout").inner_text()) == (ahead, readout)
    same = "browser.view['index'] == browser.index == browser.mistakes[2].index, browser.view['layer']"
    assert notebook.run(f"print({same})").strip() == "True conv1"
    assert notebook.broken() == []


def test_further_training_shows_at_the_next_choice_and_a_restart_is_told(open_notebook):
    notebook = open_notebook(
        SETUP.replace("MistakeBrowser(network()", "MistakeBrowser(model").replace(
            "browser =", "from cnnlab import models\nmodel = models.build('cnn_320')\nbrowser ="
        )
    )
    page = notebook.page
    root = page.locator(".cnnlab")
    before = root.locator(".headline").inner_text()
    notebook.run("model.load_state_dict(network().state_dict())")
    root.locator(".thumbnail[aria-selected=true]").focus()
    page.keyboard.press("ArrowRight")
    notebook.wait()
    headline = root.locator(".headline").inner_text()
    assert headline != before
    mistakes, right = notebook.run("print(len(browser.mistakes), browser.summary['correct'])").split()
    assert f"{right} of 360 right" in headline
    assert root.locator(".mistakes").count() == 1
    assert root.locator(".thumbnail").count() == int(mistakes)
    assert root.locator(".thumbnail:focus").count() == 1, "the keys go on where they were"
    page.keyboard.press("ArrowRight")
    notebook.wait()
    assert notebook.run("print(browser.view['entry'][0] == browser.index)").strip() == "True"
    assert notebook.broken() == []

    notebook.restart()
    root.locator(".thumbnail").nth(0).click()
    root.locator(".silence").wait_for(timeout=6000)
    assert "run this cell again" in root.locator(".silence").inner_text()
