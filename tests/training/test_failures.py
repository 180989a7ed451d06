"""What is said when a forward or a backward pass fails, or torch.compile."""

import pytest
import torch
from torch import Tensor, nn

from cnnlab import fit
from cnnlab.data import load_data
from cnnlab.errors import TrainingError
from cnnlab.training.failures import backward_error, compile_error, forward_error, from_compiler, type_of

HERE = "epoch 1, step 1"


def train(model: nn.Module, **settings: object) -> object:
    return fit(model, load_data("digits").train.take(128), epochs=1, device="cpu", progress=False, **settings)


class InPlace(nn.Module):
    """Changes what the gradient of the sigmoid needs."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.sigmoid(self.fc1(x.flatten(1)))
        x += 1
        return x


class Keeps(nn.Module):
    """Adds what it gave in the step before, with its graph."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.before = nn.Linear(784, 10), None

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc1(x.flatten(1))
        total = x if self.before is None else x + self.before.mean()
        self.before = x
        return total


def test_a_forward_pass_that_fails_names_the_shape_and_who_explains_it():
    told = forward_error(RuntimeError("mat1 and mat2"), torch.zeros(2, 1, 28, 28), HERE)
    assert isinstance(told, TrainingError)
    assert "epoch 1, step 1: the model failed on images of shape (2, 1, 28, 28): mat1 and mat2" in str(told)
    assert "cnnlab.explain(model, (1, 28, 28))" in str(told)


def test_types_are_named_without_torch():
    assert type_of(torch.zeros(1, dtype=torch.int64)) == "int64"


@pytest.mark.parametrize(
    ("model", "step", "words"),
    [(InPlace(), 1, "modified by an inplace operation"), (Keeps(), 2, "backward through the graph a second")],
    ids=["in place", "kept"],
)
def test_a_backward_pass_that_fails_names_the_step_the_cause_and_the_remedy(model, step, words):
    with pytest.raises(TrainingError, match=rf"epoch 1, step {step}: the gradients .*{words}") as told:
        train(model)
    assert "x = x + 1" in str(told.value)
    assert "value.detach()" in str(told.value)


def test_want_of_memory_keeps_its_type_and_names_the_batch_size():
    told = backward_error(torch.OutOfMemoryError("CUDA out of memory."), torch.zeros(64, 1, 28, 28), HERE)
    assert isinstance(told, torch.OutOfMemoryError)
    assert "epoch 1, step 1: CUDA out of memory. A smaller batch_size than 64" in str(told)


def fails(graph: object, inputs: object) -> object:
    raise RuntimeError("no C++ compiler")


def test_a_compiler_that_fails_is_told_from_a_model_that_fails():
    model = torch.compile(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), backend=fails)
    with pytest.raises(TrainingError, match=r"epoch 1, step 1: torch\.compile could not build") as told:
        train(model)
    assert "no C++ compiler" in str(told.value)
    assert "without compile=True" in str(told.value)
    assert from_compiler(told.value.__cause__)
    assert not from_compiler(RuntimeError("shapes cannot be multiplied"))
    assert "(RuntimeError)" in str(compile_error(RuntimeError(""), HERE))
