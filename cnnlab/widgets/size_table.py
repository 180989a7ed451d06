"""A table of every size in a network with two convolutions, live while kernel, padding … change."""

from __future__ import annotations

import html
from dataclasses import dataclass

import ipywidgets as widgets

from cnnlab.arithmetic import conv_parameters, linear_parameters, pool_w_out, unread_pixels, w_out
from cnnlab.plots.style import VERMILLION
from cnnlab.widgets.number_slider import NumberSlider

CHANNELS = (10, 20)  # what conv1 and conv2 make in lab 002's network
HIDDEN, CLASSES = 50, 10  # units of fc1 and fc2


@dataclass(frozen=True)
class Block:
    """The settings of one convolution and the max-pooling behind it."""

    kernel: int = 5  # width in pixels
    padding: int = 0  # zero pixels on each side
    stride: int = 1  # pixels between two kernel positions
    pooling: int = 2  # width and stride of the pooling window in pixels; 1 is no pooling


@dataclass(frozen=True)
class SizeRow:
    """One line of the table."""

    step: str  # the layer's name
    arithmetic: str  # how its size comes about
    size: str  # of its output, channels × height × width
    parameters: int = 0
    unread: int = 0  # columns at the right edge that no window reads
    problem: str = ""  # why the network ends here, in words


def size_rows(blocks: tuple[Block, Block], width: int = 28) -> tuple[list[SizeRow], int | None]:
    """Every size from the image to the scores.

    Args:
        blocks: the settings of the two convolutions.
        width: of the image in pixels; the height is the same.
    Returns:
        The rows, up to the layer that does not fit, and the number of inputs of fc1, None if there is none.
    """
    rows = [SizeRow("image", "", _size(1, width))]
    channels = 1
    for number, (block, made) in enumerate(zip(blocks, CHANNELS), start=1):
        k, p, s, n = block.kernel, block.padding, block.stride, block.pooling
        try:
            after = w_out(width, k, p, s)
        except ValueError as error:
            rows.append(SizeRow(f"conv{number}", "", "", problem=str(error)))
            return rows, None
        arithmetic = f"({width} + 2·{p} − {k}) // {s} + 1 = {after}"
        weights, unread = conv_parameters(k, k, channels, made), unread_pixels(width, k, p, s)
        rows.append(SizeRow(f"conv{number}", arithmetic, _size(made, after), weights, unread))
        width, channels = after, made
        if n > 1:
            if n > width:
                rows.append(SizeRow(f"pool{number}", "", "", problem=_pooling_too_wide(n, width)))
                return rows, None
            after, unread = pool_w_out(width, n), unread_pixels(width, n, 0, n)
            arithmetic = f"({width} − {n}) // {n} + 1 = {after}"
            rows.append(SizeRow(f"pool{number}", arithmetic, _size(made, after), unread=unread))
            width = after
    flat = channels * width * width
    rows.append(SizeRow("flatten", f"{channels} · {width} · {width} = {flat:,}", f"{flat:,}"))
    for name, n_in, n_out in (("fc1", flat, HIDDEN), ("fc2", HIDDEN, CLASSES)):
        weights = linear_parameters(n_in, n_out)
        rows.append(SizeRow(name, f"Linear({n_in}, {n_out})", f"{n_out}", weights))
    return rows, flat


class SizeTable(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Kernel, padding, stride and pooling of two convolutions, and all that follows from them.

    It starts as lab 002's network, whose flatten is 320.

    Args:
        width: of the image in pixels; the height is the same.

    >>> table = SizeTable()
    >>> table.block1["padding"].value = table.block2["padding"].value = 2
    >>> table.flatten
    980
    """

    def __init__(self, width: int = 28) -> None:
        self.width = width
        self.block1, self.block2 = _controls(), _controls()
        self._shown = widgets.HTML()
        columns = [
            widgets.VBox([widgets.HTML(f"<b>{title}</b>"), *controls.values()])
            for title, controls in (("conv1 and pool1", self.block1), ("conv2 and pool2", self.block2))
        ]
        super().__init__([widgets.HBox(columns), self._shown])
        for control in (*self.block1.values(), *self.block2.values()):
            control.on_change(self._refresh)
        self._refresh()

    @property
    def flatten(self) -> int | None:
        """How many numbers fc1 gets; None if a layer does not fit."""
        return self._flatten

    @property
    def parameters(self) -> int | None:
        """All parameters of the network; None if a layer does not fit."""
        return None if self._flatten is None else sum(row.parameters for row in self.rows)

    def _refresh(self) -> None:
        self.rows, self._flatten = size_rows((_block(self.block1), _block(self.block2)), self.width)
        self._shown.value = _as_html(self.rows, self.parameters)

    def __repr__(self) -> str:
        blocks = (_block(self.block1), _block(self.block2))
        settings = "; ".join(f"k={b.kernel} p={b.padding} s={b.stride} pool={b.pooling}" for b in blocks)
        return f"SizeTable({settings}; flatten {self.flatten if self.flatten else 'impossible'})"


def _controls() -> dict[str, NumberSlider]:
    start = Block()
    return {
        "kernel": NumberSlider("kernel", start.kernel, 1, 15),
        "padding": NumberSlider("padding", start.padding, 0, 7),
        "stride": NumberSlider("stride", start.stride, 1, 5),
        "pooling": NumberSlider("pooling", start.pooling, 1, 5),
    }


def _block(controls: dict[str, NumberSlider]) -> Block:
    return Block(**{name: control.value for name, control in controls.items()})


def _size(channels: int, width: int) -> str:
    return f"{channels} × {width} × {width}"


def _as_html(rows: list[SizeRow], parameters: int | None) -> str:
    cell = "padding:3px 14px;text-align:{}"
    left, right = cell.format("left"), cell.format("right")
    headings = (("layer", left), ("arithmetic", left), ("size", left), ("parameters", right), ("", left))
    lines = ["".join(f'<th style="{style}">{text}</th>' for text, style in headings)]
    for row in rows:
        name = f'<th scope="row" style="{left}">{row.step}</th>'
        if row.problem:
            said = f"does not fit: {html.escape(row.problem)}"
            lines.append(f'{name}<td colspan="4" style="{left};color:{VERMILLION}"><b>{said}</b></td>')
            continue
        cells = (
            (row.arithmetic, left),
            (row.size, left),
            (f"{row.parameters:,}" if row.parameters else "", right),
            (_unread(row.unread), left),
        )
        lines.append(name + "".join(f'<td style="{style}">{text}</td>' for text, style in cells))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    total = "" if parameters is None else f"<p><b>{parameters:,} parameters in all</b></p>"
    return f'<div style="font-size:15px"><table style="font-size:15px">{body}</table>{total}</div>'


def _pooling_too_wide(n: int, width: int) -> str:
    return (
        f"pooling {n} is wider than its map ({width} px): use pooling {width} or less, "
        "or more padding or a smaller stride before it."
    )


def _unread(columns: int) -> str:
    if columns == 0:
        return ""
    last = "column and row are" if columns == 1 else f"{columns} columns and rows are"
    return f"the last {last} never read"
