import torch
from torch import nn

from cnnlab.inspection.faults import Fault, main_path, mixing_step, written
from cnnlab.inspection.tracing import trace
from cnnlab.words import counted
from tests.inspection import student_models


def test_the_main_path_follows_the_first_input_of_every_step():
    made = trace(student_models.Residual(), torch.zeros(2, 1, 28, 28))
    names = [made.steps[number].name for number in main_path(made)]
    assert names[0] == "stem"
    assert "add" in names
    assert "blocks.0.conv_b" not in names  # it is the second input of the sum


def test_the_mixing_step_is_the_first_of_those_that_never_give_the_batch_back():
    class Mixes(nn.Module):
        def forward(self, x):
            x = x.view(-1, 28).view(x.size(0), -1)  # there and back
            return x.view(-1, 392).relu()

    made = trace(Mixes(), torch.zeros(2, 1, 28, 28))
    number = mixing_step(made)
    assert (made.steps[number].name, made.steps[number].out_shape) == ("view (call 3)", (4, 392))
    assert mixing_step(trace(nn.Flatten(), torch.zeros(2, 1, 28, 28))) is None


def test_small_texts():
    assert written((1, 28, 28)) == "(1, 28, 28)"
    assert counted(1, "channel") == "1 channel"
    assert Fault("nothing").remedies.texts == ()
