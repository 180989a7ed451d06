import pytest
import torch
from torch import nn

from cnnlab.inspection.blueprint import code, lazy, lazy_code, rebuilt, with_sides

LAYERS = [
    "nn.Conv2d(10, 20, 5)",
    "nn.Conv2d(4, 8, (3, 5), stride=2, padding=1, dilation=(1, 2), groups=2, bias=False)",
    'nn.Conv2d(1, 2, 3, padding="same")',
    "nn.Conv1d(1, 2, 3)",
    "nn.ConvTranspose2d(4, 2, 2, stride=2, output_padding=1)",
    "nn.Linear(320, 50)",
    "nn.Linear(3, 2, bias=False)",
    "nn.BatchNorm2d(16)",
    "nn.MaxPool2d(2)",
    "nn.MaxPool2d(3, stride=2, padding=1, dilation=2, ceil_mode=True)",
    "nn.AvgPool2d((2, 3))",
]


@pytest.mark.parametrize("text", LAYERS)
def test_the_code_of_a_layer_makes_the_same_layer(text):
    layer = eval(text)
    assert code(layer) == text
    assert repr(eval(code(layer))) == repr(layer) == repr(rebuilt(layer))


def test_a_layer_is_rebuilt_with_other_sizes_in_the_same_format():
    layer = nn.Conv2d(10, 20, 5, padding=2, bias=False).double().eval()
    new = rebuilt(layer, in_channels=3, padding=0)
    assert code(new) == "nn.Conv2d(3, 20, 5, bias=False)"
    assert new.weight.dtype == torch.float64
    assert not new.training


def test_a_students_subclass_is_written_as_what_it_is():
    class MyLinear(nn.Linear):
        pass

    assert code(MyLinear(3, 2)) == "nn.Linear(3, 2)"
    assert type(rebuilt(MyLinear(3, 2))) is nn.Linear


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Linear(320, 50), "nn.LazyLinear(50)"),
        (nn.Conv2d(10, 20, 5, padding=2), "nn.LazyConv2d(20, 5, padding=2)"),
        (nn.BatchNorm2d(16), "nn.LazyBatchNorm2d()"),
    ],
)
def test_the_lazy_twin_of_a_layer(layer, text):
    assert lazy_code(layer) == text
    assert repr(lazy(layer)) == repr(eval(text))


def test_a_layer_without_a_lazy_twin_has_none():
    assert lazy(nn.MaxPool2d(2)) is None


def test_a_convolution_for_another_number_of_sides():
    layer = with_sides(nn.Conv1d(1, 8, 5, padding=2).double(), 2)
    assert code(layer) == "nn.Conv2d(1, 8, 5, padding=2)"
    assert layer.weight.dtype == torch.float64
    assert with_sides(nn.Conv2d(1, 8, 5), 4) is None
    assert with_sides(nn.Linear(3, 2), 2) is None


def test_a_parametrised_layer_is_written_as_what_it_is():
    layer = torch.nn.utils.parametrizations.weight_norm(nn.Linear(320, 50))
    assert code(layer) == "nn.Linear(320, 50)"


@pytest.mark.parametrize(
    "text",
    [
        "nn.LSTM(28, 32, num_layers=2, batch_first=True)",
        'nn.RNN(28, 32, nonlinearity="relu")',
        "nn.GRU(28, 32, bidirectional=True)",
        "nn.MultiheadAttention(32, 4, batch_first=True)",
        "nn.PReLU(5)",
        "nn.PixelShuffle(2)",
        "nn.Unflatten(1, (8, 5, 5))",
    ],
)
def test_layers_for_sequences_and_folds_are_written_and_built_anew(text):
    assert code(rebuilt(eval(text))) == text
