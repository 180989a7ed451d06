"""The rows of the first table."""

import pytest

from cnnlab.benchmark.rows import compared, data_rows
from cnnlab.table import Table
from cnnlab.timing import Timing


def test_a_row_says_how_many_times_as_long_the_other_takes_and_how_accurate_both_are():
    row = compared("train", Timing(2.0, 0.1, 5), "the loop", Timing(9.0, 0.2, 5), "≥ 4 times", (99.0, 98.5))
    assert row.ratio == 4.5
    assert "| 2.000 | 0.100 | 99.00 | the loop | 9.000 | 0.200 | 98.50 | 4.50 | ≥ 4 times |" in (
        Table([row]).markdown()
    )


def test_loading_and_reading_are_measured(few):
    loaded = []
    loading, reading = data_rows(few.train, lambda: loaded.append(1), rounds=3)
    assert len(loaded) == 4  # one to warm up
    assert (loading.wanted, reading.wanted) == ("≤ 0.15 s", "≥ 7 times")
    assert reading.ratio == pytest.approx(reading.other_seconds / reading.seconds)
