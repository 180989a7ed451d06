"""Same seed, same random numbers; and what was borrowed is put back."""

import random

import numpy as np
import pytest
import torch

from cnnlab.training import set_seed
from cnnlab.training.seeding import own_random_numbers, random_states, restore_random_states


def draw() -> tuple[float, float, float]:
    return torch.rand(1).item(), float(np.random.rand()), random.random()  # noqa: NPY002


def test_the_same_seed_gives_the_same_numbers_in_torch_numpy_and_python():
    set_seed(42)
    first = draw()
    set_seed(42)
    assert draw() == first


def test_another_seed_gives_other_numbers():
    set_seed(1)
    first = draw()
    set_seed(2)
    assert all(a != b for a, b in zip(first, draw()))


def test_a_numpy_integer_is_a_seed_too():
    set_seed(np.int64(3))
    first = draw()
    set_seed(3)
    assert draw() == first


@pytest.mark.parametrize("seed", [1.5, "42", None, True])
def test_a_seed_must_be_a_whole_number(seed):
    with pytest.raises(TypeError, match="give a whole number such as 0 or 42"):
        set_seed(seed)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused_with_the_range(seed):
    with pytest.raises(ValueError, match=r"from 0 to 4294967295"):
        set_seed(seed)


def test_generators_go_on_where_their_states_were_taken():
    set_seed(7)
    np.random.standard_normal()  # noqa: NPY002 - leaves a second normal number waiting in the state
    states = random_states()
    first = draw()
    restore_random_states(states)
    assert draw() == first


def test_states_can_be_read_back_by_a_safe_load(tmp_path):
    torch.save(random_states(), tmp_path / "states.pt")
    first = draw()
    restore_random_states(torch.load(tmp_path / "states.pt", weights_only=True))
    assert draw() == first


def test_own_random_numbers_leave_the_callers_alone():
    set_seed(0)
    expected = draw()
    set_seed(0)
    with own_random_numbers():
        set_seed(99)
        draw()
    assert draw() == expected
