import pytest

from cnnlab.plots import timing_curves
from cnnlab.timing import SweepRow

ROWS = [SweepRow(1, 1.0, 1000.0, 60.0), SweepRow(64, 8.0, 8000.0, 7.5), SweepRow(4096, None, None, None)]


def test_each_sweep_is_a_line_of_throughput_on_logarithmic_axes():
    ax = timing_curves({"cpu": ROWS, "gpu": ROWS[:1]})
    assert [text.get_text() for text in ax.get_legend().texts] == ["cpu", "gpu"]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("batch size (images)", "images per second")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "64"]


def test_a_batch_that_did_not_fit_into_memory_is_left_out():
    (line,) = timing_curves({"cpu": ROWS}).lines
    assert list(line.get_xdata()) == [1, 64]
    assert list(line.get_ydata()) == [1000.0, 8000.0]


@pytest.mark.parametrize("count", [0, 7])
def test_no_sweeps_and_too_many_are_refused(count):
    with pytest.raises(ValueError, match=f"{count} sweeps: give 1 to 6"):
        timing_curves({str(number): ROWS for number in range(count)})


@pytest.mark.parametrize("rows", [[], ROWS[2:]])
def test_sweeps_without_a_time_are_refused(rows):
    with pytest.raises(ValueError, match="no sweep has a time to draw: measure at least one batch that fits"):
        timing_curves({"cpu": rows})


def test_rows_that_are_no_measurements_are_refused():
    with pytest.raises(
        TypeError, match=r"sweeps\['cpu'\] holds an? int: give the rows that timing.sweep returned"
    ):
        timing_curves({"cpu": [1]})
    with pytest.raises(TypeError, match=r"sweeps are a list: give a name for each, such as \{'cpu': rows\}"):
        timing_curves([ROWS])
