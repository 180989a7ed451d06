"""Exercises on sizes: the output of a layer, padding, the receptive field."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from cnnlab.arithmetic import ReceptiveField
from cnnlab.arithmetic import w_out as the_formula
from cnnlab.checks.functions import Misconception, judge_function
from cnnlab.checks.reading import number, shown, told
from cnnlab.checks.runner import exercise
from cnnlab.checks.verdict import Wrong


def _settings(count: int) -> list[tuple[object, ...]]:
    """(w_in, k, p, s): the usual layers first, then random ones in which the kernel fits."""
    draw = random.Random(3)
    made: list[tuple[object, ...]] = [
        (28, 5, 0, 1),
        (28, 5, 2, 1),
        (28, 2, 0, 2),
        (28, 3, 0, 2),
        (7, 2, 0, 2),
    ]
    while len(made) < count:
        w_in, k, p, s = draw.randint(5, 60), draw.randint(1, 9), draw.randint(0, 4), draw.randint(1, 4)
        if k <= w_in + 2 * p:
            made.append((w_in, k, p, s))
    return made


_SIZES = [
    Misconception(lambda w, k, p, s: (w + 2 * p - k) / s + 1, "there is no part of a pixel, so round down."),
    Misconception(lambda w, k, p, s: (w + p - k) // s + 1, "you counted padding on one side only."),
    Misconception(lambda w, k, p, s: (w - k) // s + 1, "you left the padding out."),
    Misconception(lambda w, k, p, s: (w - 2 * p - k) // s + 1, "padding makes the image wider."),
    Misconception(lambda w, k, p, s: (w + 2 * p - k) // s, "you forgot the place where the kernel starts."),
    Misconception(lambda w, k, p, s: w + 2 * p - k + 1, "you left the stride out."),
    Misconception(
        lambda w, k, p, s: (w + 2 * p - k + 1) // s, "the first place is counted before the division."
    ),
    Misconception(
        lambda w, k, p, s: math.ceil((w + 2 * p - k) / s) + 1, "you rounded up: only full places count."
    ),
    Misconception(lambda w, k, p, s: round((w + 2 * p - k) / s) + 1, "you rounded: only full places count."),
    Misconception(lambda w, k, p, s: w, "that is the width that goes in."),
]


@exercise(
    "Output size of a layer: output_size(w_in, k, p, s)", 5, "A place counts only if the kernel fits in full."
)
def output_size(answer: object = ...) -> None:
    """Check a function output_size(w_in, k, p, s) that gives the width of the output as a whole number."""
    given = judge_function(
        answer,
        "output_size(w_in, k, p, s)",
        the_formula,
        _settings(60),
        _SIZES,
        "that is not the number of places in which the kernel can stand. Draw the row and count.",
    )
    _must_be_whole(given, "output_size", "a size must be an int: nn.Linear refuses anything else")


_PADDINGS = [
    Misconception(lambda k: k - 1, "that is the padding of both sides together; p is added on each side."),
    Misconception(lambda k: (k + 1) // 2, "that is too much: the map grows. Try it with a kernel of 1."),
    Misconception(lambda k: k, "the map grows. How many places does the kernel itself cost?"),
    Misconception(lambda k: k / 2, "there is no half pixel of padding."),
    Misconception(lambda k: 2, "that fits one kernel only."),
    Misconception(lambda k: 1, "that fits one kernel only."),
    Misconception(lambda k: 0, "without padding the map shrinks."),
]


@exercise(
    "Padding that keeps the size: same_padding(k)",
    5,
    "The kernel's middle can now stand on every pixel of the image.",
)
def same_padding(answer: object = ...) -> None:
    """Check a function same_padding(k): the p that keeps the width, for an odd kernel and stride 1."""
    given = judge_function(
        answer,
        "same_padding(k)",
        lambda k: (k - 1) // 2,
        [(k,) for k in (5, 3, 7, 1, 9, 11)],
        _PADDINGS,
        "with that p the map does not keep its width. "
        "How many places does such a kernel lose on a row, and how many does your p give back?",
    )
    _must_be_whole(given, "same_padding", "a padding must be an int: nn.Conv2d refuses anything else")


def _must_be_whole(given: list[object], name: str, why: str) -> None:
    for value in given:
        if isinstance(value, float) or getattr(getattr(value, "dtype", None), "is_floating_point", False):
            raise Wrong(
                f"The numbers are right, but {name} gives a {type(value).__name__} with a decimal point, "
                f"and {why}."
            )


_FC1 = {
    320: "that is without padding. With it, no convolution shrinks the map.",
    500: "that needs 11 × 11 after conv2: you counted padding on one side only.",
    720: "that is 20 maps of 6 × 6: go through the layers one after the other, from 28 on.",
    490: "those are the channels of conv1: the last feature map has those of conv2.",
    49: "that is one map: there are several channels.",
    7: "that is the width of the map: fc1 takes all its numbers.",
    140: "that is channels × width: a map has a height as well.",
    3920: "that is with one pooling layer: there are two.",
    15680: "that is without pooling.",
    784: "that is the image itself.",
}


@exercise(
    "Padding 2 in both convolutions: what fc1 takes", 5, "With this padding only the pooling shrinks the map."
)
def padded_fc1(answer: object = ...) -> None:
    """Check a number: the inputs of fc1 in the 320 network, if both convolutions have padding 2."""
    value = number(answer)
    if abs(value - 20 * 7 * 7) < 1e-6:
        return
    known = _FC1.get(int(value)) if value == int(value) else "a number of inputs is a whole number."
    otherwise = "write down the width after conv1, pool1, conv2 and pool2, then multiply by the channels."
    raise Wrong(told(f"You give {shown(value)}", known or otherwise))


def _field(layers: list[tuple[int, int]]) -> int:
    field = ReceptiveField()
    for k, s in layers:
        field = field.after(k, s)
    return field.size


def _walked(layers: list[tuple[int, int]], jumps: Callable[[int, int], int]) -> int:
    """The field, where the jump after a layer follows from the jump before and the layer's stride."""
    size, jump = 1, 1
    for k, s in layers:
        size, jump = size + (k - 1) * jump, jumps(jump, s)
    return size


def _jumped_too_early(layers: list[tuple[int, int]]) -> int:
    size, jump = 1, 1
    for k, s in layers:
        jump *= s
        size += (k - 1) * jump
    return size


def _own_stride_only(layers: list[tuple[int, int]]) -> int:
    return 1 + sum((k - 1) * s for k, s in layers)


_STACKS: list[list[tuple[int, int]]] = [
    [(5, 1), (2, 2), (5, 1), (2, 2)],
    [(3, 1), (3, 1)],
    [(3, 1), (3, 1), (2, 2), (3, 1), (3, 1), (2, 2)],
    [(7, 3), (3, 2), (5, 1)],
    [(1, 1), (4, 4), (2, 1)],
    [(5, 1)],
]
_FIELDS = [
    Misconception(
        lambda n: 1 + sum(k - 1 for k, _ in n), "you left the strides out: after pooling, one step is wider."
    ),
    Misconception(
        _own_stride_only, "a layer's own stride does not widen it; the strides of all layers before it do."
    ),
    Misconception(
        lambda n: _walked(n, lambda jump, s: s),
        "the jump of the last layer alone is not enough: the strides of all layers before it multiply.",
    ),
    Misconception(
        lambda n: _walked(n, lambda jump, s: jump + s), "you added the strides: each multiplies the jump."
    ),
    Misconception(
        lambda n: _field(n[:1]),
        "that is the first layer's field alone: does the loop return before it has ended?",
    ),
    Misconception(_jumped_too_early, "you counted a layer's stride one layer too early."),
    Misconception(
        lambda n: sum(k for k, _ in n), "kernels overlap: adding their widths counts pixels twice."
    ),
    Misconception(lambda n: math.prod(k for k, _ in n), "kernels overlap: their widths are not multiplied."),
    Misconception(
        lambda n: n[-1][0], "that is the last kernel alone, seen on the map before it, not on the image."
    ),
    Misconception(
        lambda n: _field(n) - 1, "start with the pixel itself: before any layer a unit sees one pixel."
    ),
    Misconception(
        lambda n: math.prod(s for _, s in n), "that is the jump between two neighbours, not what one sees."
    ),
]


@exercise(
    "Receptive field of a stack of layers: field_size(layers)",
    10,
    "Each stride makes every later kernel reach further.",
)
def receptive_field(answer: object = ...) -> None:
    """Check a function field_size(layers): the input pixels that one unit sees along a side.

    `layers` is a list of pairs (k, s) from the first layer to the last.
    """
    judge_function(
        answer,
        "field_size(layers)",
        _field,
        [(stack,) for stack in _STACKS],
        _FIELDS,
        "that is not what one unit sees. Work out size and jump layer by layer, on paper, and compare.",
    )
