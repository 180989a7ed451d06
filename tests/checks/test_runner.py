"""A check leaves everything as it was, and ends."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import threading
import time

import pytest
import torch
from tqdm import tqdm

from cnnlab import checks
from cnnlab.checks import runner


def test_the_students_prints_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    def talkative(n_in, n_out):
        print("n_in", n_in)
        return (n_in + 1) * n_out

    assert checks.linear_parameters(talkative)
    assert capsys.readouterr() == ("", "")


def test_a_progress_bar_does_no_harm(capsys: pytest.CaptureFixture[str]) -> None:
    def slowly(model, batches):
        pairs = [(model(x).argmax(1) == y) for x, y in tqdm(batches)]
        return 100 * torch.cat(pairs).double().mean()

    assert checks.accuracy(slowly)
    assert capsys.readouterr() == ("", "")


def test_random_numbers_go_on_as_if_there_had_been_no_check() -> None:
    torch.manual_seed(1)
    random.seed(1)
    expected = torch.rand(3), random.random()
    torch.manual_seed(1)
    random.seed(1)
    checks.training_step(lambda model, optimizer, images, labels: torch.manual_seed(5))
    assert torch.equal(torch.rand(3), expected[0])
    assert random.random() == expected[1]


def test_an_endless_loop_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def forever(n_in, n_out):
        while True:
            pass

    monkeypatch.setattr(runner, "TIME_LIMIT", 0.3)
    verdict = checks.linear_parameters(forever)
    assert repr(verdict) == "Not right. Your code still runs after 0.3 s: does its loop ever end?"


def test_a_long_sleep_is_stopped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleeping(n_in, n_out):
        time.sleep(20)

    monkeypatch.setattr(runner, "TIME_LIMIT", 0.3)
    handler, begun = signal.getsignal(signal.SIGINT), time.monotonic()
    assert "still runs after 0.3 s" in checks.linear_parameters(sleeping).reason
    assert time.monotonic() - begun < 10
    assert signal.getsignal(signal.SIGINT) is handler


def swallows(n_in: int, n_out: int) -> None:
    while True:
        try:  # noqa: SIM105
            time.sleep(0.1)
        except:  # noqa: E722
            pass


def test_a_loop_that_swallows_every_interrupt_is_ended_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner, "TIME_LIMIT", 0.3)
    handler, tracing = signal.getsignal(signal.SIGINT), sys.gettrace()
    assert "still runs after 0.3 s" in checks.linear_parameters(swallows).reason
    time.sleep(0.3)  # and no interrupt comes after it
    assert signal.getsignal(signal.SIGINT) is handler
    assert sys.gettrace() is tracing


def test_stop_pressed_by_the_student_still_stops() -> None:
    def stopped(n_in, n_out):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        checks.linear_parameters(stopped)


def test_a_check_works_in_another_thread() -> None:
    found = []
    thread = threading.Thread(target=lambda: found.append(checks.padded_fc1(980)))
    thread.start()
    thread.join()
    assert found[0]


def test_no_timer_is_left_behind() -> None:
    before = threading.active_count()
    checks.padded_fc1(980)
    time.sleep(0.01)
    assert threading.active_count() <= before


def test_a_wrong_call_of_the_check_is_told_the_right_one() -> None:
    assert checks.padded_fc1(1, 2).reason == "Call it like this: checks.padded_fc1(answer)."


@pytest.mark.parametrize("kind", [asyncio.CancelledError, GeneratorExit, type("Mine", (BaseException,), {})])
def test_whatever_an_answer_raises_is_a_verdict(kind: type[BaseException]) -> None:
    def raises(k: int) -> int:
        raise kind("stop")

    assert checks.same_padding(raises).state == "wrong"
