"""Functions timed in turn."""

import time

import pytest

from cnnlab.timing import take_turns, timing_of


def test_functions_are_called_in_turn_after_one_call_each_to_warm_up():
    calls = []
    take_turns({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=3)
    assert "".join(calls) == "ab" + "ababab"


def test_the_median_is_of_one_call():
    took = take_turns({"nap": lambda: time.sleep(0.01), "nothing": lambda: None}, rounds=5)
    assert took["nap"].median >= 0.01
    assert took["nap"].runs == 5
    assert took["nothing"].median < took["nap"].median


def test_no_functions_are_refused_with_an_example():
    with pytest.raises(ValueError, match="give a name and a function for each"):
        take_turns({})


def test_too_few_rounds_for_a_median_are_refused():
    with pytest.raises(ValueError, match="rounds=2"):
        take_turns({"a": lambda: None}, rounds=2)


def test_calls_timed_elsewhere_get_the_same_median_and_spread():
    timing = timing_of([4.0, 1.0, 2.0, 3.0, 5.0])
    assert (timing.median, timing.iqr, timing.runs) == (3.0, 2.0, 5)


def test_no_times_have_no_median():
    with pytest.raises(ValueError, match="no seconds to take a median of"):
        timing_of([])
