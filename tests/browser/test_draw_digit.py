"""DrawDigit in a real notebook: mouse, keys and finger, what it answers, and what it says when it cannot."""

from __future__ import annotations

import re
import time

from cnnlab.data import draw_strokes, drawn_digits
from cnnlab.widgets import DrawDigit
from cnnlab.widgets.page import page as page_of
from cnnlab.widgets.page import part
from tests.browser import axe

CELL = "from cnnlab.widgets import DrawDigit\ndigit = DrawDigit()\ndigit"


def draw(page, *strokes):
    """Strokes of the mouse, in shares of the pad's side."""
    box = page.locator(".pad canvas").bounding_box()
    for stroke in strokes:
        for number, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=3)
            if number == 0:
                page.mouse.down()
        page.mouse.up()


def drawn_strokes(page) -> int:
    """The strokes on the pad, as it tells them to a screen reader."""
    said = page.locator(".pad canvas").get_attribute("aria-label")
    return int(re.search(r"(\d+) strokes?$", said)[1])


def answered(page):
    """Wait until the last question is answered; then what the models read."""
    page.wait_for_function(
        "() => { const { asked, answered } = document.querySelector('.cnnlab').dataset;"
        " return asked === answered; }",
        timeout=5000,
    )
    return page.locator(".verdict").all_text_contents()


SEVEN = [(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]
ONE = [(0.5, 0.2), (0.5, 0.8)]


def test_a_digit_drawn_with_the_mouse_is_read_and_is_a_tensor_in_python(open_notebook):
    notebook = open_notebook(CELL)
    page = notebook.page
    assert "Nothing is drawn yet." in page.locator(".status").text_content()
    draw(page, SEVEN)
    assert answered(page) == ["7", "7"]
    code = (
        "import torch\n"
        "same = torch.frombuffer(bytearray(digit.seen), dtype=torch.uint8).view(1, 28, 28)\n"
        "print(tuple(digit.image.shape), digit.image.dtype, torch.equal(same, digit.image),"
        " {name: int(p.argmax()) for name, p in digit.probabilities.items()})"
    )
    assert notebook.run(code).strip() == "(1, 28, 28) torch.uint8 True {'CNN': 7, 'MLP': 7}"
    assert "20 high" in page.locator(".facts").text_content()

    page.get_by_role("button", name="plain resize").click()
    answered(page)
    assert notebook.run("print(digit.preparation)").strip() == "naive"
    assert "20 high" not in page.locator(".facts").text_content()

    page.get_by_label("Feature maps of", exact=True).select_option("1")
    assert page.locator(".tiles canvas").count() == 20
    draw(page, ONE)
    answered(page)
    page.get_by_role("button", name="Undo").click()
    answered(page)
    page.get_by_role("button", name="as MNIST was").click()
    assert answered(page) == ["7", "7"]
    page.get_by_role("button", name="Clear").click()
    assert answered(page) == ["–", "–"]
    asked = notebook.run("try: digit.image\nexcept ValueError as error: print(error)")
    assert asked.startswith("nothing is drawn yet")

    notebook.run(
        "from cnnlab.data import draw_strokes, drawn_digits\n"
        "digit.ink = draw_strokes(drawn_digits(0)[6].strokes)"
    )
    notebook.wait()
    assert page.locator(".verdict").all_text_contents() == ["2", "2"]
    assert page.locator(".pad canvas").get_attribute("aria-label") == "Your drawing: ink from Python"
    notebook.run("digit.pixels = draw_strokes(drawn_digits(0)[21].strokes).numpy().tobytes()")
    notebook.wait()
    assert page.locator(".verdict").all_text_contents() == ["7", "7"]
    assert not axe.serious(page)
    assert not notebook.broken()


def test_keys_or_a_finger_alone_suffice(open_notebook):
    notebook = open_notebook(CELL)
    page = notebook.page
    page.locator(".pad").focus()
    page.keyboard.press("Space")
    for _ in range(24):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert answered(page) == ["1", "1"]
    assert page.locator(".pad canvas").get_attribute("aria-label") == "Your drawing: 1 stroke"
    assert "CNN: 1, " in page.locator(".cnnlab [aria-live=polite]").text_content()
    left = page.evaluate("() => document.querySelector('.pad-cursor').style.top")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("() => document.querySelector('.pad-cursor').style.top") != left
    page.keyboard.press("Escape")
    assert answered(page) == ["–", "–"]
    page.keyboard.press("Backspace")
    assert answered(page) == ["1", "1"]
    for _ in range(5):  # Undo, Clear, pen, as MNIST was, plain resize
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    answered(page)
    assert notebook.run("print(digit.preparation)").strip() == "naive"
    assert page.locator(".jp-CodeCell").count() == 1  # the keys did nothing to the notebook

    page.get_by_role("button", name="as MNIST was").click()
    page.get_by_role("button", name="Clear").click()
    assert answered(page) == ["–", "–"]
    before = int(page.locator(".cnnlab").get_attribute("data-answered"))
    while_drawing = page.evaluate(
        """async (points) => {
          const canvas = document.querySelector(".pad canvas");
          const root = document.querySelector(".cnnlab");
          const box = canvas.getBoundingClientRect();
          canvas.setPointerCapture = () => {}; // these events belong to no real finger
          const send = (type, [x, y]) =>
            canvas.dispatchEvent(new PointerEvent(type, {
              bubbles: true, pointerId: 7, pointerType: "touch", isPrimary: true,
              clientX: box.left + x * box.width, clientY: box.top + y * box.height,
            }));
          send("pointerdown", points[0]);
          for (let i = 1; i <= 30; i += 1) {
            const share = i / 30;
            send("pointermove", [0.5, 0.2 + 0.6 * share]);
            await new Promise((done) => setTimeout(done, 20));
          }
          const early = Number(root.dataset.answered);
          send("pointerup", points[1]);
          return early;
        }""",
        ONE,
    )
    assert while_drawing >= before + 2  # about 600 ms, a question every 80 ms: they move while it is drawn
    assert answered(page) == ["1", "1"]
    assert (
        page.evaluate("() => getComputedStyle(document.querySelector('.pad canvas')).touchAction") == "none"
    )
    assert not notebook.broken()


def test_a_spoilt_model_and_a_kernel_that_is_gone_are_named_and_drawing_goes_on(open_notebook):
    notebook = open_notebook(
        "from cnnlab.widgets import DrawDigit\nfrom cnnlab import models\n"
        "model = models.build('logistic')\ndigit = DrawDigit({'Linear': model})\ndigit"
    )
    page = notebook.page
    assert page.get_by_text("Linear has no convolution, so there are no feature maps.").is_visible()
    notebook.run("import torch\nwith torch.no_grad(): next(model.parameters()).fill_(float('nan'))")
    draw(page, ONE)
    page.locator(".problem", has_text="Linear gives numbers that are not finite").wait_for()
    notebook.run("torch.manual_seed(0)\nwith torch.no_grad(): next(model.parameters()).normal_()")
    draw(page, SEVEN)
    page.locator(".problem").wait_for(state="hidden")
    assert answered(page)[0].isdigit()
    assert not notebook.broken()

    notebook.restart()
    start = time.monotonic()
    draw(page, SEVEN)
    page.get_by_text("Python does not answer.").wait_for(timeout=6000)
    assert time.monotonic() - start < 6
    strokes = drawn_strokes(
        page
    )  # JupyterLab may have drawn the pad anew meanwhile, with the first ones as ink
    draw(page, ONE)
    assert drawn_strokes(page) == strokes + 1
    assert not [error for error in notebook.errors if "draw_digit" in error]


def test_a_network_whose_sizes_were_changed_shows_its_new_maps(open_notebook):
    notebook = open_notebook(
        "from cnnlab.widgets import DrawDigit\nfrom cnnlab import models\nfrom torch import nn\n"
        "model = models.trained('cnn_320')\ndigit = DrawDigit(model)\ndigit"
    )
    page = notebook.page
    tile = (
        "() => { const { width, height } = document.querySelector('.tiles canvas'); return [width, height] }"
    )
    assert page.evaluate(tile) == [24, 24]
    notebook.run("model.conv1 = nn.Conv2d(1, 10, 3)")
    draw(page, ONE)
    assert answered(page)[0].isdigit()
    assert page.evaluate(tile) == [26, 26]
    assert "conv1: 10 × 26 × 26" in page.get_by_label("Feature maps of", exact=True).inner_text()
    assert not notebook.broken()


def test_a_page_without_a_kernel_can_be_drawn_on_and_says_what_it_cannot(browser, tmp_path):
    digit = DrawDigit()
    digit.ink = draw_strokes(drawn_digits(0)[21].strokes)
    file = tmp_path / "page.html"
    file.write_text(page_of("", [part(digit)]), encoding="utf-8")
    page, errors = browser.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(file.as_uri())
    assert page.locator(".verdict").all_text_contents() == ["7", "7"]
    draw(page, ONE)
    page.get_by_text("The network needs a running kernel").wait_for()
    assert page.locator(".verdict").all_text_contents() == ["–", "–"]  # of other ink, so no longer shown
    assert errors == []
    page.close()
