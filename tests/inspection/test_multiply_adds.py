import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from cnnlab import models
from cnnlab.inspection import multiply_adds
from tests.inspection import student_models


@pytest.mark.parametrize("name", [*models.names(), *student_models.ALL])
def test_multiply_adds_are_half_of_the_flops_that_torch_counts(name):
    if name == "recurrent":
        pytest.skip("nn.LSTM is no convolution and no fully connected layer")
    model = student_models.ALL[name]() if name in student_models.ALL else models.build(name)
    model.eval()(torch.zeros(2, 1, 28, 28))  # gives lazy layers their size
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, 1, 28, 28))
    assert 2 * multiply_adds(model).total == counter.get_total_flops()


def test_the_second_convolution_of_lab_000_does_ten_of_eleven_million():
    table = multiply_adds(models.build("cnn_wide"))
    conv2 = next(row for row in table if row.name == "conv2")
    assert (conv2.count, table.total) == (10_035_200, 11_065_088)
    assert conv2.formula == "5·5·32 · 64·14·14"
    assert sum(table.column("share")) == pytest.approx(100)


def test_the_formulas_evaluate_to_the_counts():
    for model in (student_models.Odd(), student_models.Residual(), student_models.sequential()):
        for row in multiply_adds(model):
            assert eval(row.formula.replace("·", "*")) == row.count
