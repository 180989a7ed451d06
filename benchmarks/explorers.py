"""How fast the explorers answer, in a real JupyterLab in Chromium: python -m benchmarks.explorers

Key to picture: from the key event until the new picture is drawn (canvas and elements are changed), and until
the frame that shows it is out; frames come 60 times a second. What is wanted is wanted of the drawing. Where
Python computes the maps, the clock stops when they are drawn; those of the images and layers before and after
the one shown are sent ahead. The measuring's own garbage is collected before each key.
Key repeats: 60 keydowns at 30 a second, and how many different places of the window were shown.
First picture: from running the cell on a warm kernel to the first frame with the explorer in it; median of
five, and at most 1,000 ms are wanted. Pen up to probabilities: at most 100 ms, and 28 of 30 digits right.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks import draw_digits
from cnnlab.data import drawn_digits
from cnnlab.timing import load, machine
from cnnlab.whole_file import check_replaceable, write_text
from tests.browser.lab import ARGUMENTS, Notebook, Server
from tools.photograph import find_browser

FLAGS = [*ARGUMENTS, "--js-flags=--expose-gc"]

# A text that changes whenever an explorer's picture does, and the clock around a key.
WATCH = """() => {
  window.picture = () => {
    const root = document.querySelector(".cnnlab");
    if (!root) return "";
    let sum = 0;
    for (const canvas of root.querySelectorAll("canvas")) {
      if (!canvas.width || !canvas.height) continue;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      for (let i = 0; i < data.length; i += 4)
        sum = (sum * 31 + data[i] * 7 + data[i + 1] * 3 + data[i + 2]) % 1e9;
    }
    const drawn = [...root.querySelectorAll("svg")].map((svg) => svg.outerHTML).join("");
    return sum + root.innerText + drawn;
  };
  window.frame = () => new Promise((done) => requestAnimationFrame(() => {
    const channel = new MessageChannel(); // its message comes when the frame has been drawn
    channel.port1.onmessage = done;
    channel.port2.postMessage(0);
  }));
  window.times = [];
  let begun = null;
  const drawing = async () => {
    if (begun === null) return;
    const since = begun;
    begun = null;
    await null; // until the function that draws has ended
    const drawn = performance.now();
    await window.frame();
    window.times.push([drawn - since, performance.now() - since]);
  };
  for (const name of ["putImageData", "strokeRect"]) {
    const draw = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...rest) {
      if (!window.until) drawing();
      return draw.apply(this, rest);
    };
  }
  // only in the explorer: JupyterLab draws, too
  const counts = ({ target }) => target.closest?.(`.cnnlab ${window.until || "svg"}`);
  new MutationObserver((changes) => changes.some(counts) && drawing())
    .observe(document.body, { childList: true, subtree: true, attributes: true });
  document.addEventListener("keydown", (event) => (begun = event.timeStamp), true);
}"""

COUNT = """async () => {
  const place = () => document.querySelector(".cnnlab .count").textContent; // "3 of 676"
  const seen = new Set([place()]);
  window.counting = true;
  while (window.counting) {
    await window.frame();
    seen.add(place());
  }
  return seen.size - 1;
}"""


def key_to_picture(page: Any, keys: list[str]) -> list[tuple[float, float]]:
    """Milliseconds from each key until another picture is drawn, and until it is shown."""
    times = []
    for key in keys:
        before = page.evaluate("() => { window.times = []; return window.picture() }")
        page.evaluate("() => gc()")
        page.wait_for_timeout(50)
        page.keyboard.press(key)
        page.wait_for_function("() => window.times.length > 0", timeout=5000)
        page.wait_for_timeout(150)
        assert page.evaluate("() => window.picture()") != before, f"{key} changed nothing"
        times.append(tuple(page.evaluate("() => window.times[0]")))
    return times


def repeats_shown(page: Any, place: str, rate: float = 30) -> int:
    """At how many places 60 keys, `rate` a second, showed the window."""
    page.locator(place).focus()
    page.keyboard.press("Home")
    page.evaluate("() => gc()")
    page.evaluate(f"() => {{ window.seen = ({COUNT})() }}")
    next_one = time.perf_counter()
    for key in ["ArrowRight"] * 20 + ["ArrowDown"] * 20 + ["ArrowLeft"] * 20:
        page.keyboard.press(key)
        next_one += 1 / rate
        time.sleep(max(0, next_one - time.perf_counter()))
    page.wait_for_timeout(300)
    shown: int = page.evaluate("async () => { window.counting = false; return window.seen }")
    return shown


FIRST = """async () => {
  const panel = jupyterapp.shell.currentWidget;
  panel.content.activeCellIndex = 1;
  const begun = performance.now();
  jupyterapp.commands.execute("notebook:run-cell");
  const drawn = () => {
    const root = document.querySelector(".cnnlab");
    const parts = root ? [...root.querySelectorAll("canvas, svg")] : [];
    return parts.some((part) => part.getBoundingClientRect().height > 20);
  };
  while (!drawn()) await window.frame();
  await window.frame();
  return performance.now() - begun;
}"""


def first_picture(notebook: Notebook, prepare: str, cell: str, times: int = 5) -> list[float]:
    """Milliseconds from running the cell to the first picture, on a warm kernel."""
    measured = []
    for _ in range(times):
        notebook.show(prepare, "")
        notebook.page.evaluate(WATCH)
        source = (
            "(text) => jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.setSource(text)"
        )
        notebook.page.evaluate(source, cell)
        measured.append(notebook.page.evaluate(FIRST))
        notebook.wait()
    return measured


PREPARE = """
from cnnlab import evaluate, fit, load_data, models, set_seed
from cnnlab.widgets import *
data = load_data()
set_seed(0)
model = models.build("cnn_320")
fit(model, data.train.take(min(5000, len(data.train))), epochs=1, progress=False)
result = evaluate(model, data.test)
import torch
averages = torch.stack([data.train.images[data.train.labels == d].float().mean(0) for d in range(10)])
"""


@dataclass(frozen=True)
class Task:
    """What is measured of one explorer."""

    name: str
    cell: str  # shows it
    place: str = ""  # the element that gets the keys
    first: str = ""  # a key that goes to the start
    keys: tuple[str, ...] = ()  # each gives another picture
    until: str = ""  # what is drawn last; otherwise any drawing stops the clock
    most: int = 60  # milliseconds to the drawing that 95 of 100 keys may take


BACK_AND_FORTH = ("ArrowRight",) * 6 + ("ArrowLeft",) * 6
TASKS = (
    Task(
        "ConvolutionExplorer, window",
        "ConvolutionExplorer(data.test)",
        ".cnnlab .out .box",
        "Home",
        ("ArrowRight", "ArrowDown") * 12,
        most=16,
    ),
    Task(
        "ConvolutionExplorer, kernel size",
        "ConvolutionExplorer(data.test, padding=5)",
        '.cnnlab input[type="range"] >> nth=0',
        "Home",
        BACK_AND_FORTH * 2,
        most=16,
    ),
    Task(
        "NetworkExplorer, kernel of block 1",
        "NetworkExplorer()",
        'role=slider[name="kernel of block 1"]',
        "Home",
        BACK_AND_FORTH * 2,
    ),
    Task(
        "ActivationBrowser, next image: its maps, sent ahead",
        "ActivationBrowser(model, data.test)",
        ".cnnlab input[type=number]",
        "",
        ("ArrowUp",) * 24,
        ".sight",
    ),
    Task(
        "ActivationBrowser, another layer: its maps, sent ahead",
        "ActivationBrowser(model, data.test)",
        '.cnnlab .layers [tabindex="0"]',
        "Home",
        BACK_AND_FORTH * 2,
        ".sight",
    ),
    Task(
        "MistakeBrowser, next mistake: its maps, sent ahead",
        "MistakeBrowser(model, data.test, train=data.train, evaluation=result)",
        '.cnnlab .thumbnails [tabindex="0"]',
        "Home",
        ("ArrowRight",) * 20,
        ".sight",
    ),
    Task(
        "ShiftExplorer",
        "ShiftExplorer(data.test.images[0], averages)",
        '.cnnlab input[type="range"] >> nth=0',
        "Home",
        BACK_AND_FORTH * 2,
    ),
    Task("TrainingMonitor", "TrainingMonitor()"),
    Task("DrawDigit", "DrawDigit()"),
)


def spread(values: Sequence[float]) -> str:
    """Median and 95th percentile."""
    return (
        f"{statistics.median(values):.1f} / {statistics.quantiles(values, n=20, method='inclusive')[18]:.1f}"
    )


def row(notebook: Notebook, task: Task) -> str:
    """One line of the table."""
    first = first_picture(notebook, PREPARE, task.cell)
    answered = "– | – | –"
    if task.place:
        place = notebook.page.locator(task.place).first
        notebook.page.evaluate("(selector) => (window.until = selector)", task.until)
        for keys in (task.keys[:6], task.keys):  # the first few only warm up
            place.focus()
            if task.first:
                notebook.page.keyboard.press(task.first)
                notebook.wait()
            drawn, shown = zip(*key_to_picture(notebook.page, list(keys)))
        answered = f"{spread(drawn)} | ≤ {task.most} | {spread(shown)}"
    return f"| {task.name} | {answered} | {statistics.median(first):.0f} |"


def measured(notebook: Notebook) -> Iterator[str]:
    """The lines of the report, one after the other."""
    notebook.show(PREPARE, TASKS[0].cell)
    notebook.page.evaluate(WATCH)
    shown = [repeats_shown(notebook.page, TASKS[0].place) for _ in range(5)]
    yield f"ConvolutionExplorer: of 60 key repeats were shown, in five runs, {', '.join(map(str, shown))}.\n"
    yield "| ms, median / 95th percentile | key to drawn | wanted | key to shown | cell to first picture |"
    yield "|---|---|---|---|---|"
    for task in TASKS:
        yield row(notebook, task)
    notebook.show(draw_digits.CELL)
    yield "\nDrawDigit, thirty digits drawn by a scripted mouse:\n"
    readings = draw_digits.read_digits(notebook, drawn_digits(seed=0))
    yield "\n".join(f"- {line}" for line in draw_digits.report(readings).splitlines())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="write the report there as well")
    options = parser.parse_args(arguments)
    if options.out is not None:
        check_replaceable(options.out, "python -m benchmarks.explorers")
    path = find_browser()
    if path is None:
        print("No Chromium or Chrome is installed; CNNLAB_BROWSER can name one.", file=sys.stderr)
        return 1
    lines = [
        "# The explorers: how fast they answer",
        "",
        f"`python -m benchmarks.explorers`, {machine()}, headless Chromium with software "
        f"drawing, JupyterLab on the same machine; load when begun {load() or 0:.1f}.",
        "",
        *[line for line in __doc__.splitlines()[2:]],
        "",
    ]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder))
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            for line in measured(Notebook(server, browser.new_page())):
                print(line, flush=True)
                lines.append(line)
        finally:
            browser.close()
            server.stop()
    if options.out is not None:
        write_text(options.out, "\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
