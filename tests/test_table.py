from __future__ import annotations

from dataclasses import dataclass

import pytest

from cnnlab.table import Table, column


@dataclass(frozen=True)
class Layer:
    name: str = column("layer")
    count: int | None = column("parameters", ",d")
    share: float = column("share (%)", ".1f")
    frozen: bool = column("frozen", default=False)
    note: str = ""  # not a column


ROWS = [Layer("conv1", 260, 1.19), Layer("fc1", 16_050, 73.5, frozen=True, note="hidden")]


def test_text_has_headings_units_and_numbers_to_the_right() -> None:
    assert str(Table(ROWS, footer=["total 16,310"])) == (
        "layer  parameters  share (%)  frozen\n"
        "conv1         260        1.2  no\n"
        "fc1        16,050       73.5  yes\n"
        "total 16,310"
    )


def test_a_field_without_a_heading_is_not_shown() -> None:
    assert "hidden" not in str(Table(ROWS))
    assert "hidden" not in Table(ROWS)._repr_html_()


def test_a_missing_value_is_left_empty_and_its_column_stays_to_the_right() -> None:
    text = str(Table([Layer("relu", None, 0.0), *ROWS]))
    assert text.splitlines()[1] == "relu                     0.0  no"


def test_html_escapes_names_and_marks_the_headings() -> None:
    html = Table([Layer("<b>&", 1, 1.0)], footer=["a < b"])._repr_html_()
    assert "&lt;b&gt;&amp;" in html
    assert "<p>a &lt; b</p>" in html
    assert "<b>&" not in html
    assert html.count("<th ") == 4


def test_a_table_without_rows_says_so() -> None:
    assert str(Table([], footer=["none found"])) == "(no rows)\nnone found"
    assert Table([])._repr_html_().startswith("<table>")


def test_a_table_is_a_sequence_of_its_rows() -> None:
    table = Table(ROWS)
    assert len(table) == 2
    assert table[0] is ROWS[0]
    assert list(table[1:]) == ROWS[1:]
    assert list(table) == ROWS
    assert ROWS[1] in table


def test_a_column_is_read_by_the_name_of_its_field() -> None:
    assert Table(ROWS).column("count") == [260, 16_050]
    with pytest.raises(AttributeError, match="cuont"):
        Table(ROWS).column("cuont")


def test_tables_are_equal_when_their_rows_are() -> None:
    assert Table(ROWS) == Table(list(ROWS), footer=["other"])
    assert Table(ROWS) != Table(ROWS[:1])
    assert Table(ROWS) != ROWS
    with pytest.raises(TypeError, match="unhashable"):
        hash(Table(ROWS))


def test_a_table_as_markdown_aligns_its_numbers_to_the_right() -> None:
    assert Table(ROWS, footer=["total"]).markdown() == (
        "| layer | parameters | share (%) | frozen |\n"
        "| --- | ---: | ---: | --- |\n"
        "| conv1 | 260 | 1.2 | no |\n"
        "| fc1 | 16,050 | 73.5 | yes |\n\n"
        "total"
    )
