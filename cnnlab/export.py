"""`cnnlab export-explorer`: explorers on one page that needs no kernel, no network and no set-up."""

from __future__ import annotations

from pathlib import Path

import torch

from cnnlab import models
from cnnlab.data import Split, draw_strokes, drawn_digits, prepare_drawing
from cnnlab.whole_file import whole_file
from cnnlab.widgets import ConvolutionExplorer, NetworkExplorer
from cnnlab.widgets.page import page, part

CONVOLUTION_TASKS = (
    (
        "Kernel size 5: which padding gives a feature map as large as the image? Say it before you move the "
        "slider.",
        "2, because 28 + 2·2 − 5 + 1 = 28. In general (kernel − 1) / 2, for an odd kernel.",
    ),
    (
        "Kernel size 3, padding 0, stride 2: which pixels does the floor leave unread?",
        "(28 − 3) / 2 = 12.5, and the floor makes it 12: the last row and the last column are hatched. No "
        "window reads them.",
    ),
    (
        "Choose the vertical edges, then the horizontal ones. At which rims of a stroke is the map orange, "
        "and at which is it blue?",
        "Vertical: the left rim is orange, where the image grows brighter from left to right, and the right "
        "rim blue. Horizontal: the upper rim is orange, the lower one blue. The weights are −1 on the one "
        "side and +1 on the other.",
    ),
)
NETWORK_TASKS = (
    (
        "Block 2: the kernel from 5 to 7. Does the network get more parameters, or fewer?",
        "Fewer: 21,840 become 19,640. conv2 gains 10·20·(49 − 25) = 4,800 weights, but its map shrinks from "
        "8 × 8 to 6 × 6, after pooling from 4 × 4 to 3 × 3. So fc1 gets 180 numbers, not 320, and loses "
        "140·50 = 7,000 weights.",
    ),
    (
        "Back at cnn_320, give both blocks padding 2. What must fc1's input be?",
        "980: the sizes are 28, 14, 14, 7, and 20 × 7 × 7 = 980.",
    ),
)


def explorer_page() -> str:
    """The ConvolutionExplorer and the NetworkExplorer as one self-contained HTML page."""
    return page(
        "See a convolution happen, and change it",
        [
            part(
                ConvolutionExplorer(_digits(), model=models.trained("cnn_320")),
                "One kernel, one feature map",
                "<p>Point at a pixel of the feature map: its window lights up in the image, and in the "
                "middle stand the products that add up to it. Change the weights, or let the window walk. "
                "The arrow keys move the window.</p>",
                _tasks(CONVOLUTION_TASKS),
            ),
            part(
                NetworkExplorer(),
                "A whole network",
                "<p>Change a block, and follow the sizes to the number that the first linear layer "
                "needs.</p>",
                _tasks(NETWORK_TASKS),
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
    text = explorer_page()
    with whole_file(out) as file:
        file.write(text.encode())
    return out


def _digits() -> Split:
    """Drawn digits, prepared as MNIST's were: the page needs no data set, and neither does who writes it."""
    digits = drawn_digits()
    images = [prepare_drawing(draw_strokes(digit.strokes)) for digit in digits]
    labels = torch.tensor([digit.label for digit in digits])
    recipe = models.trained_recipe("cnn_320")
    return Split(torch.stack(images), labels, tuple("0123456789"), recipe.mean, recipe.std)


def _tasks(tasks: tuple[tuple[str, str], ...]) -> str:
    """Tasks as HTML, their answers folded away."""
    items = "".join(
        f"<li>{task}<details><summary>Answer</summary>{answer}</details></li>\n" for task, answer in tasks
    )
    return f"<h3>Try it</h3>\n<ol>{items}</ol>"
