"""Tests that students write to find a defect: each is tried on what is well and on what is ill."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlab.checks.reading import call, function, kind
from cnnlab.checks.runner import exercise
from cnnlab.checks.verdict import Wrong

Loss = Callable[[Tensor, Tensor], Tensor]
Patient = tuple[object, bool, str]  # who it is, what the test should say, and what we say if it does not


def _judge(answer: object, usage: str, patients: Sequence[Patient]) -> None:
    """Raise `Wrong` for the first patient about whom the student's test is mistaken."""
    student, found = function(answer, usage, 1), []
    for patient, _, _ in patients:
        given = call(student, patient)
        if isinstance(given, Tensor) and given.numel() == 1:
            given = given.item()
        if not isinstance(given, (bool, np.bool_)):
            raise Wrong(f"Your test gives {kind(given)}: True or False is asked for.")
        found.append(bool(given))
    mistaken = [says for answer, (_, right, says) in zip(found, patients) if answer is not right]
    if len(mistaken) == len(patients):
        raise Wrong("Your test is mistaken about every case: it says True for False, and False for True.")
    if mistaken:
        raise Wrong(mistaken[0])


def _by_hand(logits: Tensor, labels: Tensor) -> Tensor:
    log_p = logits - logits.logsumexp(dim=1, keepdim=True)
    return -log_p[torch.arange(len(labels)), labels].mean()


_LOSSES: tuple[tuple[Loss, bool, str], ...] = (
    (
        lambda z, y: F.nll_loss(z.softmax(dim=1), y),
        False,
        "Your test calls the loss of patient 1 sound: what is that loss when a network has no idea?",
    ),
    (
        F.nll_loss,
        False,
        "Your test calls nll_loss of bare logits sound. That loss has no floor: "
        "what is it when a network has no idea?",
    ),
    (
        lambda z, y: F.cross_entropy(z.softmax(dim=1), y),
        False,
        "Your test calls softmax before cross-entropy sound. No idea costs there what it should: "
        "the harm shows where a network is sure and wrong.",
    ),
    (
        lambda z, y: -F.cross_entropy(z, y),
        False,
        "Your test calls a loss sound that rewards mistakes: it pushes the true logit down.",
    ),
    (F.cross_entropy, True, "Your test calls F.cross_entropy ill, and that is the cure."),
    (
        lambda z, y: F.nll_loss(F.log_softmax(z, dim=1), y),
        True,
        "Your test calls log-softmax before nll_loss ill, and that is the same as cross-entropy.",
    ),
    (
        _by_hand,
        True,
        "Your test calls a cross-entropy ill that is written by hand: judge a loss by what it does.",
    ),
)


@exercise(
    "Patient 1: a test that finds a wrong loss, is_sound(loss)",
    10,
    "Known numbers, asked for before any training, find such a defect in a millisecond.",
)
def sound_loss(answer: object = ...) -> None:
    """Check a function is_sound(loss): True for a cross-entropy of logits, False for what is none."""
    _judge(answer, "is_sound(loss)", _LOSSES)


class _Unused(nn.Module):
    """Two linear layers and a ReLU that nobody calls."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.relu, self.last = nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.first(x.flatten(1)))  # type: ignore[no-any-return]


class _Called(_Unused):
    """The same layers, bent by a function that no list of layers shows."""

    def __init__(self) -> None:
        super().__init__()
        del self.relu

    def forward(self, x: Tensor) -> Tensor:
        return self.last(F.relu(self.first(x.flatten(1))))  # type: ignore[no-any-return]


def _row(*between: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 100), *between, nn.Linear(100, 10))


def _pooled(pool: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 4, 5), pool, nn.Flatten(), nn.Linear(576, 10))


def _bends() -> list[Patient]:
    """Networks with and without a bend, in eval mode, with larger weights than new ones have."""
    torch.default_generator.manual_seed(21)
    found: list[tuple[nn.Module, bool, str]] = [
        (
            _row(),
            False,
            "Your test finds a bend in two linear layers with nothing between them. "
            "They have biases, and 32 bits round the seventh digit: does your test allow for both?",
        ),
        (
            _Unused(),
            False,
            "Your test finds a bend in a network that owns a ReLU and never calls it: "
            "judge a network by what it does.",
        ),
        (
            _pooled(nn.AvgPool2d(2)),
            False,
            "Your test finds a bend in a convolution and average pooling: these only multiply and add.",
        ),
        (_row(nn.ReLU()), True, "Your test finds no bend in two linear layers with a ReLU between them."),
        (_row(nn.Tanh()), True, "Your test finds no bend in a network with Tanh: ReLU is not the only one."),
        (
            _Called(),
            True,
            "Your test finds no bend in a network whose forward calls F.relu: "
            "its list of layers does not show that.",
        ),
        (
            _pooled(nn.MaxPool2d(2)),
            True,
            "Your test finds no bend in max pooling: the largest of a sum is not the sum of the largest.",
        ),
    ]
    with torch.no_grad():
        for network, _, _ in found:
            for p in network.parameters():
                p.mul_(3)
    return [(network.eval(), right, says) for network, right, says in found]


@exercise(
    "Patient 2: a test that finds it, has_a_bend(model)",
    10,
    "A map without a bend keeps every mean, whatever its layers are called.",
)
def has_a_bend(answer: object = ...) -> None:
    """Check a function has_a_bend(model): False where one linear layer could replace the network."""
    _judge(answer, "has_a_bend(model)", _bends())
