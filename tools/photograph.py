"""Pictures of explorers, for notebooks that are only read: drawn by a browser, as a reader sees them."""

from __future__ import annotations

import base64
import copy
import io
import os
import shutil
from typing import Any

from nbformat import NotebookNode
from PIL import Image

from cnnlab.widgets.page import Part, own_state, page

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTH = 1140  # screen pixels, about the width of a notebook's output
SETTLED = 400  # milliseconds until a drawing stands still
COLOURS = 256  # enough for grey images and flat controls, and half of the bytes


def find_browser() -> str | None:
    """The installed Chromium or Chrome; CNNLAB_BROWSER names another."""
    return os.environ.get("CNNLAB_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)


class NoBrowser(Exception):
    """No browser to draw with; the message says what to install."""


def add_pictures(notebook: NotebookNode) -> None:
    """Put a PNG beside every explorer that the executed notebook shows.

    Raises:
        NoBrowser: Playwright, or Chromium, is missing.
    """
    states = notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    shown = [
        (output, states[output.data[WIDGET_VIEW]["model_id"]])
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.get("data", {}).get(WIDGET_VIEW, {}).get("model_id") in states
    ]
    explorers = [(output, widget) for output, widget in shown if "_esm" in widget["state"]]
    if not explorers:
        return
    pictures = photograph([as_part(widget) for _, widget in explorers])
    for (output, _), picture in zip(explorers, pictures):
        output.data["image/png"] = base64.b64encode(picture).decode()


def as_part(widget: dict[str, Any]) -> Part:
    """A widget as the notebook stores it, as a part of a page."""
    state = copy.deepcopy(own_state(widget["state"]))
    # the bytes go in where they were taken out, also deep inside a trait
    for buffer in widget.get("buffers", []):
        *way, last = buffer["path"]
        place: Any = state
        for name in way:
            place = place[name]
        place[last] = base64.b64decode(buffer["data"])
    return Part(widget["state"]["_esm"], widget["state"]["_css"], state)


def photograph(parts: list[Part]) -> list[bytes]:
    """Each part alone on a page, as a PNG.

    Raises:
        NoBrowser: Playwright, or Chromium, is missing.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise NoBrowser("The explorers' pictures need Playwright: pip install playwright") from error
    path = find_browser()
    if path is None:
        raise NoBrowser(
            "The explorers' pictures need Chromium or Chrome: install it (Debian, Ubuntu: sudo apt install "
            "chromium), or name yours in CNNLAB_BROWSER."
        )
    pictures = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for part in parts:
            sheet = browser.new_page(viewport={"width": WIDTH + 40, "height": 900}, reduced_motion="reduce")
            sheet.set_content(page("", [part]))
            sheet.locator(".cnnlab").wait_for()
            sheet.wait_for_timeout(SETTLED)
            pictures.append(smaller(sheet.locator(".cnnlab").screenshot()))
            sheet.close()
        browser.close()
    return pictures


def smaller(png: bytes) -> bytes:
    """The same picture with few colours, which a notebook's reader does not miss."""
    made = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
    return made.getvalue()
