"""Bringing a batch to the device."""

import pytest
import torch

from cnnlab.timing import TransferRow, time_transfer


def test_on_the_cpu_it_is_a_copy_within_memory_and_says_so():
    table = time_transfer(64, "cpu", min_seconds=0.01)
    assert len(table) == 1
    assert table[0].way == "memory (a copy)"
    assert table[0].megabytes == pytest.approx(64 * 784 * 4 / 1e6)


def test_the_rate_is_size_by_time():
    row = time_transfer(8, "cpu", min_seconds=0.01)[0]
    assert isinstance(row, TransferRow)
    assert row.gigabytes_per_second == pytest.approx(row.megabytes / 1e3 / (row.ms / 1e3))


def test_an_empty_batch_is_refused():
    with pytest.raises(ValueError, match="batch_size=0 is too small"):
        time_transfer(0, "cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_to_cuda_there_are_two_ways():
    assert time_transfer(1024, "cuda").column("way") == ["memory", "pinned memory"]
