"""What a network does is seen however it is written."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cnnlab.checks.verdict import Blank, Wrong
from cnnlab.checks.watching import Step, Unfinished, Watched, watch
from tests.checks.nets import ByHand, Net, sequential


@pytest.mark.parametrize("model", [Net(), sequential(), ByHand()])
def test_layers_functions_and_bare_tensors_look_alike(model: nn.Module) -> None:
    seen = watch(model.eval())
    assert [step.gives[1:] for step in seen.convolutions] == [(10, 24, 24), (20, 8, 8)]
    assert [(step.takes[-1], step.gives[-1]) for step in seen.linears] == [(320, 50), (50, 10)]
    assert seen.bends_between(*seen.linears)
    assert seen.finished().shape == (16, 10)


def test_two_linear_layers_with_nothing_in_between_do_not_bend() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 5), nn.Dropout(), nn.BatchNorm1d(5), nn.Linear(5, 10))
    seen = watch(model.eval())
    assert not seen.bends_between(*seen.linears)


def test_steps_up_to_a_failure_are_kept() -> None:
    seen = watch(Net(fc1=nn.Linear(7, 7)).eval())
    assert [step.map_size for step in seen.convolutions] == ["24 × 24", "8 × 8"]
    with pytest.raises(Wrong, match="waits for 7 numbers"):
        seen.finished()


def test_a_blank_layer_is_named() -> None:
    seen = watch(Net(fc2=...).eval())
    assert isinstance(seen.error, Unfinished)
    with pytest.raises(Blank, match=r"self\.fc2 is still blank"):
        seen.finished()


def test_an_output_of_another_kind_is_refused_in_words() -> None:
    with pytest.raises(Wrong, match="16 images go in and 3 rows come out"):
        Watched([Step("x", (), ())], torch.zeros(3, 10)).finished()
