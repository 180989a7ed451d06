"""A real JupyterLab in a real browser: start both, run a notebook's cells, and listen for what breaks."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
)
BROKEN = (  # what JupyterLab writes where a widget should stand
    "Error displaying widget",
    "Error creating widget",
    "Failed to load model class",
    "Error rendering output item",
    "javascript error",
    "Loading widget...",
    "Widget not found",
)
SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none", "scrollPastEnd": False},
}


class Server:
    """A JupyterLab of its own: all that it writes lies under `folder`."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "notebooks"
        self.root.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.token = secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{port}"
        environment = dict(os.environ, JUPYTERLAB_SETTINGS_DIR=str(folder / "settings"), TQDM_DISABLE="1")
        environment.pop("MPLBACKEND", None)
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
        environment["JUPYTER_PREFER_ENV_PATH"] = "1"
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            environment[name] = str(folder / name.lower())
        environment["JUPYTERLAB_WORKSPACES_DIR"] = str(folder / "workspaces")
        self.settings = folder / "settings"
        for name, value in SETTINGS.items():
            self.set(name, value)
        self.log = (folder / "lab.log").open("w+")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
                *(f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.root}"),
                "--LabApp.expose_app_in_browser=True",
            ],
            env=environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
        )
        straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end = time.monotonic() + 90
        while True:
            try:
                straight.open(f"{self.url}/api/status?token={self.token}", timeout=2).read()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    self.stop()
                    self.log.seek(0)
                    raise RuntimeError(f"JupyterLab did not start:\n{self.log.read()[-3000:]}") from None
                time.sleep(0.1)

    def set(self, name: str, value: dict[str, Any]) -> None:
        """One of JupyterLab's settings, for pages that are opened from now on."""
        file = self.settings / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value), encoding="utf-8")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()  # Jupyter then ends its kernels
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


# Waits until the notebook and its kernel are there.
_READY = """async () => {
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  while (!window.jupyterapp) await sleep(50);
  await jupyterapp.restored;
  let panel;
  while (!(panel = jupyterapp.shell.currentWidget) || !panel.sessionContext) await sleep(50);
  await panel.context.ready;
  await panel.sessionContext.ready;
  while (panel.sessionContext.session?.kernel?.status !== "idle") await sleep(50);
  window.kernelErrors = [];
  panel.sessionContext.iopubMessage.connect((_, message) => {
    const { msg_type } = message.header;
    if (msg_type === "error") window.kernelErrors.push(`${message.content.ename}: ${message.content.evalue}`);
  });
  jupyterapp.shell.collapseLeft();
}"""

# Waits until the kernel is idle, no cell is waiting, and the page has stood still for a moment.
_QUIET = """async () => {
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const panel = jupyterapp.shell.currentWidget;
  let last = performance.now();
  const watch = new MutationObserver(() => (last = performance.now()));
  watch.observe(panel.node, { childList: true, subtree: true, characterData: true });
  while (performance.now() - last < 400) {
    const waiting = [...panel.node.querySelectorAll(".jp-CodeCell .jp-InputPrompt")];
    const busy = panel.sessionContext.session?.kernel?.status !== "idle";
    if (busy || waiting.some((prompt) => prompt.textContent.includes("*"))) last = performance.now();
    await sleep(50);
  }
  watch.disconnect();
}"""

_BROKEN = """(texts) => {
  const found = [...new Set(window.kernelErrors)];
  for (const output of document.querySelectorAll(".jp-OutputArea-output")) {
    const text = texts.find((text) => output.textContent.includes(text));
    if (text) found.push(output.textContent.trim().slice(0, 300));
    if (output.dataset.mimeType === "application/vnd.jupyter.widget-view+json" && output.offsetHeight < 10)
      found.push("an empty widget");
  }
  for (const { outputArea } of jupyterapp.shell.currentWidget.content.widgets)
    for (let i = 0; i < (outputArea?.model.length ?? 0); i += 1)
      if (outputArea.model.get(i).type === "error") found.push(`an error: ${outputArea.node.textContent}`);
  return found;
}"""


# Puts other code cells in the place of all cells.
_FILL = """(sources) => {
  const model = jupyterapp.shell.currentWidget.content.model.sharedModel;
  model.deleteCellRange(0, model.cells.length);
  model.insertCells(0, sources.map((source) => ({ cell_type: "code", source, metadata: {}, outputs: [] })));
  window.kernelErrors = [];
}"""


class Notebook:
    """A notebook, open in the browser; `page` is Playwright's, `broken()` what a reader would see fail.

    It stays open for all tests, and so does its kernel: `show` puts other cells in and runs them.
    """

    def __init__(self, server: Server, page: Any) -> None:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("")])
        notebook.metadata = {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        }
        nbformat.write(notebook, server.root / "test.ipynb")
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(f"JavaScript: {error}"))
        page.on("console", lambda said: said.type == "error" and self.errors.append(f"console: {said.text}"))
        page.route("**/*", self._only_here)
        page.goto(f"{server.url}/lab/tree/test.ipynb?reset&token={server.token}")
        page.evaluate(_READY)

    def show(self, *cells: str, width: int = 1280, dark: bool = False) -> None:
        """Put these cells in, run them, and wait until all is quiet."""
        self.page.set_viewport_size({"width": width, "height": 1000})
        theme = "JupyterLab Dark" if dark else "JupyterLab Light"
        change = "(theme) => jupyterapp.commands.execute('apputils:change-theme', { theme })"
        self.page.evaluate(change, theme)
        self.page.evaluate(_FILL, list(cells))
        self.errors.clear()
        self.run_all()

    def _only_here(self, route: Any) -> None:
        address = urlsplit(route.request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname != "127.0.0.1":
            self.errors.append(f"a request to {route.request.url}")
            route.abort()
        else:
            route.continue_()

    def run_all(self) -> None:
        """Run every cell and wait until all is quiet."""
        self.page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
        self.wait()

    def run(self, code: str) -> str:
        """Run code in the notebook's kernel, outside every cell; what it printed."""
        script = """async (code) => {
          const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
          const future = kernel.requestExecute({ code, store_history: false });
          let said = "";
          future.onIOPub = ({ header, content }) => {
            if (header.msg_type === "stream") said += content.text;
            if (header.msg_type === "error") said += `${content.ename}: ${content.evalue}`;
          };
          await future.done;
          return said;
        }"""
        said: str = self.page.evaluate(script, code)
        return said

    def wait(self) -> None:
        """Until the kernel is idle and the page stands still."""
        self.page.evaluate(_QUIET)

    def broken(self) -> list[str]:
        """Errors of the kernel, the page and the widgets, and requests to elsewhere; empty if none."""
        found: list[str] = self.page.evaluate(_BROKEN, list(BROKEN))
        return [*found, *self.errors]

    def restart(self) -> None:
        """Give the notebook a new kernel; its cells and outputs stay."""
        self.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        self.wait()
