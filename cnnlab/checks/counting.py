"""Exercises on the number of parameters of a layer."""

from __future__ import annotations

from cnnlab import arithmetic
from cnnlab.checks.functions import Misconception, judge_function
from cnnlab.checks.runner import exercise

_CONVOLUTIONS: list[tuple[object, ...]] = [
    (5, 5, 1, 10),
    (5, 5, 10, 20),
    (3, 3, 32, 64),
    (3, 5, 4, 7),
    (1, 2, 3, 6),
    (7, 1, 2, 3),
]
_CONV = [
    Misconception(lambda w, h, i, o: w * h * i * o, "you forgot the biases."),
    Misconception(
        lambda w, h, i, o: w * h * i * o + 1, "one bias is too few: each output channel has its own."
    ),
    Misconception(lambda w, h, i, o: (w * h + 1) * i * o, "one bias for each slice of a kernel is too many."),
    Misconception(lambda w, h, i, o: w * h * i * o + i, "the biases belong to the output channels."),
    Misconception(lambda w, h, i, o: (w * h + 1) * o, "a kernel reaches through all input channels."),
    Misconception(
        lambda w, h, i, o: w * h * i + 1, "that is one kernel: there is one for each output channel."
    ),
    Misconception(
        lambda w, h, i, o: (w * w * i + 1) * o, "a kernel need not be square: you used its width twice."
    ),
    Misconception(lambda w, h, i, o: (w * h + i + 1) * o, "the input channels are multiplied, not added."),
]


@exercise(
    "Parameters of a convolution: count_conv(k_w, k_h, c_in, c_out)",
    5,
    "The size of the image is not in it: the same kernels are used everywhere.",
)
def conv_parameters(answer: object = ...) -> None:
    """Check a function count_conv(k_w, k_h, c_in, c_out): weights and biases of a convolution."""
    judge_function(
        answer,
        "count_conv(k_w, k_h, c_in, c_out)",
        arithmetic.conv_parameters,
        _CONVOLUTIONS,
        _CONV,
        "that is not what nn.Conv2d holds. Count the weights of one kernel first, then its bias.",
    )


_LINEAR = [
    Misconception(lambda n, m: n * m, "you forgot the biases."),
    Misconception(lambda n, m: n * m + 1, "one bias is too few: each output has its own."),
    Misconception(lambda n, m: n * m + n, "the biases belong to the outputs: you gave one to each input."),
    Misconception(lambda n, m: n + m, "every output has a weight for every input."),
    Misconception(
        lambda n, m: (n + 1) * (m + 1), "a bias has no bias: one of the two additions is too many."
    ),
    Misconception(lambda n, m: 2 * n * m, "one bias for each weight is too many: each output has one."),
]


@exercise(
    "Parameters of a linear layer: count_linear(n_in, n_out)",
    5,
    "Every output looks at every input: that is why linear layers hold most of the parameters.",
)
def linear_parameters(answer: object = ...) -> None:
    """Check a function count_linear(n_in, n_out): weights and biases of a linear layer."""
    judge_function(
        answer,
        "count_linear(n_in, n_out)",
        arithmetic.linear_parameters,
        [(320, 50), (50, 10), (784, 128), (3, 1), (1, 7)],
        _LINEAR,
        "that is not what nn.Linear holds. Count what one output needs first.",
    )
