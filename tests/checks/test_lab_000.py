"""Answers to the questions of lab 000, and the facts behind them."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F

from cnnlab import checks, count_parameters, models
from cnnlab.inspection import multiply_adds
from tests.checks.cases import Cases, instead, lettered

LOSSES = ["right", "right", "twice", "wrong", "wrong", "wrong"]
PADDING = ["3", "they take part in more outputs", "none"]
HUNDRED = ["no", "99.85", "little"]
POOLING = ["320", "6.25", "the same", "none"]
SLOWER = ["105", "conv2", "4 %", "conv2 with 32 channels in place of 64"]
ELSE = ["71,490", "nothing", "−0.96", "to all, a quarter each", "500", "in fc1"]


CASES = {
    "which_loss": Cases(
        right=[lettered(LOSSES), tuple(LOSSES)],
        wrong=[
            (instead(LOSSES, e="right"), "e) the loss of an untrained network is −0.1"),
            (instead(LOSSES, c="right"), "c) count how often"),
            (instead(LOSSES, d="right"), "d) cross-entropy takes other numbers"),
            (instead(LOSSES, f="right"), "f) the loss can fall without end"),
            (instead(LOSSES, a="twice", b="wrong"), "a) nothing was done before. b) look up"),
        ],
        secret=["is wrong", "is right", "is twice"],
    ),
    "why_padding": Cases(
        right=[lettered(PADDING), [3, *PADDING[1:]], instead(PADDING, a=3.0)],
        wrong=[
            (instead(PADDING, a=6), "a) it is added on each side"),
            (instead(PADDING, a="2"), "a) then 2 columns are lost"),
            (instead(PADDING, b="nothing"), "b) count in how many places"),
            (instead(PADDING, c="twice as many"), "c) the kernels stay as they are"),
        ],
        secret=["part in more"],
    ),
    "expect_100": Cases(
        right=[lettered(HUNDRED), ["NO", 99.85, "little"], ("no", "99.85 %", "Little")],
        wrong=[
            (instead(HUNDRED, a="yes"), "a) look at the images that nobody can read"),
            (instead(HUNDRED, a="with more epochs"), "a) more epochs mend no wrong label"),
            (instead(HUNDRED, b="100"), "b) the score is counted against the labels"),
            (instead(HUNDRED, c="100 % as well"), "c) it may have learnt them by heart"),
        ],
        secret=["99.85"],
    ),
    "what_pooling_does": Cases(
        right=[lettered(POOLING), [320, 6.25, *POOLING[2:]], tuple(POOLING)],
        wrong=[
            (instead(POOLING, a="1,280"), "a) those went in"),
            (instead(POOLING, a=80), "a) the channels stay"),
            (instead(POOLING, b=4), "b) count what comes out of conv2"),
            (instead(POOLING, b="1"), "b) its kernels are the same"),
            (instead(POOLING, c="the same, moved by one"), "c) there is one number for each window"),
            (instead(POOLING, d="three quarters"), "d) a kernel has as many numbers"),
        ],
        secret=["320", "6.25"],
    ),
    "why_slower": Cases(
        right=[lettered(SLOWER), [105, "Conv2", 4, SLOWER[3]], tuple(SLOWER)],
        wrong=[
            (instead(SLOWER, a="4"), "a) that is the ratio of the parameters"),
            (instead(SLOWER, a=24), "a) that is multiply–adds for each of its own"),
            (instead(SLOWER, b="fc1"), "b) it holds most of the parameters"),
            (instead(SLOWER, c="88 %"), "c) that would be so if each parameter"),
            (instead(SLOWER, d="fc1 with 64 units in place of 128"), "d) what is half of a small share"),
        ],
        secret=["105", "4 %", "32 channels in"],
    ),
    "what_else_changes": Cases(
        right=[
            lettered(ELSE),
            [71490, "nothing", -0.96, "to all, a quarter each", 500, "in fc1"],
            [text.upper() for text in ELSE],
        ],
        wrong=[
            (instead(ELSE, a="87,360"), "a) that is four times everything"),
            (instead(ELSE, a=64200), "a) that is fc1 alone"),
            (instead(ELSE, b="the weights"), "b) the seed draws them"),
            (instead(ELSE, c=0), "c) that is relu"),
            (instead(ELSE, d="to the largest"), "d) that is so for max pooling"),
            (instead(ELSE, e=180), "e) that is 20 maps of 3 × 3"),
            (instead(ELSE, f="in the convolutions"), "f) their kernels are as large as before"),
        ],
        secret=["71,490", "−0.96", "a quarter each", "500"],
    ),
}


def test_what_pooling_does_is_what_pytorch_does() -> None:
    assert F.max_pool2d(torch.zeros(1, 20, 8, 8), 2).numel() == int(POOLING[0])
    conv2 = nn.Conv2d(10, 20, 5)
    places = [conv2(torch.zeros(1, 10, w, w))[0, 0].numel() for w in (24, 12)]
    assert places[0] / places[1] == float(POOLING[1])
    moved = torch.zeros(2, 1, 4, 4)
    moved[0, 0, 0, 0] = moved[1, 0, 0, 1] = 1
    assert torch.equal(*F.max_pool2d(moved, 2))


def work(channels: int, units: int) -> int:
    """Multiply–adds of lab 000's network with other sizes of conv2 and fc1."""
    network = models.build("convnet", channels=(32, channels), kernel=5, padding=2, hidden=units)
    return multiply_adds(network).total


def test_the_reasons_why_it_is_slower_are_those_of_lab_000s_network() -> None:
    network, mlp = models.build("cnn_wide"), models.build("mlp")
    rows = {row.name: row.count for row in multiply_adds(network)}
    total = multiply_adds(network).total
    assert round(total / multiply_adds(mlp).total) == 105
    assert round(total / count_parameters(network).total) == 24
    assert round(count_parameters(network).total / count_parameters(mlp).total) == 4
    assert max(rows, key=rows.__getitem__) == "conv2"
    assert round(100 * rows["fc1"] / total) == 4
    assert work(64, 128) == total
    assert work(32, 128) < work(64, 64) < total


def test_what_else_changes_is_what_changes_in_the_320_network() -> None:
    def built(**change: object) -> nn.Module:
        return models.build("convnet", **change)

    assert f"{count_parameters(built(hidden=200)).total:,}" == ELSE[0]
    assert round(math.tanh(-2), 2) == -0.96
    assert round(1 / (1 + math.exp(2)), 2) == 0.12
    window = torch.tensor([[[8.0, 1], [1, 2]]], requires_grad=True)
    F.avg_pool2d(window, 2).sum().backward()
    assert torch.equal(window.grad, torch.full((1, 2, 2), 0.25))
    assert built(kernel=3).fc1.in_features == int(ELSE[4])
    before, after = built(), built(padding=2)
    assert count_parameters(after).total - count_parameters(before).total == 33_000
    assert after.fc1.weight.numel() - before.fc1.weight.numel() == 33_000


def test_a_gap_is_named() -> None:
    assert checks.what_pooling_does(POOLING[:3]).reason == "Question d is still blank."
    assert checks.why_slower(SLOWER[:1]).reason == "Question b is still blank."
    assert checks.what_else_changes(instead(ELSE, f="…")).reason == "Question f is still blank."
