"""The time of one step: what is in it, and that the model is left alone."""

import contextlib

import pytest
import torch

from cnnlab.errors import TrainingError
from cnnlab.models import build
from cnnlab.timing import PRECISIONS, step, time_step


class Watched(torch.nn.Module):
    """Ten logits, and a note of what each forward pass was given."""

    seen: list = []  # noqa: RUF012  # shared with the copy that is timed

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 2, 28)
        self.fc = torch.nn.Linear(2, 10)

    def forward(self, x):
        kernels_last = self.conv.weight.is_contiguous(memory_format=torch.channels_last)
        logits = self.fc(self.conv(x).flatten(1))
        self.seen.append(
            (
                x.shape,
                self.training,
                logits.requires_grad,
                logits.dtype,
                kernels_last,
                torch.get_num_threads(),
            )
        )
        return logits


@pytest.fixture
def watched():
    Watched.seen.clear()
    return Watched()


def test_a_training_step_has_a_backward_pass_and_inference_has_none(watched):
    time_step(watched, 3, "cpu", min_seconds=0.001)
    shape, training, gradient, *_ = watched.seen[-1]
    assert (shape, training, gradient) == ((3, 1, 28, 28), True, True)
    time_step(watched, 3, "cpu", training=False, min_seconds=0.001)
    assert watched.seen[-1][1:3] == (False, False)


def test_a_network_for_fewer_or_more_classes_is_timed_too():
    for classes in (2, 26):
        model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, classes))
        assert time_step(model, 64, "cpu", min_seconds=0.001).median > 0


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_not_changed(training):
    model = build("convnet", channels=(3,), batch_norm=True, dropout=0.3).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    time_step(model, 4, "cpu", training=training, min_seconds=0.001)
    assert not model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


def test_the_random_numbers_of_the_program_are_not_used_up():
    model = build("logistic")
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    time_step(model, 2, "cpu", min_seconds=0.001)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(("precision", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_precision_reaches_the_network(watched, precision, dtype):
    time_step(watched, 2, "cpu", precision=precision, min_seconds=0.001)
    assert watched.seen[-1][3] == dtype


def test_the_precisions_are_these_three():
    assert PRECISIONS == ("float32", "tf32", "bfloat16")


@pytest.mark.parametrize(("precision", "kind"), [("float32", "ieee"), ("tf32", "tf32")])
def test_float32_is_just_that_on_a_gpu_too_and_tf32_is_another_precision(
    watched, monkeypatch, precision, kind
):
    asked = []
    monkeypatch.setattr(step, "has_tf32", lambda device: True)
    monkeypatch.setattr(step, "products_in", lambda kind: asked.append(kind) or contextlib.nullcontext())
    time_step(watched, 2, "cpu", precision=precision, min_seconds=0.001)
    assert asked == [kind]


def test_channels_last_reaches_the_kernels(watched):
    time_step(watched, 2, "cpu", channels_last=True, min_seconds=0.001)
    with_it = watched.seen[-1][4]
    assert with_it


def test_threads_are_for_this_measurement_only(watched):
    time_step(watched, 2, "cpu", threads=2, min_seconds=0.001)
    assert {entry[5] for entry in watched.seen} == {2}
    assert torch.get_num_threads() == 1


def test_the_timed_steps_keep_the_weights_so_that_all_cost_the_same():
    model = build("mlp")
    run = step._make_step(model, 4, torch.device("cpu"), True, False, False)
    cells = [cell.cell_contents for cell in run.__closure__]
    optimizer = next(value for value in cells if isinstance(value, torch.optim.Optimizer))
    weights = optimizer.param_groups[0]["params"]
    for _ in range(3):
        run()
    assert all(torch.equal(a, b) for a, b in zip(weights, model.parameters()))
    assert all(p.grad.abs().sum() > 0 for p in weights)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size=0 is too small"),
        ({"precision": "bf16"}, r"unknown precision 'bf16': did you mean 'bfloat16'\?"),
        ({"precision": "tf32"}, "precision='tf32', but this CPU has none: NVIDIA GPUs have it"),
        ({"device": "gpu"}, "unknown device 'gpu'"),
        ({"threads": 0}, "threads=0 is too small"),
    ],
)
def test_a_mistake_is_said_before_anything_is_timed(arguments, message):
    with pytest.raises(ValueError, match=message):
        time_step(build("logistic"), **{"batch_size": 2, **arguments})


@pytest.mark.parametrize("training", [True, False])
def test_a_network_that_does_not_fit_is_told_as_in_training(training):
    wrong = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(100, 10))
    with pytest.raises(TrainingError, match=r"timing: the model failed on images of shape \(8, 1, 28, 28\)"):
        time_step(wrong, 8, "cpu", training=training)


def test_what_cannot_be_timed_is_refused():
    with pytest.raises(TypeError, match="model is a str"):
        time_step("cnn_320", 8)
    with pytest.raises(ValueError, match="no trainable parameters: time it with training=False"):
        time_step(torch.nn.Flatten(), 8)
    with pytest.raises(TrainingError, match=r"returned shape \(8, 4, 26, 26\) for 8 images"):
        time_step(torch.nn.Conv2d(1, 4, 3), 8)


def test_a_batch_that_does_not_fit_keeps_pytorchs_own_error():
    with pytest.raises(RuntimeError, match=r"allocate|memory"):
        time_step(build("cnn_320"), 10**9)
