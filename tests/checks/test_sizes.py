"""Answers to the exercises on sizes."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

from cnnlab import checks
from tests.checks.cases import Cases


def by_torch(w_in, k, p, s):
    return nn.Conv1d(1, 1, k, padding=p, stride=s)(torch.zeros(1, 1, w_in)).shape[-1]


def by_counting(w_in, k, p, s):
    return sum(1 for left in range(0, w_in + 2 * p, s) if left + k <= w_in + 2 * p)


def field_from_the_end(layers):
    size = 1
    for k, s in reversed(layers):
        size = (size - 1) * s + k
    return size


def field_with_numpy(layers):
    kernels, strides = np.array(layers).T
    jumps = np.concatenate([[1], np.cumprod(strides)[:-1]])
    return 1 + ((kernels - 1) * jumps).sum()


def walked(layers, jumps):
    size, jump = 1, 1
    for k, s in layers:
        size, jump = size + (k - 1) * jump, jumps(jump, s)
    return size


def mutating_field(layers):
    size, jump = 1, 1
    while layers:
        k, s = layers.pop(0)
        size, jump = size + (k - 1) * jump, jump * s
    return torch.tensor(size)


CASES = {
    "output_size": Cases(
        right=[
            lambda w_in, k, p, s: (w_in + 2 * p - k) // s + 1,
            lambda w_in, k, p, s: math.floor((w_in + 2 * p - k) / s + 1),
            lambda w_in, k, p, s: torch.tensor((w_in + 2 * p - k) // s + 1),
            lambda w_in, k, p, s=1: np.int64(w_in + 2 * p - k) // s + 1,
            by_torch,
            by_counting,
        ],
        wrong=[
            (lambda w_in, k, p, s: (w_in + 2 * p - k) / s + 1, "gives 13.5: there is no part of a pixel"),
            (
                lambda w_in, k, p, s: (w_in + p - k) // s + 1,
                "output_size(28, 5, 2, 1) gives 26: you counted padding on one",
            ),
            (
                lambda w_in, k, p, s: (w_in + 2 * p - k) // s,
                "output_size(28, 5, 0, 1) gives 23: you forgot the place",
            ),
            (lambda w_in, k, p, s: w_in - k + 2 * p + 1, "left the stride out"),
            (lambda w_in, k, p, s: math.ceil((w_in + 2 * p - k) / s) + 1, "You rounded up"),
            (lambda w_in, k, p, s: round((w_in + 2 * p - k) / s) + 1, "You rounded:"),
            (lambda w_in, k, p, s: (w_in - k) // s + 1, "left the padding out"),
            (lambda w_in, k, p, s: np.floor((w_in + 2 * p - k) / s) + 1, "must be an int"),
            (lambda w_in, k, p, s: (w_in + 2 * p - k + 1) // s, "before the division"),
            (lambda w_in, k, p, s: 24, "gives 24: that is not the number of places"),
            (lambda w_in, k, s: w_in - k, "it is called as output_size(w_in, k, p, s)"),
            (24, "give the function itself, output_size"),
            (lambda w_in, k, p, s: str(w_in), "is a text: numbers are asked for"),
            (lambda w_in, k, p, s: (w_in + 2 * p - k) // 0 + 1, "It divides by zero"),
        ],
        secret=["// s + 1", "(w_in + 2"],
    ),
    "same_padding": Cases(
        right=[lambda k: (k - 1) // 2, lambda k: k // 2, lambda k: torch.tensor((k - 1) // 2)],
        wrong=[
            (lambda k: k - 1, "same_padding(5) gives 4: that is the padding of both sides together"),
            (
                lambda k: (k - 1) / 2,
                "same_padding gives a float with a decimal point, and a padding must be an",
            ),
            (lambda k: torch.tensor((k - 1) / 2), "same_padding gives a Tensor with a decimal point"),
            (lambda k: k / 2, "there is no half pixel"),
            (lambda k: 2, "fits one kernel only"),
            (lambda k: (k + 1) // 2, "the map grows"),
            (lambda k: -k, "does not keep its width. How many places does such a kernel lose on a row"),
            (lambda k: (k - 1, k - 1), "same_padding gives 2 numbers: 1 is asked for"),
        ],
        secret=["(k − 1)", "(k - 1)", "k // 2"],
    ),
    "padded_fc1": Cases(
        right=[980, 980.0, np.int64(980), torch.tensor([980]), 20 * 7 * 7],
        wrong=[
            (320, "that is without padding"),
            (500, "11 × 11 after conv2: you counted padding on one side only"),
            (490, "the channels of conv1"),
            (3920, "with one pooling layer"),
            (15680, "You give 15,680: that is without pooling"),
            (49, "That is one map"),
            (981, "write down the width after conv1"),
            ("980", "is a text: a number is asked for"),
        ],
        secret=["980", "7 × 7"],
    ),
    "receptive_field": Cases(
        right=[field_from_the_end, field_with_numpy, mutating_field],
        wrong=[
            (lambda layers: 1 + sum(k - 1 for k, s in layers), "You left the strides out"),
            (lambda layers: sum(k for k, s in layers), "adding their widths counts pixels twice"),
            (lambda layers: 1 + sum((k - 1) * s for k, s in layers), "own stride does not widen it"),
            (lambda layers: field_from_the_end(layers) - 1, "gives 15. Start with the pixel itself"),
            (lambda layers: layers[-1][0], "the last kernel alone"),
            (lambda layers: walked(layers, lambda jump, s: s), "The jump of the last layer alone"),
            (lambda layers: walked(layers, lambda jump, s: jump + s), "added the strides: each"),
            (lambda layers: layers[0][0], "does the loop return before it has ended?"),
            (lambda layers: 3 * len(layers), "Work out size and jump layer by layer"),
            (lambda layers: layers[7], "An index points past the end"),
            (lambda layers: (field_from_the_end(layers), 4), "field_size gives 2 numbers: 1 is asked for"),
            (lambda layers: [], "field_size gives 0 numbers: 1 is asked for"),
        ],
        secret=["16"],
    ),
}


def test_a_formula_for_sizes_may_be_written_in_any_way() -> None:
    assert all(checks.output_size(answer) for answer in CASES["output_size"].right)
    assert checks.same_padding(lambda k: k // 2)
    assert checks.padded_fc1(980)
    assert checks.receptive_field(field_from_the_end)
