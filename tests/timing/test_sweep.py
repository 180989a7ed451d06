"""Steps over batch sizes, and batches that do not fit."""

import pytest
import torch

from cnnlab.errors import TrainingError
from cnnlab.models import build
from cnnlab.timing import SweepRow, sweep


def test_a_row_for_each_batch_size_with_consistent_numbers():
    table = sweep(build("logistic"), (1, 16), "cpu", min_seconds=0.005)
    assert table.column("batch_size") == [1, 16]
    for row in table:
        assert row.images_per_second == pytest.approx(row.batch_size / row.ms_per_step * 1000)
        assert row.seconds_per_epoch == pytest.approx(60_000 / row.images_per_second)
        assert row.note == ""


def test_the_footer_names_the_work_and_the_machine():
    table = sweep(build("logistic"), (2,), "cpu", training=False, images=500, min_seconds=0.001)
    assert table.footer[0] == "inference; an epoch is 500 images"
    assert "torch" in table.footer[1]


def test_a_batch_that_does_not_fit_is_said_in_its_row_and_the_others_are_measured():
    table = sweep(build("logistic"), (10**12, 2), "cpu", min_seconds=0.001)
    assert table[0] == SweepRow(10**12, None, None, None, "out of memory")
    assert table[1].ms_per_step > 0
    assert "out of memory" in str(table)


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory."), RuntimeError("MPS backend out of memory (9 GB)")],
)
def test_each_device_says_out_of_memory_in_its_own_way(error):
    class Big(torch.nn.Linear):
        def forward(self, x):
            raise error

    assert sweep(Big(1, 1), (8,), "cpu")[0].note == "out of memory"


def test_any_other_error_of_the_network_is_not_hidden():
    with pytest.raises(TrainingError, match="mat1 and mat2"):
        sweep(torch.nn.Linear(5, 10), (4,), "cpu")


@pytest.mark.parametrize("sizes", [64, [], "64", None])
def test_batch_sizes_are_a_list_with_something_in_it(sizes):
    with pytest.raises(TypeError, match="is no list of sizes"):
        sweep(build("cnn_320"), sizes)


def test_batch_sizes_may_come_one_by_one():
    table = sweep(build("logistic"), (2**n for n in range(2)), "cpu", min_seconds=0.005)
    assert table.column("batch_size") == [1, 2]


def test_a_wrong_number_stops_the_sweep_before_it_begins():
    with pytest.raises(ValueError, match="batch_size=0 is too small"):
        sweep(build("cnn_320"), [8, 0])
    with pytest.raises(ValueError, match="images=0 is too small"):
        sweep(build("cnn_320"), [8], images=0)


def test_a_batch_that_fits_into_no_memory_says_so_in_its_row():
    row = sweep(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10)), [10**10])[0]
    assert (row.ms_per_step, row.note) == (None, "out of memory")
