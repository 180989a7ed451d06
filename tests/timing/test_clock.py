"""The clock that can be trusted: what it waits for, how often it runs, what it leaves behind."""

import time

import pytest
import torch

from cnnlab.timing import Timing, clock, synchronise, thread_count, time_call, wrong_clock


def test_it_measures_what_a_call_takes():
    timing = time_call(lambda: time.sleep(0.01), min_seconds=0.05)
    assert 0.01 <= timing.median < 0.1
    assert timing.runs >= 3
    assert timing.iqr >= 0


@pytest.mark.parametrize("seconds", [0.0, 0.003, 0.05])
def test_every_call_is_measured_three_times_however_slow(seconds):
    assert time_call(lambda: time.sleep(seconds), min_seconds=0.001).runs >= 3


def test_the_first_call_is_not_counted():
    first = iter([0.5])
    timing = time_call(lambda: time.sleep(next(first, 0.001)), min_seconds=0.02)
    assert timing.median < 0.25


def test_it_waits_for_the_device_before_it_reads_the_time(monkeypatch):
    order = []
    monkeypatch.setattr(clock, "synchronise", lambda device: order.append(device.type))
    time_call(lambda: None, min_seconds=0.001)
    assert order.count("cpu") >= 4


def test_it_runs_with_the_threads_of_the_program():
    seen = set()
    with thread_count(2):
        time_call(lambda: seen.add(torch.get_num_threads()), min_seconds=0.001)
    assert seen == {2}


def test_a_time_without_measuring_is_refused():
    with pytest.raises(ValueError, match="min_seconds=inf is no time to measure"):
        time_call(lambda: None, min_seconds=float("inf"))
    with pytest.raises(ValueError, match="min_seconds=0 is no time to measure"):
        time_call(lambda: None, min_seconds=0)


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="unknown device 'gpu'"):
        time_call(lambda: None, device="gpu")


def test_a_timing_reads_as_text_in_milliseconds():
    timing = Timing(median=0.01234, iqr=0.0005, runs=7)
    assert timing.ms == pytest.approx(12.34)
    assert str(timing) == "12.3 ms (IQR 0.5 ms, 7 runs)"


def test_importing_the_clock_says_nothing_about_cuda(capfd):
    time_call(lambda: None, min_seconds=0.001)
    assert capfd.readouterr().err == ""


def test_the_wrong_clock_counts_the_first_call():
    first = iter([0.05])
    seconds = wrong_clock(lambda: time.sleep(next(first, 0)), calls=4)
    assert len(seconds) == 4
    assert seconds[0] >= 0.05
    assert min(seconds[1:]) < 0.05


def test_the_wrong_clock_does_not_wait_for_the_device(monkeypatch):
    monkeypatch.setattr(clock, "synchronise", lambda device: pytest.fail("it waited"))
    wrong_clock(lambda: None)


def test_the_wrong_clock_needs_a_call():
    with pytest.raises(ValueError, match="calls=0 is too small"):
        wrong_clock(lambda: None, calls=0)


def test_thread_count_is_put_back_even_after_an_error():
    with pytest.raises(ZeroDivisionError), thread_count(2):
        1 / (torch.get_num_threads() - 2)
    assert torch.get_num_threads() == 1


def test_thread_count_none_changes_nothing_and_zero_is_refused():
    with thread_count(None):
        assert torch.get_num_threads() == 1
    with pytest.raises(ValueError, match="threads=0 is too small"), thread_count(0):
        pass


def test_synchronise_has_nothing_to_wait_for_on_the_cpu():
    assert synchronise(torch.device("cpu")) is None


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_synchronise_waits_for_the_right_device(kind, monkeypatch):
    waited = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: waited.append("cuda"))
    monkeypatch.setattr(torch.mps, "synchronize", lambda: waited.append("mps"))
    synchronise(torch.device(kind))
    assert waited == [kind]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda_the_work_is_in_the_time():
    x = torch.randn(4096, 4096, device="cuda")
    assert time_call(lambda: x @ x, device="cuda").median > 2 * min(wrong_clock(lambda: x @ x))


def test_more_threads_than_any_machine_has_are_refused():
    with (
        pytest.raises(ValueError, match="threads=1000000: more than 1,024 help nowhere"),
        thread_count(1_000_000),
    ):
        pass
