"""The second table: what a step does, counted, and what the machine could do."""

import pytest
from torch import nn

from cnnlab.benchmark import FloorRow, floor, step_cost
from cnnlab.models import build


def test_the_320_network_counted_by_hand():
    conv1, rest = 25 * 10 * 24 * 24, 250 * 20 * 8 * 8 + 320 * 50 + 50 * 10
    outputs = 10 * 24 * 24 + 2 * 10 * 12 * 12 + 20 * 8 * 8 + 2 * 20 * 4 * 4 + 2 * 50 + 10
    cost = step_cost(build("cnn_320"), 50, state=1)
    assert cost.multiply_adds == 50 * (2 * conv1 + 3 * rest)
    assert cost.bytes == 4 * 21_840 * 8 + 50 * 4 * (784 + 5 * outputs)


def test_bfloat16_halves_what_layers_put_out_and_nothing_else():
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    full, half = (step_cost(model, 100, 2, precision) for precision in ("float32", "bfloat16"))
    assert full.multiply_adds == half.multiply_adds
    assert full.bytes - half.bytes == 100 * 2 * 5 * 10


def test_a_row_sets_the_step_beside_the_floor(few, monkeypatch):
    monkeypatch.setattr(floor, "SQUARE", 64)
    monkeypatch.setattr(floor, "has_bfloat16", lambda device: True)
    rows = list(floor.floor_rows(few.train, 1, ("cnn_320",)))
    assert [row.precision for row in rows] == ["float32", "bfloat16"]
    for row in rows:
        assert isinstance(row, FloorRow)
        assert row.batch_size == 50
        assert row.share == pytest.approx(100 * row.floor_ms / row.step_ms)
        assert row.bare_ms > 0
        assert row.most.count("%") == 3


def test_without_bfloat16_there_is_one_row_for_each_network(few, monkeypatch):
    monkeypatch.setattr(floor, "_row", lambda recipe, train, rounds, precision: (recipe.model, precision))
    monkeypatch.setattr(floor, "has_bfloat16", lambda device: False)
    assert list(floor.floor_rows(few.train, 1)) == [(name, "float32") for name in floor.NETWORKS]


def test_the_first_steps_are_left_out():
    assert floor._between([0.0, 5.0, 6.0]) == [1.0]
    assert floor._between([float(i**2) for i in range(9)]) == [11.0, 13.0, 15.0]


def test_a_copy_moves_as_many_bytes_as_it_is_asked_to():
    copying = floor._copy(8_000)
    assert copying.args[0].nbytes * 2 == 8_000
