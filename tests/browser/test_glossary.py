"""The links of the glossary lead to the section where the word is shown, in a real JupyterLab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.browser.lab import Server
from tests.test_start_here import links
from tools.build_notebooks import read_script

SCRIPTS = Path(__file__).resolve().parent.parent.parent / "notebooks" / "scripts"

# Waits until this notebook is in front and its cells are there.
OPENED = """async (name) => {
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  while (jupyterapp.shell.currentWidget?.title.label !== name) await sleep(50);
  await jupyterapp.shell.currentWidget.context.ready;
  while (!jupyterapp.shell.currentWidget.node.querySelector("h1")) await sleep(50);
  await sleep(1000);
}"""

# Waits until the front notebook is this one, and a heading that the reader sees is the wanted one.
ARRIVED = """async ([name, wanted]) => {
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  for (let tries = 0; tries < 100; tries += 1) {
    const panel = jupyterapp.shell.currentWidget;
    const box = panel.node.getBoundingClientRect();
    const seen = [...panel.node.querySelectorAll("h2")].find((heading) => {
      const { top, bottom } = heading.getBoundingClientRect();
      const text = heading.textContent.replace("¶", "").trim().replaceAll(" ", "-");
      return text === wanted && top >= box.top - 5 && bottom <= box.bottom + 5;
    });
    if (panel.title.label === name && seen) return true;
    await sleep(100);
  }
  return false;
}"""


SHOWN = ("2.13", "5.6", "11.3")  # with a question mark, a long one, a short one


@pytest.fixture(scope="module")
def page(server: Server, browser: Any) -> Any:
    for script in SCRIPTS.glob("*.py"):
        nbformat.write(read_script(script), server.root / f"{script.stem}.ipynb")
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(f"{server.url}/lab/tree/00_start_here.ipynb?reset&token={server.token}")
    yield page
    page.close(run_before_unload=False)


@pytest.mark.parametrize("shown", SHOWN)
def test_a_second_click_on_a_link_of_the_glossary_goes_to_the_section(page: Any, shown: str) -> None:
    link = page.locator(f'.jp-NotebookPanel:visible td a:text-is("{shown}")')
    link.scroll_into_view_if_needed(timeout=30000)
    stem, heading = next(found for found in links() if link.get_attribute("href").endswith("#" + found[1]))
    link.click()
    page.evaluate(OPENED, f"{stem}.ipynb")
    page.evaluate("() => { jupyterapp.commands.execute('docmanager:open', { path: '00_start_here.ipynb' }) }")
    page.evaluate(OPENED, "00_start_here.ipynb")
    link.click()
    assert page.evaluate(ARRIVED, [f"{stem}.ipynb", heading]), f"{stem}: {heading} is not in sight"
    page.evaluate("() => { jupyterapp.commands.execute('docmanager:open', { path: '00_start_here.ipynb' }) }")
    page.evaluate(OPENED, "00_start_here.ipynb")
