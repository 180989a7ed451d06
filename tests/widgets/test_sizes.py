from __future__ import annotations

import itertools

from cnnlab.arithmetic import conv_parameters, linear_parameters, unread_pixels, w_out
from tests.widgets.node import run


def test_javascript_has_the_sizes_of_cnnlabs_arithmetic() -> None:
    settings = list(itertools.product(range(1, 31, 3), range(1, 8), range(4), range(1, 5), range(1, 4)))
    found = run(
        '{ wOut, unread } from "sizes.js"',
        "return given.map(([w, k, p, s, d]) => [wOut(w, k, p, s, d), unread(w, k, p, s, d)])",
        settings,
    )
    fitting = 0
    for (w, k, p, s, d), (out, left) in zip(settings, found):
        try:
            expected = w_out(w, k, p, s, d)
        except ValueError:
            assert out < 1
            continue
        fitting += 1
        assert (out, left) == (expected, unread_pixels(w, k, p, s, d)), (w, k, p, s, d)
    assert fitting > 1000


def test_same_padding_keeps_the_size_for_even_kernels_too() -> None:
    settings = list(itertools.product(range(1, 12), range(1, 4)))
    found = run(
        '{ wOut } from "sizes.js"', 'return given.map(([k, d]) => wOut(28, k, "same", 1, d))', settings
    )
    assert set(found) == {28}


def test_javascript_counts_parameters_as_cnnlab_does() -> None:
    found = run(
        '{ convParameters, linearParameters } from "sizes.js"',
        "return [convParameters(5, 10, 20), linearParameters(320, 50)]",
    )
    assert found == [conv_parameters(5, 5, 10, 20), linear_parameters(320, 50)]
