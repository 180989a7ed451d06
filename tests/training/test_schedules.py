"""How the learning rate goes, step by step."""

import math
import warnings

import pytest
import torch

from cnnlab.training import OPTIMIZER_NAMES, SCHEDULE_NAMES, make_optimizer, make_schedule
from cnnlab.training.schedules import change_lr
from tests.training.small import net


def rates(name: str, epochs: int = 4, steps_per_epoch: int = 5, optimizer: str = "sgd") -> list[float]:
    """The learning rate of every step."""
    built = make_optimizer(net(), optimizer, lr=0.1)
    schedule = make_schedule(built, name, epochs=epochs, steps_per_epoch=steps_per_epoch)
    found = []
    for _ in range(epochs * steps_per_epoch):
        found.append(built.param_groups[0]["lr"])
        built.step()
        schedule.step()
    return found


def test_constant_stays():
    assert rates("constant") == [0.1] * 20


def test_cosine_falls_along_half_a_cosine():
    expected = [0.05 * (1 + math.cos(math.pi * step / 20)) for step in range(20)]
    assert rates("cosine") == pytest.approx(expected)


def test_one_cycle_rises_to_the_learning_rate_and_falls_to_almost_nothing():
    found = rates("one_cycle")
    assert max(found) == pytest.approx(0.1)
    assert found[0] == pytest.approx(0.004)
    assert found[-1] < 1e-5
    peak = found.index(max(found))
    assert found[: peak + 1] == sorted(found[: peak + 1])
    assert found[peak:] == sorted(found[peak:], reverse=True)


def test_step_multiplies_by_07_after_every_epoch():
    assert rates("step", epochs=3, steps_per_epoch=2) == pytest.approx([0.1, 0.1, 0.07, 0.07, 0.049, 0.049])


@pytest.mark.parametrize("name", SCHEDULE_NAMES)
@pytest.mark.parametrize("optimizer", OPTIMIZER_NAMES)
def test_every_schedule_goes_with_every_optimiser_without_a_warning(name, optimizer):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(rates(name, optimizer=optimizer)) == 20


@pytest.mark.parametrize("name", SCHEDULE_NAMES)
def test_every_schedule_survives_a_run_of_one_step(name):
    assert rates(name, epochs=1, steps_per_epoch=1)[0] > 0


def test_one_cycle_of_a_single_step_makes_it_at_the_peak():
    assert rates("one_cycle", epochs=1, steps_per_epoch=1) == [0.1]


def test_one_cycle_leaves_the_momentum_as_it_was_chosen():
    built = make_optimizer(net(), "sgd", momentum=0.9)
    make_schedule(built, "one_cycle", epochs=1, steps_per_epoch=10)
    assert built.param_groups[0]["momentum"] == 0.9


def test_a_learning_rate_changed_on_the_way_stays_changed_when_constant():
    built = make_optimizer(net(), "sgd", lr=0.1)
    schedule = make_schedule(built, "constant", epochs=1, steps_per_epoch=None)
    built.param_groups[0]["lr"] = 0.02
    built.step()
    schedule.step()
    assert built.param_groups[0]["lr"] == 0.02


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(ValueError, match="unknown schedule 'cosin': did you mean 'cosine'"):
        make_schedule(torch.optim.SGD(net().parameters()), "cosin", epochs=1, steps_per_epoch=1)


def test_a_schedule_that_needs_a_length_says_so():
    with pytest.raises(ValueError, match=r"schedule='cosine' needs to know the number of batches"):
        make_schedule(torch.optim.SGD(net().parameters()), "cosine", epochs=1, steps_per_epoch=None)


@pytest.mark.parametrize("name", SCHEDULE_NAMES)
@pytest.mark.parametrize("optimizer", OPTIMIZER_NAMES)
def test_a_change_on_the_way_scales_all_that_is_left(name, optimizer):
    plain = rates(name, optimizer=optimizer)
    built = make_optimizer(net(), optimizer, lr=0.1)
    schedule = make_schedule(built, name, epochs=4, steps_per_epoch=5)
    found = []
    for step in range(20):
        if step == 7:
            change_lr(built, schedule, 3 * built.param_groups[0]["lr"])
        found.append(built.param_groups[0]["lr"])
        built.step()
        schedule.step()
    assert found[:7] == plain[:7]
    assert found[7:] == pytest.approx([3 * rate for rate in plain[7:]])


def test_other_groups_of_parameters_change_in_proportion():
    layers = net()
    groups = [{"params": layers[0].parameters(), "lr": 0.2}, {"params": layers[4].parameters(), "lr": 0.02}]
    built = torch.optim.SGD(groups)
    change_lr(built, make_schedule(built, "constant", epochs=1, steps_per_epoch=None), 0.1)
    assert [group["lr"] for group in built.param_groups] == pytest.approx([0.1, 0.01])


@pytest.mark.parametrize(
    ("lr", "error", "said"),
    [
        (0, ValueError, "lr=0 is not a finite number above 0: try half"),
        (math.nan, ValueError, "lr=nan is not a finite number above 0"),
        ("0.1", TypeError, "lr='0.1' is a str: give a number"),
        (True, TypeError, "lr=True is a bool"),
    ],
)
def test_a_learning_rate_that_is_none_is_refused(lr, error, said):
    built = make_optimizer(net(), "sgd")
    with pytest.raises(error, match=said):
        change_lr(built, make_schedule(built, "constant", epochs=1, steps_per_epoch=None), lr)


def test_a_schedule_that_has_ended_at_zero_cannot_be_scaled():
    built = make_optimizer(net(), "sgd")
    schedule = make_schedule(built, "cosine", epochs=1, steps_per_epoch=1)
    built.step()
    schedule.step()
    with pytest.raises(ValueError, match="come to its end, where the learning rate is 0"):
        change_lr(built, schedule, 0.1)
