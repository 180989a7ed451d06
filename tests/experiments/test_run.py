from __future__ import annotations

import numpy as np
import pytest
import torch

from cnnlab.experiments import run
from cnnlab.experiments.run import BASE, available, frozen, perform, task
from cnnlab.table import Table
from cnnlab.training import History


def test_a_run_gives_the_same_result_every_time() -> None:
    one = task({"channels": (4,), "hidden": 0}, seed=3, data="digits", images=200)
    first, second = perform(one), perform(one)
    assert (first.accuracy, first.loss, first.key) == (second.accuracy, second.loss, second.key)
    assert first.parameters == 4 * 26 + 4 * 12 * 12 * 10 + 10
    assert first.said == ""


def test_the_key_depends_on_settings_seed_and_data_and_on_nothing_else() -> None:
    base = task({}, 0, "digits", None)
    assert task({"kernel": BASE["kernel"], "channels": [10, 20]}, 0, "digits", None).key == base.key
    others = [
        task({"kernel": 3}, 0, "digits", None),
        task({}, 1, "digits", None),
        task({}, 0, "mnist", None),
        task({}, 0, "digits", 100),
    ]
    assert len({one.key for one in [base, *others]}) == 5


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"kernal": 3}, "unknown setting 'kernal': did you mean 'kernel'"),
        ({"kernel": 99}, "conv1 does not fit"),
        ({"pooling": "maximum"}, "unknown pooling 'maximum'"),
    ],
)
def test_a_setting_that_no_network_has_is_refused_before_any_run(
    settings: dict[str, object], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        task(settings, 0, "digits", None)


def test_a_run_that_cannot_go_on_is_a_result_with_its_reason() -> None:
    result = perform(task({"optimizer": "sgd", "lr": 1e30, "schedule": "constant"}, 0, "digits", 300))
    assert result.accuracy is None
    assert "loss" in result.said


def test_a_run_that_is_stopped_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*arguments: object, **named: object) -> History:
        print("Stopped in epoch 1, step 2: the model and the History keep what was learnt so far.")
        return History(Table([]), Table([]), stopped=True)

    monkeypatch.setattr(run, "fit", stopped)
    with pytest.raises(KeyboardInterrupt):
        perform(task({}, 0, "digits", 100))


def test_a_sixth_of_the_training_images_is_held_out() -> None:
    assert available("digits", None) == ("digits", 1437 - round(1437 / 6))


def test_afterwards_pytorch_has_its_threads_again() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        perform(task({"channels": (4,), "hidden": 0}, seed=0, data="digits", images=100))
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


def test_numpys_settings_are_kept_as_pythons():
    assert frozen([np.int64(3), 5]) == (3, 5)
    assert type(frozen(np.float64(0.5))) is float
