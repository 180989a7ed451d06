"""The monitor in a real JupyterLab: its buttons work while the cell that trains is busy."""

from __future__ import annotations

import re

from tests.browser import axe

SHOWN = """
from cnnlab.widgets import TrainingMonitor
monitor = TrainingMonitor()
"""
# Steps of about 10 ms, however fast the machine: long enough to click, over by itself after 40 s.
TRAINING = """
import time, torch
from cnnlab import fit
from cnnlab.training import Callback
torch.set_num_threads(1)
class Slowly(Callback):
    def on_step(self, state):
        time.sleep(0.01)
images, labels = torch.randn(64, 1, 6, 6), torch.arange(64) % 4
def train(epochs, steps=400, **settings):
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(36, 4))
    batches = [(images, labels)] * steps
    return fit(network, batches, epochs=epochs, validation=[(images, labels)], progress=False, device="cpu",
               callbacks=[Slowly(), monitor], **settings)
"""
# Every step from the 20th takes seven seconds.
LONG_STEP = """
class Pausing(Callback):
    def on_step(self, state):
        if state.step > 20: time.sleep(7)
network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(36, 4))
history = fit(network, [(images, labels)] * 23, epochs=1, progress=False, device="cpu",
              callbacks=[Slowly(), Pausing(), monitor])
"""
DEAF_STEP = """
import re
class Deaf(Callback):  # one step that lets no other thread of Python run
    def on_step(self, state):
        end = time.time() + 9
        while state.step == 12 and time.time() < end:
            re.match("(a*)*b", "a" * 24)
network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(36, 4))
history = fit(network, [(images, labels)] * 23, epochs=1, progress=False, device="cpu",
              callbacks=[Slowly(), Deaf(), monitor])
"""
START = """(code) => {
  window.trained = false;
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  kernel.requestExecute({ code }).done.then(() => (window.trained = true));
}"""  # and does not wait


def state(notebook, name, timeout=20_000):
    shown = notebook.page.locator(f".training_monitor .state[data-state={name}]")
    shown.first.wait_for(timeout=timeout)


def press(notebook, name):
    notebook.page.get_by_role("button", name=name, exact=True).first.click()


def step(notebook):
    text = notebook.page.locator(".cnnlab.training_monitor .tile .value").nth(1).inner_text()
    return int(re.sub(r"\D", "", text.split(" of ")[0]))


def more_steps(notebook, than):
    """Wait until the shown step has moved on."""
    notebook.page.wait_for_function(
        """(than) => {
          const shown = document.querySelectorAll(".cnnlab.training_monitor .tile .value")[1].textContent;
          return Number(shown.split(" of ")[0].replace(/\\D/g, "")) > than;
        }""",
        arg=than,
    )


def test_pause_learning_rate_and_stop_work_while_the_cell_is_busy(open_notebook):
    notebook = open_notebook(SHOWN + "monitor", TRAINING)
    page = notebook.page
    state(notebook, "waiting")
    assert page.get_by_role("button", name="Pause").is_disabled()
    page.evaluate(START, "history = train(10)")
    state(notebook, "training")
    more_steps(notebook, 20)
    assert axe.serious(page) == []

    press(notebook, "Pause")
    state(notebook, "paused")
    page.wait_for_timeout(8000)
    state(notebook, "paused", timeout=100)  # the kernel answers, although its state is "idle" after a click
    held = step(notebook)
    press(notebook, "× ½")
    page.get_by_text("rate 0.0005").first.wait_for()
    page.wait_for_timeout(500)
    assert step(notebook) == held
    field = page.get_by_role("textbox", name="Learning rate")
    field.fill("much")
    field.press("Enter")
    assert "The learning rate much is no number" in page.locator(".problem").first.inner_text()
    field.fill("0.02")
    field.press("Enter")
    page.get_by_text("0.02", exact=True).first.wait_for()
    assert page.locator(".problem").first.is_hidden()

    press(notebook, "Resume")
    state(notebook, "training")
    more_steps(notebook, held + 20)
    assert page.evaluate("() => window.trained") is False  # all this while the cell was running
    press(notebook, "Stop")
    state(notebook, "stopped")
    page.wait_for_function("() => window.trained")
    rates = notebook.run("print(history.stopped, sorted({step.lr for step in history.steps}))")
    assert rates == "True [0.001, 0.02]\n"
    assert notebook.broken() == []


def test_a_rate_that_was_granted_and_could_not_be_set_is_refused_on_the_page(open_notebook):
    notebook = open_notebook(SHOWN + "monitor", TRAINING)
    page = notebook.page
    page.evaluate(START, "history = train(10, lr=4.0)")
    state(notebook, "training")
    more_steps(notebook, 5)
    press(notebook, "Pause")
    state(notebook, "paused")
    double = page.get_by_role("button", name="× 2", exact=True).first
    double.evaluate(
        "(button) => { button.click(); button.click() }"
    )  # 8, and then 16, although the page still shows 4
    page.locator(".problem", has_text="The learning rate 16 is above 10").first.wait_for()
    page.get_by_text("rate 8").first.wait_for()
    press(notebook, "Stop")
    state(notebook, "stopped")
    page.locator(
        ".problem", has_text="The run ended before the new learning rate could count."
    ).first.wait_for()
    page.wait_for_function("() => window.trained")
    assert notebook.run("print({step.lr for step in history.steps}, monitor.changes)") == "{4.0} []\n"
    assert notebook.broken() == []


def test_a_second_run_keeps_the_first_as_a_faint_line_and_the_keyboard_reads_it(open_notebook):
    both = SHOWN + "from IPython.display import display\ndisplay(monitor)\n" + TRAINING
    notebook = open_notebook(both + "train(2, 30)\ntrain(2, 30, lr=0.1)\nNone", "monitor")
    page = notebook.page
    assert page.locator(".cnnlab.training_monitor").count() == 2  # the second view shows the same
    for view in (0, 1):
        one = page.locator(".cnnlab.training_monitor").nth(view)
        assert "done" in one.locator(".state").inner_text()
        assert "run 1: Sequential, Adam, learning rate 0.001" in one.locator(".legend").inner_text()
        assert one.locator("path.earlier").count() == 3  # one in the legend, one in each chart
        assert one.locator("circle.validation-dot").count() == 5
    reader = page.get_by_role("slider", name="Read at step").first
    reader.focus()
    reader.press("Home")
    assert reader.get_attribute("aria-valuetext") == "1"
    reader.press("ArrowRight")
    assert reader.get_attribute("aria-valuetext") == "2"
    assert page.locator("line.cursor").count() == 2
    assert notebook.broken() == []


def test_closing_a_paused_monitor_lets_the_run_go_on(open_notebook):
    notebook = open_notebook(SHOWN + "monitor", TRAINING)
    page = notebook.page
    page.evaluate(START, "history = train(1, 200)")
    state(notebook, "training")
    press(notebook, "Pause")
    state(notebook, "paused")
    page.evaluate("() => jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    page.wait_for_function("() => window.trained", timeout=20_000)
    assert notebook.run("print(len(history.steps), history.stopped)") == "200 False\n"


def test_the_kernels_stop_button_ends_a_pause_and_an_error_is_shown(open_notebook):
    notebook = open_notebook(SHOWN + "monitor", TRAINING)
    page = notebook.page
    page.evaluate(START, "history = train(10)")
    state(notebook, "training")
    press(notebook, "Pause")
    state(notebook, "paused")
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()")
    state(notebook, "stopped")
    assert notebook.run("print(history.stopped)") == "True\n"
    page.evaluate(START, "images = images.double() * float('nan'); images = images.float(); train(1)")
    state(notebook, "failed")
    assert "the loss is nan" in page.locator(".cnnlab.training_monitor .problem").nth(1).inner_text()


def test_a_run_that_is_lost_with_its_kernel_is_told(open_notebook):
    notebook = open_notebook(SHOWN + "monitor", TRAINING)
    page = notebook.page
    page.evaluate(START, "history = train(10)")
    state(notebook, "training")
    more_steps(notebook, 5)
    page.wait_for_timeout(5000)
    assert page.locator(".training_monitor .state[data-state=training]").count() == 1, "the kernel is busy"
    notebook.restart()
    state(notebook, "lost", timeout=40_000)
    told = page.locator(".training_monitor .problem").last.inner_text()
    assert told.startswith("The kernel no longer runs this training")
    assert page.get_by_role("button", name="Pause").is_disabled()
    assert axe.serious(page) == []


def test_a_kernel_that_is_too_busy_to_answer_is_not_lost(open_notebook):
    notebook = open_notebook(SHOWN + "monitor", TRAINING)
    page = notebook.page
    page.evaluate(START, DEAF_STEP)
    state(notebook, "training")
    press(notebook, "× 2")
    for _ in range(24):
        page.wait_for_timeout(500)
        assert page.locator(".training_monitor .state[data-state=lost]").count() == 0
    state(notebook, "done", timeout=30_000)


def test_a_click_before_a_long_step_is_no_loss_and_another_axis_can_be_chosen(open_notebook):
    notebook = open_notebook(SHOWN + "monitor", TRAINING)
    page = notebook.page
    page.evaluate(START, LONG_STEP)
    state(notebook, "training")
    more_steps(notebook, 3)
    press(notebook, "× 2")
    for _ in range(16):
        page.wait_for_timeout(500)
        assert page.locator(".training_monitor .state[data-state=lost]").count() == 0
    press(notebook, "Stop")
    state(notebook, "stopped")
    notebook.run("monitor.accuracy_from = 93")
    page.wait_for_function("() => document.querySelector('.training_monitor select').value === '93'")
    assert notebook.broken() == []
