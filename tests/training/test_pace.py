"""The time that is left: steady, without pauses, with the validations to come."""

import pytest

from cnnlab.training.pace import Pace


def test_before_the_first_steps_nothing_is_known():
    pace = Pace()
    assert pace.seconds_left(100, 1) is None
    assert pace.images_per_second == 0


def test_an_even_run_is_told_exactly():
    pace = Pace()
    for _ in range(50):
        pace.trained(steps=20, examples=1280, seconds=0.2)
    assert pace.images_per_second == pytest.approx(6400)
    assert pace.seconds_left(steps=1000, validations=0) == pytest.approx(10)


def test_validations_to_come_are_counted():
    pace = Pace()
    pace.trained(10, 640, 1.0)
    pace.validated(2.0)
    assert pace.seconds_left(steps=20, validations=3) == pytest.approx(2 + 6)


def test_one_slow_stretch_changes_the_estimate_little_and_a_lasting_one_in_seconds():
    pace = Pace()
    for _ in range(50):
        pace.trained(20, 1280, 0.2)
    pace.trained(10, 640, 0.2)
    assert pace.seconds_left(1000, 0) == pytest.approx(10, rel=0.05)
    for _ in range(75):  # 15 s at half the speed
        pace.trained(10, 640, 0.2)
    assert pace.seconds_left(1000, 0) == pytest.approx(20, rel=0.1)
