"""The JavaScript of fields against the Python of fields."""

import pytest
import torch
from torch import nn

from cnnlab import models
from cnnlab.inspection.unit_fields import unit_fields
from cnnlab.widgets import ActivationBrowser
from cnnlab.widgets.layer_choice import _as_state, _same_place
from tests.widgets.node import run


def layers_of(model, size=(28, 28)):
    return unit_fields(model, torch.zeros(1, 1, *size))


@pytest.mark.parametrize("name", ["cnn_320", "cnn_padded", "mlp"])
def test_a_unit_sees_the_same_in_javascript_as_in_python(name):
    layers = layers_of(models.build(name))
    asked, expected = [], []
    for layer in layers:
        height, width = layer.shape[1:] if len(layer.shape) == 3 else (1, layer.shape[0])
        for row in range(0, height, max(1, height // 5)):
            for col in range(0, width, max(1, width // 5)):
                rows, columns = layer.patch(row, col)
                rows_in, columns_in = ([p for p in side if 0 <= p < 28] for side in (rows, columns))
                asked.append([_as_state(layer), [row, col]])
                expected.append(
                    {
                        "top": rows_in[0],
                        "left": columns_in[0],
                        "height": len(rows_in),
                        "width": len(columns_in),
                        "padded": len(rows_in) < len(rows) or len(columns_in) < len(columns),
                    }
                )
    found = run(
        '{ seen } from "unit_fields.js"',
        "return given.map(([layer, unit]) => seen(layer, unit, 28, 28));",
        asked,
    )
    assert found == expected
    assert any(patch["padded"] for patch in expected) == (name != "mlp" and name != "cnn_320")


def test_the_units_that_see_a_pixel_are_those_whose_patch_holds_it():
    model = nn.Sequential(nn.Conv2d(1, 2, 5, padding=1, stride=2), nn.MaxPool2d(2, 1))
    layer = layers_of(model, (15, 11))[1]
    _, height, width = layer.shape
    pixels = [[row, col] for row in range(15) for col in range(11)]
    found = run(
        '{ seeing } from "unit_fields.js"',
        "return given[1].map(([row, column]) => seeing(given[0], row, column));",
        [_as_state(layer), pixels],
    )
    for (row, col), block in zip(pixels, found):
        rows = [r for r in range(height) if row in layer.patch(r, 0)[0]]
        columns = [c for c in range(width) if col in layer.patch(0, c)[1]]
        if not rows or not columns:
            assert block is None
        else:
            assert block == {"top": rows[0], "left": columns[0], "height": len(rows), "width": len(columns)}


@pytest.mark.parametrize("name", ["cnn_320", "cnn_padded"])
def test_another_layer_is_entered_at_the_same_place_in_javascript_as_in_python(name):
    browser = ActivationBrowser(models.build(name), torch.rand(1, 1, 28, 28), mean=0.1, std=0.3)
    states = {layer["name"]: layer for layer in browser.layers}
    asked, expected = [], []
    for before in states.values():
        is_map = len(before["shape"]) == 3
        height, width = before["shape"][1:] if is_map else (1, before["shape"][0])
        places = {(0, 0), (height - 1, width - 1), (height // 3, width // 2), (height // 2, 2 * width // 3)}
        for unit in sorted(places):
            for channel in {0, 3 if is_map else 0, before["shape"][0] - 1 if is_map else 0}:
                for after in states.values():
                    browser.layer = before["name"]
                    browser.channel, browser.unit = channel, unit
                    browser.layer = after["name"]
                    asked.append([{"channel": channel, "unit": unit}, before, after])
                    expected.append({"channel": browser.channel, "unit": list(browser.unit)})
    for entry in browser._found:  # nothing was chosen before
        asked.append([{"channel": 0, "unit": [1, 1]}, None, _as_state(entry)])
        expected.append({"channel": 0, "unit": list(_same_place((1, 1), None, entry))})
    body = "return given.map((one) => keptPlace(...one));"
    assert run('{ keptPlace } from "unit_fields.js"', body, asked) == expected


def test_what_a_unit_sees_is_said_in_words():
    layers = layers_of(models.build("cnn_padded"))
    states = [_as_state(layer) for layer in layers]
    first, last = states[0], states[-1]
    unknown = {**first, "rows": None}
    texts = run(
        '{ seenText } from "unit_fields.js"',
        "return given.map(([layer, unit]) => seenText(layer, unit, 28, 28));",
        [[first, [0, 5]], [first, [9, 9]], [last, [0, 3]], [unknown, [0, 0]]],
    )
    rows, columns = layers[0].patch(0, 5)
    inside = len([row for row in rows if row >= 0])
    assert texts[0].replace("\u00a0", " ") == (
        f"It sees rows 0 to {inside - 1}, columns {columns[0]} to {columns[-1]}: "
        f"{inside} × {len(columns)} of 28 × 28 pixels. The rest of its field lies in the padding."
    )
    assert "padding" not in texts[1]
    assert texts[2] == "It sees the whole image."
    assert texts[3] == "What it sees cannot be said: a layer before it is unusual."


@pytest.mark.parametrize(
    ("n", "columns"), [(1, 1), (10, 10), (50, 10), (128, 16), (320, 20), (784, 28), (13, 4)]
)
def test_a_row_of_units_is_drawn_as_a_block_without_gaps_where_that_is_possible(n, columns):
    assert run('{ blockColumns } from "unit_fields.js"', "return blockColumns(given);", n) == columns


@pytest.mark.parametrize(
    ("key", "start", "end"),
    [
        ("ArrowRight", 0, 1),
        ("ArrowRight", 3, 3),  # the end of its line
        ("ArrowLeft", 4, 4),
        ("ArrowDown", 2, 6),
        ("ArrowDown", 7, 7),  # below it there is nothing
        ("ArrowUp", 5, 1),
        ("ArrowUp", 2, 2),
        ("Home", 6, 4),
        ("End", 8, 9),
        ("a", 3, None),
    ],
)
def test_the_arrow_keys_stay_inside_a_grid(key, start, end):
    said = run(
        '{ movedTo } from "unit_fields.js"', "return movedTo(given[0], given[1], 10, 4);", [key, start]
    )
    assert said == end


def test_the_largest_number_is_the_first_of_equal_ones():
    body = "return given.map((values) => largest(values));"
    assert run('{ largest } from "unit_fields.js"', body, [[-3, -1, -1], [], [2]]) == [1, -1, 0]
