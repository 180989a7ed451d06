"""Thirty digits, drawn by a scripted mouse in a real JupyterLab: how many are read, and how quickly.

python -m benchmarks.draw_digits            from the project's folder; needs Chromium
python -m benchmarks.draw_digits --seed 1   other sizes, places and slants
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnlab.data import DrawnDigit, drawn_digits
from cnnlab.timing import load, machine
from tests.browser.lab import ARGUMENTS, Notebook, Server
from tools.photograph import find_browser

CELL = "from cnnlab.widgets import DrawDigit\ndigit = DrawDigit()\ndigit"

# Notes when the pen is lifted, and when the answer to the last question is on the screen, a frame later.
WATCH = """() => {
  const root = document.querySelector(".cnnlab");
  window.lifted = null;
  window.waited = null;
  root.addEventListener("pointerup", (event) => (window.lifted = event.timeStamp), true);
  new MutationObserver(() => {
    if (window.lifted === null || root.dataset.asked !== root.dataset.answered) return;
    const since = window.lifted;
    requestAnimationFrame(() => setTimeout(() => (window.waited = performance.now() - since)));
  }).observe(root, { attributes: true, attributeFilter: ["data-answered"] });
}"""


@dataclass(frozen=True)
class Reading:
    """One drawn digit, and what the networks made of it."""

    label: int
    style: int
    prepared: tuple[int, ...]  # what CNN and MLP read, prepared as MNIST was
    naive: tuple[int, ...]  # the same after a plain resize
    waits: tuple[float, ...]  # ms from lifting the pen to the probabilities, for each stroke


def read_digits(notebook: Notebook, digits: list[DrawnDigit]) -> list[Reading]:
    """Draw each digit on the pad of the open notebook, prepared and naive."""
    page = notebook.page
    page.evaluate(WATCH)
    readings = []
    for digit in digits:
        page.get_by_role("button", name="Clear").click()
        answers(page)
        waits = [draw(page, stroke) for stroke in digit.strokes]
        prepared = answers(page)
        page.get_by_role("button", name="plain resize").click()
        naive = answers(page)
        page.get_by_role("button", name="as MNIST was").click()
        readings.append(Reading(digit.label, digit.style, prepared, naive, tuple(waits)))
    return readings


def draw(page: Any, stroke: tuple[tuple[float, float], ...]) -> float:
    """One stroke of the mouse; milliseconds from lifting the pen until its answer is on the screen."""
    box = page.locator(".pad canvas").bounding_box()
    page.evaluate("() => (window.lifted = window.waited = null)")
    for number, (x, y) in enumerate(stroke):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if number == 0:
            page.mouse.down()
    page.mouse.up()
    page.wait_for_function("() => window.waited !== null")
    return float(page.evaluate("() => window.waited"))


def answers(page: Any) -> tuple[int, ...]:
    """What the networks read, once the last question is answered; -1 where nothing is drawn."""
    page.wait_for_function(
        "() => { const { asked, answered } = document.querySelector('.cnnlab').dataset;"
        " return asked === answered; }"
    )
    texts = page.locator(".verdict").all_text_contents()
    return tuple(int(text) if text.isdigit() else -1 for text in texts)


def measure(seed: int = 0) -> list[Reading]:
    """Start JupyterLab and Chromium, draw the thirty digits of a seed, and end both."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=ARGUMENTS)
        server = Server(Path(folder))
        try:
            notebook = Notebook(server, browser.new_page())
            notebook.show(CELL)
            readings = read_digits(notebook, drawn_digits(seed))
        finally:
            browser.close()
            server.stop()
    return readings


def report(readings: list[Reading]) -> str:
    """The figures of a run, and the machine."""
    waits = sorted(wait for reading in readings for wait in reading.waits)
    late = statistics.quantiles(waits, n=20, method="inclusive")[-1]
    lines = []
    for place, name in enumerate(("CNN", "MLP")):
        prepared, naive = (
            sum(getattr(reading, how)[place] == reading.label for reading in readings)
            for how in ("prepared", "naive")
        )
        n = len(readings)
        lines.append(
            f"{name}: {prepared} of {n} right as MNIST was prepared, {naive} of {n} after a plain resize"
        )
    wrong = [f"{r.label} (style {r.style}) as {r.prepared[0]}" for r in readings if r.prepared[0] != r.label]
    lines.append(f"the CNN misread: {', '.join(wrong) or 'none'}")
    lines.append(
        f"pen up to probabilities: median {statistics.median(waits):.0f} ms, 95th percentile {late:.0f} ms, "
        f"{len(waits)} strokes"
    )
    lines.append(f"{machine()}; load {load() or 0:.1f}")
    return "\n".join(lines)


def main() -> None:
    """Draw, and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0, help="of sizes, places and slants")
    print(report(measure(parser.parse_args().seed)))


if __name__ == "__main__":
    main()
