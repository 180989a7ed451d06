import pytest
import torch
import torchinfo
from torch import nn

from cnnlab import models
from cnnlab.inspection import count_parameters
from tests.inspection import student_models


def as_torch_counts(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("name", models.names())
def test_totals_equal_torchinfos_for_every_network_of_the_labs(name):
    model = models.build(name)
    table = count_parameters(model)
    info = torchinfo.summary(model, input_size=(1, 1, 28, 28), verbose=0)
    assert table.total == info.total_params == as_torch_counts(model)
    assert table.trainable == info.trainable_params


@pytest.mark.parametrize("name", student_models.ALL)
def test_totals_equal_torchs_for_the_students_networks(name):
    model = student_models.ALL[name]()
    model.eval()(torch.zeros(2, 1, 28, 28))  # gives lazy layers their size
    assert count_parameters(model).total == as_torch_counts(model)


def test_the_formulas_evaluate_to_the_counts():
    odd = nn.Sequential(
        nn.Conv2d(4, 8, (3, 5), groups=2),
        nn.ConvTranspose2d(8, 4, 2, bias=False),
        nn.Conv1d(3, 6, 7),
        nn.BatchNorm2d(8),
        nn.BatchNorm1d(8, affine=False),
        nn.Linear(7, 3, bias=False),
        nn.GRU(28, 16),
        nn.PReLU(),
        nn.LayerNorm((4, 4)),
        nn.MultiheadAttention(8, 2),
        nn.Bilinear(3, 4, 5),
        nn.utils.parametrizations.weight_norm(nn.Linear(6, 2)),
    )
    table = count_parameters(odd)
    assert table.total == as_torch_counts(odd)
    for row in table:
        assert eval(row.formula.replace("·", "*") or "0") == row.count, row


def test_the_320_network_reads_as_in_the_lesson():
    rows = {row.name: (row.formula, row.count) for row in count_parameters(models.build("cnn_320"))}
    assert rows["conv1"] == ("(5·5·1 + 1)·10", 260)
    assert rows["fc1"] == ("(320 + 1)·50", 16_050)
    assert rows["pool1"] == ("", 0)


def test_kernels_that_are_not_square_are_written_width_first():
    (row,) = count_parameters(nn.Sequential(nn.Conv2d(1, 2, (3, 5))))
    assert row.formula == "(5·3·1 + 1)·2"


def test_shared_weights_count_once():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(8, 8)
            self.b = nn.Linear(8, 8)
            self.b.weight = self.a.weight

    model = Tied()
    table = count_parameters(model)
    assert table.total == as_torch_counts(model) == 80
    assert [row.formula for row in table] == ["(8 + 1)·8", "8; weight is a.weight"]


def test_frozen_layers_count_but_are_not_trainable():
    model = models.build("cnn_320")
    model.conv1.requires_grad_(False)
    table = count_parameters(model)
    assert (table.total, table.trainable) == (21_840, 21_580)
    assert str(table).endswith("total 21,840, of which 260 are frozen")


def test_weights_outside_layers_are_counted_under_the_model():
    (row,) = count_parameters(student_models.RawWeights())
    assert (row.name, row.formula) == ("(model)", "4·1·3·3 + 10·676 + 10")


def test_a_lazy_layer_says_to_run_the_model_once():
    with pytest.raises(
        ValueError, match=r"0\.weight has no size yet, because LazyLinear .* run model\(images\) once"
    ):
        count_parameters(nn.Sequential(nn.LazyLinear(10)))


def test_a_class_has_no_parameters_yet():
    with pytest.raises(TypeError, match=r"model is the class Linear: write Linear\(\)"):
        count_parameters(nn.Linear)
