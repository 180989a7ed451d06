"""Explorers on one self-contained page: interactive without a kernel, and without a request to anywhere."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnnlab.widgets.explorer import FOLDER, Explorer

_DEFAULT_EXPORT = re.compile(r"^export default (.+?);?\s*$", re.MULTILINE)
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"


@dataclass(frozen=True)
class Part:
    """One explorer of a page."""

    script: str  # its JavaScript module, ending in `export default { render };`
    style: str  # its CSS
    state: dict[str, Any]  # what its model holds; bytes are allowed
    heading: str = ""  # above it
    text: str = ""  # HTML between heading and explorer
    below: str = ""  # HTML under the explorer


def part(explorer: Explorer, heading: str = "", text: str = "", below: str = "") -> Part:
    """An explorer as it stands now."""
    state = {name: getattr(explorer, name) for name in explorer.keys}
    return Part(str(explorer._esm), str(explorer._css), own_state(state), heading, text, below)


def own_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """What an explorer's script reads, of all that a widget's state holds."""
    foreign = ("layout", "tabbable", "tooltip")  # every widget has them
    return {name: value for name, value in state.items() if name not in foreign and not name.startswith("_")}


def page(title: str, parts: Sequence[Part], text: str = "") -> str:
    """A page that shows explorers one below the other.

    Args:
        title: the page's heading, and its name in the browser; "" for no heading.
        parts: the explorers.
        text: HTML below the title.
    Returns:
        The whole page as HTML. Its own policy forbids every request.
    """
    stand_in = (FOLDER / "page_model.js").read_text(encoding="utf-8").replace("export class", "class")
    styles = dict.fromkeys([(FOLDER / "page.css").read_text(encoding="utf-8"), *(p.style for p in parts)])
    head = f"<h1>{html.escape(title)}</h1>{text}" if title else ""
    sections = "".join(
        f"<section>{f'<h2>{html.escape(p.heading)}</h2>' if p.heading else ''}{p.text}"
        f'<div id="explorer-{number}"></div>{p.below}</section>\n'
        for number, p in enumerate(parts)
    )
    scripts = "".join(
        f'<script type="module">\n{_closed(stand_in + _started(p, number))}</script>\n'
        for number, p in enumerate(parts)
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{html.escape(title or "cnnlab")}</title>\n<link rel="icon" href="data:,">\n'
        f"<style>\n{''.join(styles)}</style>\n</head>\n<body>\n<main>\n{head}\n{sections}</main>\n"
        f"{scripts}</body>\n</html>\n"
    )


def _started(p: Part, number: int) -> str:
    """The module with its start: what a notebook's front end does with the default export."""
    state = json.dumps(p.state, default=_bytes_as_text, ensure_ascii=False)
    script = _DEFAULT_EXPORT.sub(r"const explorer = \1;", p.script)
    return (
        f"{script}\nconst model = new PageModel({state});\n"
        f'explorer.render({{ model, el: document.getElementById("explorer-{number}") }});\n'
    )


def _bytes_as_text(value: Any) -> dict[str, str]:
    return {"bytes": base64.b64encode(bytes(value)).decode()}


def _closed(source: str) -> str:
    """The source so that nothing in it ends the script element."""
    return source.replace("</script", "<\\/script")
