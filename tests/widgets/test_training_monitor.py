"""The monitor without a browser: what it keeps, what it obeys, what it refuses; its arithmetic in Node."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import traitlets

from cnnlab.errors import TrainingError
from cnnlab.training import fit
from cnnlab.widgets import TrainingMonitor, training_monitor
from cnnlab.widgets.page import page, part
from cnnlab.widgets.training_monitor import why_no_rate
from tests.training.small import SmallSplit, net, weights
from tests.widgets import node


@pytest.fixture(autouse=True)
def _tell_every_step(monkeypatch):
    monkeypatch.setattr("cnnlab.training.run.SECONDS_BETWEEN", 0.0)


def train(monitor, *others, model=None, epochs=2, **settings):
    """Six steps an epoch; callbacks in `others` come before the monitor, as the browser would."""
    return fit(
        model or net(),
        SmallSplit(48),
        **{"epochs": epochs, "batch_size": 8, "device": "cpu", "progress": False, **settings},
        callbacks=[*others, monitor],
    )


def asking(monitor, requests):
    """What the browser sends, in a thread of its own, after the steps given."""
    heard = []

    def on_step(state):
        for content in requests.get(state.step, []):
            sent = {"call": len(heard), "view": "v", "run": monitor.run["number"], **content}
            thread = threading.Thread(target=monitor._hear, args=(monitor, sent, []))
            thread.start()
            thread.join()

    monitor.send = lambda content: heard.append(content)
    return SimpleNamespace(on_step=on_step, heard=heard)


def floats(data, width):
    return np.frombuffer(data, np.float32).reshape(-1, width)


def points(monitor):
    """All points, as the browser joins them."""
    return np.concatenate([floats(monitor.body, 4), floats(monitor.tail, 4)])


# ---- what it shows ----


def test_it_keeps_every_step_and_every_epoch():
    monitor = TrainingMonitor()
    history = train(monitor, validation=SmallSplit(16), lr=0.01)
    expected = [(s.step, s.loss, s.accuracy, s.lr) for s in history.steps]
    np.testing.assert_allclose(points(monitor), np.array(expected, np.float32), rtol=1e-6)
    expected = [
        (6 * e.epoch, e.loss, e.accuracy, e.validation_loss, e.validation_accuracy) for e in history.epochs
    ]
    np.testing.assert_allclose(floats(monitor.epochs, 5), np.array(expected, np.float32), rtol=1e-6)
    assert monitor.status["state"] == "done"
    assert (monitor.status["epoch"], monitor.status["step"], monitor.status["lr"]) == (2, 12, 0.01)
    assert monitor.status["left"] == 0
    assert monitor.run == {
        "number": 1,
        "name": "Sequential, Adam, learning rate 0.01",
        "epochs": 2,
        "steps": 12,
        "steps_per_epoch": 6,
    }


def test_without_validation_its_numbers_are_none():
    monitor = TrainingMonitor()
    train(monitor)
    assert np.isnan(floats(monitor.epochs, 5)[:, 3:]).all()


def test_a_long_run_is_thinned(monkeypatch):
    monkeypatch.setattr(training_monitor, "POINTS", 20)
    monkeypatch.setattr(training_monitor, "NEW_POINTS", 4)
    monitor, counts = TrainingMonitor(), []
    watch = SimpleNamespace(on_epoch=lambda state: counts.append(len(points(monitor))))
    history = train(monitor, watch, epochs=11)  # 66 steps
    found = points(monitor)
    assert max(counts) <= 24
    assert len(found) == 17  # 16 of four steps each, one of two
    assert found[-1, 0] == 66
    assert found[0, 1] == pytest.approx(np.mean(history.steps.column("loss")[:4]))
    assert (np.diff(found[:, 0]) > 0).all()


def test_the_next_run_replaces_the_curves_and_keeps_the_last_three_apart():
    monitor = TrainingMonitor()
    for run, epochs in enumerate((5, 4, 3, 2, 1)):
        train(monitor, epochs=epochs, lr=0.001 * (run + 1))
        assert points(monitor)[:, 0].tolist() == list(range(1, 6 * epochs + 1))
    assert [run["number"] for run in monitor.earlier] == [2, 3, 4]
    assert [run["name"][-5:] for run in monitor.earlier] == ["0.002", "0.003", "0.004"]
    assert [len(floats(run["points"], 4)) for run in monitor.earlier] == [24, 18, 12]
    assert [len(floats(run["epochs"], 5)) for run in monitor.earlier] == [4, 3, 2]


def test_a_long_run_leaves_nothing_of_itself_in_the_next_ones_curve(monkeypatch):
    monkeypatch.setattr(training_monitor, "NEW_POINTS", 4)
    monitor, seen = TrainingMonitor(), []
    train(monitor, epochs=3)
    train(monitor, SimpleNamespace(on_epoch=lambda state: seen.append(points(monitor)[:, 0].max())), epochs=1)
    assert seen == [6]


def test_a_resumed_run_shows_what_came_before(tmp_path):
    settings = {"checkpoint": tmp_path / "run.pt", "validation": SmallSplit(16)}
    train(TrainingMonitor(), epochs=1, **settings)
    monitor, starts = TrainingMonitor(), []
    train(monitor, SimpleNamespace(on_step=lambda state: starts.append(len(points(monitor)))), **settings)
    assert starts[0] == 6
    assert points(monitor)[:, 0].tolist() == list(range(1, 13))
    assert floats(monitor.epochs, 5)[:, 0].tolist() == [6, 12]


def test_its_name_stays_true_in_a_stored_notebook_however_the_run_goes_on():
    monitor = TrainingMonitor()
    assert repr(monitor) == "TrainingMonitor()"
    train(monitor)
    assert repr(monitor) == "TrainingMonitor()"


def test_it_shows_how_the_run_ended_although_another_callback_fails():
    def fail(_about):
        raise ZeroDivisionError("in a callback")

    monitor = TrainingMonitor()
    with pytest.raises(ZeroDivisionError):
        train(monitor, SimpleNamespace(on_end=fail))
    assert monitor.status["state"] == "done"
    monitor = TrainingMonitor()
    with pytest.raises(ZeroDivisionError):
        train(monitor, SimpleNamespace(on_step=fail, on_error=fail))
    assert monitor.status["state"] == "failed"


def test_the_same_monitor_twice_is_refused():
    monitor = TrainingMonitor()
    with pytest.raises(ValueError, match=r"TrainingMonitor\(\) is given twice"):
        train(monitor, monitor)


def test_an_error_is_shown_by_its_first_line():
    monitor = TrainingMonitor()
    batches = [(torch.full((8, 1, 6, 6), math.nan), torch.arange(8) % 4)]
    with pytest.raises(TrainingError):
        fit(net(), batches, epochs=1, progress=False, callbacks=[monitor])
    assert monitor.status["state"] == "failed"
    assert monitor.status["message"].startswith("TrainingError: epoch 1, step 1: the loss is nan")
    assert "\n" not in monitor.status["message"]


def test_ctrl_c_is_a_stop_and_the_last_steps_are_shown(monkeypatch):
    monkeypatch.setattr("cnnlab.training.run.SECONDS_BETWEEN", 1000.0)

    def interrupt(state):
        if state.step == 4:
            raise KeyboardInterrupt

    monitor = TrainingMonitor()
    assert train(monitor, SimpleNamespace(on_step=interrupt)).stopped
    assert monitor.status["state"] == "stopped"
    assert points(monitor)[:, 0].tolist() == [1, 2, 3, 4]


def test_it_does_not_change_what_is_learnt():
    plain, watched = net(dropout=0.3), net(dropout=0.3)
    fit(plain, SmallSplit(48), epochs=2, batch_size=8, device="cpu", progress=False)
    train(TrainingMonitor(), model=watched)
    assert torch.equal(weights(plain), weights(watched))


def test_without_a_notebook_it_is_silent(capfd):
    script = (
        "from cnnlab.widgets import TrainingMonitor; from tests.training.small import SmallSplit, net; "
        "from cnnlab import fit; m = TrainingMonitor(); "
        "fit(net(), SmallSplit(48), epochs=1, progress=False, callbacks=[m]); print(m)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("TrainingMonitor()\n", "")


# ---- what it obeys ----


def test_stop_ends_the_run():
    monitor = TrainingMonitor()
    browser = asking(monitor, {4: [{"kind": "stop"}]})
    history = train(monitor, browser)
    assert history.stopped
    assert len(history.steps) == 4
    assert monitor.status["state"] == "stopped"
    assert browser.heard == [{"heard": 0, "refused": ""}]


def test_a_new_learning_rate_counts_from_the_next_step_and_is_marked():
    monitor = TrainingMonitor()
    requests = {3: [{"kind": "lr", "lr": 0.5}], 5: [{"kind": "lr", "times": 2}, {"kind": "lr", "times": 2}]}
    rates = train(monitor, asking(monitor, requests), lr=0.1).steps.column("lr")
    assert rates == pytest.approx([0.1] * 3 + [0.5] * 2 + [2.0] * 7)
    assert monitor.changes == [[3, 0.5], [5, 1.0], [5, 2.0]]
    assert points(monitor)[:, 3] == pytest.approx(rates)


def test_a_pause_holds_the_run_until_it_is_resumed_and_is_no_part_of_its_pace():
    monitor, states = TrainingMonitor(), []
    browser = asking(monitor, {4: [{"kind": "pause"}]})

    def resume():
        while monitor.status["state"] != "paused":
            time.sleep(0.01)
        time.sleep(0.3)
        states.append((monitor.status["state"], monitor.status["step"]))
        request = {"kind": "resume", "call": 9, "view": "v", "run": 1}
        monitor._hear(monitor, request, [])

    other = threading.Thread(target=resume)
    other.start()
    began = time.perf_counter()
    history = train(monitor, browser)
    assert time.perf_counter() - began > 0.3
    other.join()
    assert states == [("paused", 4)]
    assert len(history.steps) == 12
    assert monitor._pace._seconds < 0.25


@pytest.mark.parametrize(
    "leave",
    [
        pytest.param(lambda m: m.close(), id="closed from Python"),
        pytest.param(lambda m: m._hear(m, {"kind": "gone", "view": "v"}, []), id="its last view closed"),
        pytest.param(lambda m: None, id="the browser silent"),
    ],
)
def test_a_pause_ends_when_nobody_shows_the_monitor_any_more(monkeypatch, leave):
    monkeypatch.setattr(training_monitor, "SILENCE", 0.5)
    monitor = TrainingMonitor()
    monitor._hear(monitor, {"kind": "here", "view": "v"}, [])
    browser = asking(monitor, {4: [{"kind": "pause"}]})
    threading.Timer(0.2, leave, [monitor]).start()
    assert len(train(monitor, browser).steps) == 12


def test_a_pause_lasts_while_a_second_view_shows_the_monitor(monkeypatch):
    monkeypatch.setattr(training_monitor, "SILENCE", 1.0)
    monitor = TrainingMonitor()
    for view in "vw":
        monitor._hear(monitor, {"kind": "here", "view": view}, [])
    browser = asking(monitor, {4: [{"kind": "pause"}, {"kind": "gone"}]})
    began = time.perf_counter()
    train(monitor, browser)
    assert time.perf_counter() - began >= 1.0


def test_a_closed_monitor_does_not_end_the_training():
    monitor = TrainingMonitor()
    closing = SimpleNamespace(on_step=lambda state: monitor.close() if state.step == 3 else None)
    assert len(train(monitor, closing).steps) == 12


def test_an_error_in_sending_is_only_hidden_when_the_monitor_is_closed(monkeypatch):
    monitor = TrainingMonitor()

    def fail():
        raise OSError("no socket")

    monkeypatch.setattr(monitor, "_send_points", fail)
    with pytest.raises(OSError, match="no socket"):
        monitor._show("training")
    monitor.comm = None
    monitor._show("training")


def test_a_request_for_another_run_is_refused():
    monitor = TrainingMonitor()
    browser = asking(monitor, {4: [{"kind": "stop", "run": 7}, {"kind": "jump"}]})
    assert not train(monitor, browser).stopped
    assert "This run has ended" in browser.heard[0]["refused"]
    assert "knows no request 'jump'" in browser.heard[1]["refused"]


@pytest.mark.parametrize(
    ("lr", "said"),
    [
        (0, "0 is not above 0"),
        (-0.1, "-0.1 is not above 0"),
        (11, "11 is above 10"),
        (math.inf, "is no number"),
        ("fast", "'fast' is no number"),
        (None, "None is no number"),
        (True, "True is no number"),
    ],
)
def test_a_learning_rate_that_cannot_be_is_refused_in_words(lr, said):
    monitor = TrainingMonitor()
    browser = asking(monitor, {4: [{"kind": "lr", "lr": lr}]})
    assert set(train(monitor, browser, lr=0.1).steps.column("lr")) == {0.1}
    assert said in browser.heard[0]["refused"]


def test_doubling_stops_at_the_highest_rate():
    monitor = TrainingMonitor()
    browser = asking(monitor, {2: [{"kind": "lr", "times": 8}] * 3, 4: [{"kind": "lr", "times": 2}]})
    assert max(train(monitor, browser, lr=0.1).steps.column("lr")) == pytest.approx(6.4)
    refused = "The learning rate 51.2 is above 10: 0.0001 to 1 is usual."
    assert {"heard": 2, "refused": refused} in browser.heard  # only known when its turn came
    assert browser.heard[-1]["refused"].startswith("The learning rate 12.8 is above 10")  # known at once
    assert len(monitor.changes) == 2


def test_a_schedule_at_its_end_takes_no_new_rate_and_says_so():
    def end(state):
        if state.step == 3:
            state.optimizer.param_groups[0]["lr"] = 0.0

    monitor = TrainingMonitor()
    browser = asking(monitor, {3: [{"kind": "lr", "lr": 0.5}], 5: [{"kind": "lr", "times": 2}]})
    assert train(monitor, SimpleNamespace(on_step=end), browser).steps[-1].lr == 0
    assert monitor.changes == []
    said = [answer["refused"] for answer in browser.heard if answer["refused"]]
    assert said == [training_monitor.ENDED_AT_0] * 2  # once when its turn came, once at once


@pytest.mark.parametrize("last", [{"kind": "stop"}, {"kind": "resume"}])
def test_a_rate_that_no_step_is_made_with_is_refused_after_all(last):
    monitor = TrainingMonitor()
    at = 5 if last["kind"] == "stop" else 12
    browser = asking(monitor, {at: [{"kind": "lr", "lr": 0.5}, last]})
    history = train(monitor, browser, lr=0.1)
    assert set(history.steps.column("lr")) == {0.1}
    assert monitor.changes == []
    refused = "The run ended before the new learning rate could count."
    assert browser.heard[-1] == {"heard": 0, "refused": refused}


def test_a_rate_that_is_asked_for_in_the_last_moment_is_refused(monkeypatch):
    monkeypatch.setattr("cnnlab.training.run.SECONDS_BETWEEN", 1000.0)
    monitor = TrainingMonitor()

    def interrupt(state):
        if state.step == 4:
            raise KeyboardInterrupt

    browser = asking(monitor, {4: [{"kind": "lr", "lr": 0.5}]})
    train(monitor, browser, SimpleNamespace(on_step=interrupt))
    assert "The run ended before" in browser.heard[-1]["refused"]


@pytest.mark.parametrize("start", [-1, 100])
def test_an_accuracy_axis_that_cannot_be_is_refused(start):
    with pytest.raises(traitlets.TraitError, match=f"accuracy_from={start} is not between 0 and 99 percent"):
        TrainingMonitor(accuracy_from=start)


def test_a_page_without_a_kernel_shows_the_stored_curves():
    monitor = TrainingMonitor(log_loss=True)
    train(monitor)
    assert '"state": "done"' in page("", [part(monitor)])


# ---- its arithmetic, in Node ----


def test_body_and_tail_join_without_a_step_twice():
    body = "Float32Array.of(1, 9, 9, 9, 2, 9, 9, 9)"
    tail = "Float32Array.of(2, 8, 8, 8, 3, 8, 8, 8)"
    found = node.run('{ joined } from "training_numbers.js"', f"return [...joined({body}, {tail})]")
    assert found == [1, 9, 9, 9, 2, 9, 9, 9, 3, 8, 8, 8]


def test_the_smoothed_curve_is_the_mean_of_the_neighbours():
    values = np.random.default_rng(0).random(50)
    found = node.run(
        '{ smoothed } from "training_numbers.js"', "return [...smoothed(given, 6)]", values.tolist()
    )
    expected = [values[max(0, i - min(6, i)) : i + min(6, i) + 1].mean() for i in range(50)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("ticks(0, 2.3, 5)", [0, 0.5, 1, 1.5, 2, 2.5]),
        ("ticks(90, 100, 5)", [90, 92, 94, 96, 98, 100]),
        ("ticks(0, 0.07, 5)", [0, 0.02, 0.04, 0.06, 0.08]),
        ("logTicks(0.06, 2.3)", [0.05, 0.1, 0.2, 0.5, 1, 2, 5]),
        ("logTicks(0.0004, 2.3)", [0.0002, 0.001, 0.01, 0.1, 1, 5]),
        ("logTicks(1, 1)", [1, 2]),
        ("nearest([2, 4, 8], 5)", 1),
        ("nearest([2, 4, 8], 7)", 2),
        ("nearest([2, 4, 8], -3)", 0),
        ("halfWindow(938, 1)", 16),
        ("rateText(0.001)", "0.001"),
        ("rateText(0.00002)", "0.00002"),
        ("rateText(0.0000031)", "3.1 × 10⁻⁶"),
        ("rateText(0)", "0"),
        ("lossTick(0.5)", "0.5"),
        ("lossTick(50000)", "50000"),
        ("lossTick(2500000000)", "2.5e9"),
        ("lossTick(500000000)", "5e8"),
        ("lossTick(0.000002)", "2e−6"),
        ('figure("loss", 2345678901)', "2.3e9"),
        ('figure("loss", 4567.8)', "4568"),
        ("timeText(null)", "–"),
        ("timeText(17.6)", "18 s"),
        ("timeText(59.7)", "1 min"),
        ("timeText(83)", "1 min 25 s"),
        ("timeText(1530)", "26 min"),
        ("timeText(3900)", "1 h 5 min"),
        ("roundedSpeed(7047)", 7000),
        ('figure("loss", 0.04567)', "0.0457"),
        ('figure("accuracy", 97.46)', "97.5 %"),
        ('figure("loss", NaN)', "–"),
        ('typedRate("1e-3").rate', 0.001),
        ('typedRate(" 0,01 ").rate', 0.01),
    ],
)
def test_numbers_are_placed_and_written(call, expected):
    name = call.split("(")[0]
    assert node.run(f'{{ {name} }} from "training_numbers.js"', f"return {call}") == expected


def test_python_and_the_browser_refuse_the_same_rates_in_the_same_words():
    rates = [1e-6, 0.001, 10, 10.5, 11, 0, -1]
    said = node.run(
        '{ typedRate } from "training_numbers.js"',
        "return given.map((rate) => typedRate(String(rate)).problem ?? '')",
        rates,
    )
    assert said == [why_no_rate(rate) for rate in rates]


@pytest.mark.parametrize("text", ["", "much", "0.1.2", "1e999", "NaN"])
def test_what_is_no_number_is_refused(text):
    found = node.run('{ typedRate } from "training_numbers.js"', "return typedRate(given)", text)
    assert "write" in found["problem"]
    assert "rate" not in found


@pytest.mark.parametrize("gap", [5, 33, 120])
def test_labels_of_learning_rates_never_overlap(gap: int):
    changes = [[100 + gap * number, 0.001 * 2**number] for number in range(9)]
    placed = node.run(
        '{ placedLabels } from "training_chart.js"',
        "return placedLabels(given, (step) => step, 500)",
        changes,
    )
    assert placed[0]["row"] == 0, "the newest stands first"
    assert placed[0]["text"] == "0.256"
    for number, one in enumerate(placed):
        assert one["at"] + 8.2 * len(one["text"]) <= 500
        for other in placed[:number]:
            apart = other["at"] - (one["at"] + 8.2 * len(one["text"]))
            assert other["row"] != one["row"] or apart >= 8
    assert len(placed) >= 4
