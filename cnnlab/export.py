"""`cnnlab export-explorer`: explorers on one page that needs no kernel, no network and no set-up."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cnnlab.data import Split, load_data

SAMPLES = 30  # digits on the page; each costs a kilobyte


def explorer_page() -> str:
    """The ConvolutionExplorer and the NetworkExplorer as one self-contained HTML page."""
    from cnnlab.widgets import ConvolutionExplorer, NetworkExplorer
    from cnnlab.widgets.page import page, part

    digits = load_data("digits").test
    few = Split(digits.images[:SAMPLES], digits.labels[:SAMPLES], digits.classes, digits.mean, digits.std)
    return page(
        "See a convolution happen, and change it",
        [
            part(
                ConvolutionExplorer(few),
                "One kernel, one feature map",
                "<p>Point at a pixel of the feature map: its window lights up in the image, and in the "
                "middle stand the products that add up to it. Change the weights, or let the window walk. "
                "The arrow keys move the window.</p>",
            ),
            part(
                NetworkExplorer(),
                "A whole network",
                "<p>Change a block, and follow the sizes to the number that the first linear layer "
                "needs.</p>",
            ),
        ],
        "<p>From <b>cnnlab</b>, the CNN lab. This page works offline: nothing is loaded, nothing is "
        "sent.</p>",
    )


def export_explorer(out: Path, replace: bool = False) -> Path:
    """Write the page.

    Args:
        out: the file, such as explorer.html.
        replace: write over a file that is there.
    Raises:
        FileExistsError: the file is there, and `replace` is not given.
        OSError: it cannot be written; nothing is left behind then.
    """
    if out.is_dir():
        raise IsADirectoryError(f"{out} is a folder: name a file in it, such as {out / 'explorer.html'}.")
    if out.exists() and not replace:
        raise FileExistsError(
            f"{out} is there already: choose another name, or write over it with --replace."
        )
    if not out.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {out.parent}: make it first, or choose another place.")
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(explorer_page())
        os.chmod(name, 0o644)  # a temporary file is private, a page is not
        os.replace(name, out)
    except BaseException:
        os.unlink(name)
        raise
    return out
