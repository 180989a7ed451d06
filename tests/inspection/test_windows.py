import pytest
import torch
from torch import nn

from cnnlab.inspection.tracing import trace
from cnnlab.inspection.windows import Window, argument, is_conv, spatial_sides, weight_shape, windows_of
from tests.inspection import student_models


def steps_of(model, shape=(2, 1, 28, 28)):
    return trace(model, torch.zeros(shape)).steps


@pytest.mark.parametrize("name", student_models.ALL)
def test_the_windows_of_every_step_give_the_size_that_torch_gives(name):
    seen = 0
    for step in steps_of(student_models.ALL[name]()):
        for window, w_in, made in zip(windows_of(step) or (), step.in_shape[2:], step.out_shape[2:]):
            seen += 1
            assert window.out(w_in) == made
            assert window.arithmetic(w_in).endswith(f" = {made}")
    assert seen or name == "recurrent"


@pytest.mark.parametrize(
    ("window", "w_in", "text"),
    [
        (Window(5, 1, 0, 0), 28, "floor((28 + 2·0 − 5)/1) + 1 = 24"),
        (Window(4, 1, 1, 2), 28, "floor((28 + 1 + 2 − 4)/1) + 1 = 28"),
        (Window(3, 1, 2, 2, d=2), 28, "floor((28 + 2·2 − 2·(3 − 1) − 1)/1) + 1 = 28"),
        (Window(2, 2, 0, 0, pooling=True, ceil_mode=True), 7, "ceil((7 + 2·0 − 2)/2) + 1 = 4"),
        (
            Window(2, 3, 1, 1, pooling=True, ceil_mode=True),
            2,
            "ceil((2 + 2·1 − 2)/3) + 1 − 1 (a window of padding only) = 1",
        ),
        (Window(2, 2, 0, 0, transposed=True), 14, "(14 − 1)·2 − 2·0 + 1·(2 − 1) + 1 = 28"),
    ],
)
def test_the_arithmetic_shows_every_number(window, w_in, text):
    assert window.arithmetic(w_in) == text


def test_the_arithmetic_as_text_evaluates_to_its_own_result():
    from math import ceil, floor

    for k in range(1, 5):
        for s in range(1, 4):
            for d in (1, 2):
                window = Window(k, s, 1, 1, d)
                left, right = window.arithmetic(11).replace("·", "*").replace("−", "-").split(" = ")
                assert eval(left, {"floor": floor, "ceil": ceil}) == int(right)


def test_a_step_knows_its_sides_and_its_weight():
    steps = {s.name: s for s in steps_of(student_models.RawWeights())}
    assert spatial_sides(steps["conv2d"]) == 2
    assert weight_shape(steps["conv2d"]) == (4, 1, 3, 3)
    assert weight_shape(steps["linear"]) == (10, 676)
    assert weight_shape(steps["relu"]) is None
    assert argument(steps["max_pool2d"], ("kernel_size", "stride"), "kernel_size") == 2
    assert spatial_sides(steps["flatten"]) == 0


def test_is_conv_knows_transposed_ones_too():
    assert is_conv(nn.ConvTranspose1d(1, 1, 2))
    assert not is_conv(nn.Linear(1, 1))
    assert not is_conv(None)
