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


def test_a_layer_that_does_not_need_the_one_before_is_no_collapse() -> None:
    class Side(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.other = nn.Linear(784, 5), nn.Linear(784, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([self.one(x.flatten(1)), self.other(x.flatten(1))], 1)

    seen = watch(Side().eval())
    assert seen.bends_between(*seen.linears)


@pytest.mark.parametrize("model", [ByHand(), sequential().double()])
def test_what_a_layer_gives_holds_a_bias_added_by_hand(model: nn.Module) -> None:
    seen = watch(model.eval())
    out, fc2 = seen.finished(), seen.linears[-1].out
    assert fc2 is not None
    assert torch.allclose(out.log_softmax(1), fc2.double().log_softmax(1), atol=1e-5)
    convolution, after = seen.convolutions[-1], seen.linears[0].into
    assert convolution.out is not None
    assert after is not None
    pooled = nn.functional.max_pool2d(convolution.out.relu(), 2).flatten(1)
    assert torch.allclose(pooled, after)


def test_a_bend_is_seen_also_where_the_numbers_are_small() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 5), nn.Tanh(), nn.Linear(5, 10)).eval()
    with torch.no_grad():
        model[1].weight.mul_(1e-3)
    seen = watch(model)
    assert seen.bends_between(*seen.linears)


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


def test_a_loop_over_the_images_is_watched_as_one_batch() -> None:
    class Loop(Net):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([super(Loop, self).forward(part) for part in x.split(4)])

    one, other = watch(Loop().eval()), watch(Net().eval())
    assert [step.gives for step in one.layers] == [step.gives for step in other.layers]
    assert one.finished().shape == (16, 10)
    assert one.bends_between(*one.linears)


def test_a_layer_that_runs_twice_for_each_image_counts_twice() -> None:
    tied = nn.Linear(784, 784)
    model = nn.Sequential(nn.Flatten(), tied, nn.ReLU(), tied, nn.ReLU(), nn.Linear(784, 10)).eval()
    assert len(watch(model).linears) == 3


def test_what_is_added_to_the_last_layer_is_told_from_what_changes_it() -> None:
    assert watch(sequential().eval()).only_adds()
    assert not watch(sequential(nn.Tanh()).eval()).only_adds()
