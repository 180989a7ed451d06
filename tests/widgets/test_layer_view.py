"""The numbers that stand in the units of a map, in Node."""

import pytest

from tests.widgets.node import run


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0499, "0.05"),
        (0.05, "0.05"),
        (0.051, "0.05"),
        (-0.126, "−0.13"),
        (0.5, "0.5"),
        (1.26, "1.3"),
        (0, "0"),
    ],
)
def test_a_unit_writes_two_digits_below_1_and_one_from_there_on(value, text):
    assert run('{ inUnit } from "layer_view.js"', "return inUnit(given)", value) == text


CHOOSING = """
const [view, ahead, drawn] = [given.view, given.ahead, given.drawn ?? null];
const state = { view, ahead, index: given.index, layer: given.layer };
const found = viewOf({ get: (name) => state[name] }, drawn);
return [view, ...ahead, drawn].indexOf(found);
"""


@pytest.mark.parametrize(
    ("index", "layer", "drawn", "place"),
    [
        (4, "conv1", None, 0),  # Python's, although the same was sent ahead
        (5, "conv1", None, 2),  # another image, sent ahead
        (4, "pool1", None, 3),  # another layer, sent ahead
        (5, "pool1", None, 0),  # neither: what there is, and it looks late
        (3, "conv1", None, 0),  # sent ahead with the weights of before
        (8, "conv1", {"index": 8, "layer": "conv1", "weights": 2}, -1),  # it was drawn before
        (8, "conv1", {"index": 8, "layer": "conv1", "weights": 1}, 0),  # with other weights
        (8, "conv1", {"index": 7, "layer": "conv1", "weights": 2}, 0),  # of another image
    ],
)
def test_what_is_drawn_is_what_was_chosen_or_python_s_last_view(index, layer, drawn, place):
    ahead = [(4, "conv1", 2), (5, "conv1", 2), (4, "pool1", 2), (3, "conv1", 1)]
    given = {
        "view": {"index": 4, "layer": "conv1", "weights": 2},
        "ahead": [dict(zip(("index", "layer", "weights"), one)) for one in ahead],
        "drawn": drawn,
        "index": index,
        "layer": layer,
    }
    last = len(ahead) + 1
    assert run('{ viewOf } from "layer_view.js"', CHOOSING, given) == (last if place < 0 else place)
