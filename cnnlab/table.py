"""A table of dataclass rows that reads well as text in a terminal and as HTML in a notebook."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar, overload

Row = TypeVar("Row")


def column(heading: str, spec: str = "", **options: Any) -> Any:
    """A dataclass field that says how a `Table` shows it.

    Args:
        heading: the column's title, with the unit, such as "time (ms)".
        spec: a format such as ".2f" or ",d" for the column's numbers.
        options: passed on to `dataclasses.field`, such as default=None.
    """
    return dataclasses.field(metadata={"heading": heading, "spec": spec}, **options)


class Table(Sequence[Row], Generic[Row]):
    """Rows of one frozen dataclass; its fields are the columns.

    Args:
        rows: instances of one dataclass whose fields were made by `column`.
        footer: lines of text under the table, such as the total.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Layer:
    ...     name: str = column("layer")
    ...     count: int = column("parameters", ",d")
    >>> print(Table([Layer("conv1", 260), Layer("fc1", 16050)], footer=["total 16,310"]))
    layer  parameters
    conv1         260
    fc1        16,050
    total 16,310
    """

    def __init__(self, rows: Iterable[Row], footer: Sequence[str] = ()) -> None:
        self._rows = tuple(rows)
        self.footer = tuple(footer)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._rows == other._rows

    __hash__ = None  # type: ignore[assignment]

    def column(self, name: str) -> list[Any]:
        """All values of one field, from the first row to the last."""
        return [getattr(row, name) for row in self._rows]

    def _cells(self) -> tuple[list[str], list[list[str]], list[bool]]:
        """Headings, the text of every cell, and which columns hold numbers."""
        if not self._rows:
            return [], [], []
        fields = [f for f in dataclasses.fields(self._rows[0]) if "heading" in f.metadata]  # type: ignore[arg-type]
        headings = [f.metadata["heading"] for f in fields]
        body = [[_text(getattr(row, f.name), f.metadata["spec"]) for f in fields] for row in self._rows]
        numeric = [all(_is_number(v) or v is None for v in self.column(f.name)) for f in fields]
        return headings, body, numeric

    def __str__(self) -> str:
        headings, body, numeric = self._cells()
        if not headings:
            return "\n".join(["(no rows)", *self.footer])
        widths = [max(map(len, cells)) for cells in zip(headings, *body)]
        lines = []
        for cells in [headings, *body]:
            padded = (c.rjust(w) if n else c.ljust(w) for c, w, n in zip(cells, widths, numeric))
            lines.append("  ".join(padded).rstrip())
        return "\n".join([*lines, *self.footer])

    __repr__ = __str__

    def markdown(self) -> str:
        """The table as Markdown, for a file; each footer line is a paragraph under it."""
        headings, body, numeric = self._cells()
        rule = ["---:" if n else "---" for n in numeric]
        lines = [f"| {' | '.join(cells)} |" for cells in [headings, rule, *body]] if headings else []
        return "\n".join(lines) + "".join(f"\n\n{text}" for text in self.footer)

    def _repr_html_(self) -> str:
        headings, body, numeric = self._cells()
        align = ["right" if n else "left" for n in numeric]

        def line(tag: str, cells: Sequence[str]) -> str:
            made = (f'<{tag} style="text-align:{a}">{html.escape(c)}</{tag}>' for c, a in zip(cells, align))
            return f"<tr>{''.join(made)}</tr>"

        foot = "".join(f"<p>{html.escape(text)}</p>" for text in self.footer)
        rows = "".join(line("td", cells) for cells in body)
        return f"<table><thead>{line('th', headings)}</thead><tbody>{rows}</tbody></table>{foot}"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _text(value: object, spec: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if _is_number(value):
        return format(value, spec)
    return str(value)
