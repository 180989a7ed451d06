"""Answers to the exercises on parameter counts."""

from __future__ import annotations

import numpy as np
from torch import nn

from cnnlab import checks
from tests.checks.cases import Cases


def conv_by_torch(k_w, k_h, c_in, c_out):
    return sum(p.numel() for p in nn.Conv2d(c_in, c_out, (k_h, k_w)).parameters())


def linear_by_torch(n_in, n_out):
    return sum(p.numel() for p in nn.Linear(n_in, n_out).parameters())


CASES = {
    "conv_parameters": Cases(
        right=[
            lambda k_w, k_h, c_in, c_out: (k_w * k_h * c_in + 1) * c_out,
            lambda k_w, k_h, c_in, c_out: float(np.prod([k_w, k_h, c_in, c_out]) + c_out),
            conv_by_torch,
        ],
        wrong=[
            (
                lambda w, h, i, o: w * h * i * o,
                "count_conv(5, 5, 1, 10) gives 250: you forgot the biases",
            ),
            (lambda w, h, i, o: w * h * i * o + 1, "One bias is too few"),
            (lambda w, h, i, o: (w * h + 1) * i * o, "one bias for each slice"),
            (lambda w, h, i, o: (w * h + 1) * o, "through all input channels"),
            (lambda w, h, i, o: (w * w * i + 1) * o, "need not be square"),
            (lambda w, h, i, o: (w * h * o + 1) * i, "the biases belong to the output channels"),
            (lambda w, h, i, o: 42, "not what nn.Conv2d holds"),
        ],
        secret=["260", "5,020", "5020", "+ 1)"],
    ),
    "linear_parameters": Cases(
        right=[
            lambda n_in, n_out: (n_in + 1) * n_out,
            lambda n_in, n_out: np.float64(n_in * n_out + n_out),
            linear_by_torch,
        ],
        wrong=[
            (lambda n, m: n * m, "gives 16,000: you forgot the biases"),
            (lambda n, m: n * m + n, "you gave one to each input"),
            (lambda n, m: n + m, "a weight for every input"),
            (lambda n, m: n * m + 1, "One bias is too few"),
            (lambda n, m: n - m, "not what nn.Linear holds"),
            (lambda n, m: n**m + m, "has about 371 digits: far too large. Does ** stand where * should?"),
            (lambda n, m: float(n) ** m, "A number becomes too large to work with"),
            (lambda n, m: (n * m, m), "count_linear gives 2 numbers: 1 is asked for."),
        ],
        secret=["16,050", "16050", "+ 1)"],
    ),
}


def test_parameters_may_be_counted_by_formula_or_by_pytorch() -> None:
    assert checks.conv_parameters(conv_by_torch)
    assert checks.linear_parameters(linear_by_torch)
