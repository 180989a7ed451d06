import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnlab.inspection.tracing import INPUT, copy_of, trace, zeros_for
from tests.inspection import student_models


@pytest.mark.parametrize("name", student_models.ALL)
def test_the_tracer_follows_every_style_of_forward_to_its_end(name):
    model = student_models.ALL[name]()
    made = trace(model, zeros_for(model, (1, 28, 28)))
    assert made.error is None
    assert made.steps[-1].out_shape == tuple(made.output.shape) == (2, 10)
    for step in made.steps:  # every step was fed by what another step made
        assert step.parents
        for parent, shape in zip(step.parents, step.in_shapes):
            before = made.steps[parent].out_shape if parent != INPUT else made.input_shape
            assert before == shape or step.name in ("fc", "getitem")


def test_functions_and_layers_are_told_apart_and_repeated_ones_numbered():
    model = student_models.Flattening()
    steps = trace(model, torch.zeros(2, 1, 28, 28)).steps
    assert [(s.name, s.kind) for s in steps] == [
        ("conv1", "Conv2d"),
        ("relu", "function"),
        ("pool", "MaxPool2d"),
        ("conv2", "Conv2d"),
        ("relu (call 2)", "function"),
        ("pool (call 2)", "MaxPool2d"),
        ("flatten", "function"),
        ("fc1", "Linear"),
        ("relu (call 3)", "function"),
        ("fc2", "Linear"),
    ]


def test_layers_that_skip_hooks_or_are_not_registered_are_found():
    steps = trace(student_models.SkipsHooks(), torch.zeros(2, 1, 28, 28)).steps
    assert [(s.name, s.registered) for s in steps] == [
        ("conv", True),
        ("MaxPool2d", False),
        ("Conv2d", False),
        ("interpolate", True),
        ("view", True),
        ("fc", True),
    ]


def test_both_inputs_of_a_sum_are_known():
    made = trace(student_models.Residual(), torch.zeros(2, 1, 28, 28))
    total = next(s for s in made.steps if s.function == "add")
    assert [made.steps[p].name for p in total.parents] == ["stem", "blocks.0.conv_b"]


def test_a_step_knows_its_line_of_forward_and_a_sequential_has_none():
    steps = trace(student_models.Lab002(), torch.zeros(2, 1, 28, 28)).steps
    view = next(s for s in steps if s.name == "view")
    assert view.line.text == "x = x.view(-1, 320)"
    assert str(view.line) == f"line {view.line.number}: x = x.view(-1, 320)"
    assert all(s.line is None for s in trace(student_models.sequential(), torch.zeros(2, 1, 28, 28)).steps)


def test_a_layer_of_pytorch_is_one_step_whatever_happens_inside_it():
    attention = nn.TransformerEncoderLayer(28, 4, batch_first=True)
    steps = trace(nn.Sequential(nn.Flatten(1, 2), attention), torch.zeros(2, 1, 28, 28)).steps
    assert [s.name for s in steps] == ["0", "1"]


def test_the_failing_step_is_the_last_one_and_carries_the_error():
    made = trace(student_models.Flattening(padding=2), torch.zeros(2, 1, 28, 28))
    assert made.failed.name == "fc1"
    assert made.failed.in_shape == (2, 980)
    assert "mat1 and mat2" in str(made.error)
    assert made.line.text == "x = F.relu(self.fc1(x))"


def test_an_error_that_forward_catches_is_no_failure():
    class Tries(nn.Module):
        def forward(self, x):
            try:
                return x.view(-1, 11)
            except RuntimeError:
                return x.flatten(1)

    made = trace(Tries(), torch.zeros(2, 1, 28, 28))
    assert made.failed is None
    assert made.steps[-1].out_shape == (2, 784)


def test_tracing_changes_nothing_of_the_model_or_of_the_random_numbers():
    class Moves(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 3)
            self.norm = nn.BatchNorm2d(4)
            self.seen = []

        def forward(self, x):
            print("shape", x.shape)
            self.seen.append(x.shape)
            y = F.batch_norm(self.conv(x), self.norm.running_mean, self.norm.running_var, training=True)
            return F.dropout(y)  # without training=: it draws random numbers even in a test

    model = Moves().train()
    model.norm.eval()
    before = copy.deepcopy(model.state_dict())
    state = torch.get_rng_state()
    trace(model, torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0)))
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(before.values(), model.state_dict().values()))
    assert [model.training, model.conv.training, model.norm.training] == [True, True, False]
    assert model.seen == []
    assert not model._forward_hooks
    assert not model.conv._forward_pre_hooks


def test_tracing_prints_nothing_of_its_own(capsys):
    class Prints(nn.Module):
        def forward(self, x):
            print(x.shape)
            return x

    trace(Prints(), torch.zeros(2, 1, 28, 28))
    assert capsys.readouterr() == ("", "")


def test_a_lazy_model_can_be_traced_and_stays_lazy():
    model = nn.Sequential(nn.Flatten(), nn.LazyLinear(10))
    assert trace(model, torch.zeros(2, 1, 28, 28)).output.shape == (2, 10)
    assert isinstance(model[1], nn.LazyLinear)


def test_zeros_for_follows_the_number_format_of_the_model():
    assert zeros_for(nn.Linear(4, 2).double(), (1, 2, 2)).dtype == torch.float64
    assert zeros_for(nn.Flatten(), (1, 2, 2), batch=3).shape == (3, 1, 2, 2)


def test_a_model_that_keeps_its_last_output_can_be_copied():
    class Keeps(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(784, 10)

        def forward(self, x):
            self.last = self.fc(x.flatten(1))
            return self.last

    model = Keeps()
    model(torch.zeros(2, 1, 28, 28))
    twin = copy_of(model)
    assert twin is not model
    assert torch.equal(twin.fc.weight, model.fc.weight)
    assert model.last.grad_fn is not None
