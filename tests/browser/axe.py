"""What axe-core, the accessibility checker, finds in the explorers of a page."""

from __future__ import annotations

from importlib.resources import files
from typing import Any


def serious(page: Any, within: str = ".cnnlab") -> list[str]:
    """The rules of serious or critical weight broken inside `within`, each with its first element."""
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("(within) => axe.run(within, { resultTypes: ['violations'] })", within)
    return [
        f"{rule['id']}: {rule['help']} ({rule['nodes'][0]['html'][:160]})"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
    ]
