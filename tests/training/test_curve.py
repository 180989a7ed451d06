"""A curve keeps every step, and gives them back as means of neighbours."""

import numpy as np
import pytest

from cnnlab.training.curve import Curve
from cnnlab.training.history import StepRecord, mean_of


def steps(n: int, first: int = 1) -> list[StepRecord]:
    """Steps with uneven losses and a smaller batch now and then."""
    return [
        StepRecord(i, 1, 1 / i, 100 - 50 / i, 0.1 / i, 0.0, 10 if i % 5 == 0 else 64)
        for i in range(first, first + n)
    ]


def test_every_step_comes_back():
    curve = Curve()
    curve.add(steps(3))
    curve.add(steps(2, first=4))
    assert len(curve) == 5
    expected = [(s.step, s.loss, s.accuracy, s.lr) for s in steps(5)]
    assert curve.points().tolist() == np.array(expected, np.float32).tolist()


@pytest.mark.parametrize("every", [2, 4, 8])
def test_groups_are_means_weighted_by_example(every):
    curve, made = Curve(), steps(21)
    curve.add(made)
    means = [mean_of(made[i : i + every]) for i in range(0, 21, every)]
    expected = np.array([(m.step, m.loss, m.accuracy, m.lr) for m in means], np.float32)
    np.testing.assert_allclose(curve.points(every=every), expected, rtol=1e-6)


def test_a_part_of_the_steps_can_be_asked_for():
    curve = Curve()
    curve.add(steps(10))
    assert curve.points(first=4, last=9, every=2)[:, 0].tolist() == [6, 8, 9]


def test_no_steps_give_no_points():
    assert Curve().points().shape == (0, 4)


@pytest.mark.parametrize(("n", "every"), [(0, 1), (100, 1), (101, 2), (200, 2), (201, 4)])
def test_a_point_stands_for_as_many_steps_as_needed(n, every):
    curve = Curve()
    curve.add(steps(n))
    assert curve.every(most=100) == every
    assert len(curve.points(every=every)) <= 100
