"""Callbacks look on, may stop a run, and are refused where they would never be called."""

import dataclasses
from types import SimpleNamespace

import pytest

from cnnlab.errors import TrainingError
from cnnlab.training import Callback, EpochRecord, History, Start, State, StepRecord, fit
from cnnlab.training import run as run_module
from cnnlab.training.callbacks import check_callbacks, methods, told_of_errors
from tests.training.small import SmallSplit, net


class Watcher(Callback):
    def __init__(self) -> None:
        self.seen: list[object] = []

    def on_step(self, state):
        self.seen.append(("step", state.step, state.epoch, type(state.record)))

    def on_epoch(self, state):
        self.seen.append(("epoch", state.step, state.epoch, type(state.record)))

    def on_end(self, history):
        self.seen.append(("end", type(history)))


def test_callbacks_are_called_after_steps_epochs_and_at_the_end():
    watcher = Watcher()
    fit(net(), SmallSplit(48), epochs=2, batch_size=24, progress=False, callbacks=[watcher])
    assert watcher.seen == [
        ("step", 1, 1, StepRecord),
        ("step", 2, 1, StepRecord),
        ("epoch", 2, 1, EpochRecord),
        ("step", 3, 2, StepRecord),
        ("step", 4, 2, StepRecord),
        ("epoch", 4, 2, EpochRecord),
        ("end", History),
    ]


def test_one_method_is_enough_and_any_object_will_do():
    losses = []
    watcher = SimpleNamespace(on_step=lambda state: losses.append(state.record.loss))
    history = fit(net(), SmallSplit(), epochs=1, progress=False, callbacks=[watcher])
    assert losses == history.steps.column("loss")


def test_the_state_is_frozen_and_knows_the_model():
    model, states = net(), []
    fit(model, SmallSplit(), epochs=1, progress=False, callbacks=[SimpleNamespace(on_epoch=states.append)])
    assert isinstance(states[0], State)
    assert states[0].model is model
    assert states[0].epochs == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        states[0].step = 7


def test_a_callback_may_stop_the_run_after_a_step():
    def stop(state):
        if state.step == 3:
            state.request_stop()

    history = fit(
        net(),
        SmallSplit(48),
        epochs=5,
        batch_size=24,
        progress=False,
        callbacks=[SimpleNamespace(on_step=stop)],
    )
    assert history.stopped
    assert len(history.steps) == 3
    assert len(history.epochs) == 1


@pytest.mark.parametrize(("epochs", "stopped"), [(1, False), (2, True)])
def test_a_stop_at_the_last_step_of_an_epoch_keeps_that_epoch(tmp_path, epochs, stopped):
    def stop(state):
        if state.step == 3:
            state.request_stop()

    history = fit(
        net(),
        SmallSplit(48),
        epochs=epochs,
        batch_size=16,
        progress=False,
        checkpoint=tmp_path / "run.pt",
        callbacks=[SimpleNamespace(on_step=stop)],
    )
    assert (len(history.steps), len(history.epochs), history.stopped) == (3, 1, stopped)
    assert (tmp_path / "run.pt").exists()


def test_a_callback_may_stop_the_run_after_an_epoch():
    stopper = SimpleNamespace(on_epoch=lambda state: state.request_stop())
    history = fit(net(), SmallSplit(), epochs=5, progress=False, callbacks=[stopper])
    assert history.stopped
    assert len(history.epochs) == 1


def test_a_callback_may_change_the_learning_rate():
    def halve(state):
        state.optimizer.param_groups[0]["lr"] /= 2

    history = fit(
        net(), SmallSplit(), epochs=3, lr=0.4, progress=False, callbacks=[SimpleNamespace(on_epoch=halve)]
    )
    assert history.epochs.column("lr") == [0.4, 0.2, 0.1]


def test_what_a_callback_raises_reaches_the_caller():
    def fail(state):
        raise ZeroDivisionError("in a callback")

    with pytest.raises(ZeroDivisionError, match="in a callback"):
        fit(net(), SmallSplit(), epochs=1, progress=False, callbacks=[SimpleNamespace(on_step=fail)])


@pytest.mark.parametrize("callback", [print, object(), SimpleNamespace(on_epoch_end=print)])
def test_a_callback_that_would_never_be_called_is_refused(callback):
    with pytest.raises(TypeError, match="has none of the methods on_start, on_step, on_progress, on_epoch"):
        check_callbacks([callback])


def test_methods_that_callback_leaves_empty_are_not_called():
    class OnlyEpochs(Callback):
        def on_epoch(self, state):
            pass

    assert methods([OnlyEpochs()], "on_step") == []
    assert len(methods([OnlyEpochs()], "on_epoch")) == 1


def test_one_callback_alone_is_refused_with_how_to_write_it():
    with pytest.raises(TypeError, match=r"callbacks is a Watcher: give a list, callbacks=\[\.\.\.\]"):
        check_callbacks(Watcher())
    with pytest.raises(TypeError, match=r"the callback Watcher is a class: write Watcher\(\)"):
        check_callbacks([Watcher])


def test_the_start_tells_how_long_the_run_will_be():
    starts = []
    fit(net(), SmallSplit(48), epochs=2, batch_size=20, progress=False, callbacks=[on(start=starts.append)])
    assert isinstance(starts[0], Start)
    assert (len(starts), starts[0].epochs, starts[0].steps, len(starts[0].history.steps)) == (1, 2, 6, 0)


def test_a_resumed_run_starts_with_what_was_recorded_before(tmp_path):
    settings = {"batch_size": 24, "progress": False, "checkpoint": tmp_path / "run.pt"}
    first = fit(net(), SmallSplit(48), epochs=1, **settings)
    starts = []
    fit(net(), SmallSplit(48), epochs=2, **settings, callbacks=[on(start=starts.append)])
    assert starts[0].history.steps == first.steps
    assert starts[0].history.epochs == first.epochs


def test_batches_of_unknown_number_leave_the_steps_open():
    class Endless:
        def __iter__(self):
            return iter(SmallSplit(48).batches(24))

    starts, states = [], []
    fit(net(), Endless(), epochs=1, progress=False, callbacks=[on(start=starts.append, step=states.append)])
    assert starts[0].steps is None
    assert states[0].steps is None


def on(**called) -> SimpleNamespace:
    return SimpleNamespace(**{f"on_{name}": method for name, method in called.items()})


@pytest.mark.parametrize("seconds", [0.0, 1000.0])
def test_progress_brings_every_step_once_and_all_of_them_before_the_validation(monkeypatch, seconds):
    monkeypatch.setattr(run_module, "SECONDS_BETWEEN", seconds)
    told = []
    watcher = on(
        progress=lambda state, steps: told.append((state.step, [step.step for step in steps])),
        epoch=lambda state: told.append("epoch"),
    )
    fit(net(), SmallSplit(48), epochs=2, batch_size=24, progress=False, callbacks=[watcher])
    if seconds:
        assert told == [(2, [1, 2]), "epoch", (4, [3, 4]), "epoch"]
    else:
        assert told == [(1, [1]), (2, [2]), "epoch", (3, [3]), (4, [4]), "epoch"]


def test_progress_does_not_make_a_gpu_wait_at_every_step(monkeypatch):
    monkeypatch.setattr(run_module.Run, "reading_is_free", False)
    readings = []
    read = run_module.Run.read
    monkeypatch.setattr(run_module.Run, "read", lambda run: (readings.append(run.recorder.step), read(run)))
    watcher = on(progress=lambda state, steps: None)
    fit(net(), SmallSplit(48), epochs=1, batch_size=4, progress=False, callbacks=[watcher], device="cpu")
    assert set(readings) == {12}  # at the end of the epoch, 12 steps in less than a fifth of a second


@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
def test_a_learning_rate_set_on_the_way_scales_the_rest_of_the_schedule(schedule):
    def halve(state):
        if state.step == 3:
            state.set_lr(state.record.lr / 2)

    settings = {"epochs": 2, "batch_size": 12, "schedule": schedule, "lr": 0.4, "progress": False}
    plain = fit(net(), SmallSplit(48), **settings).steps.column("lr")
    changed = fit(net(), SmallSplit(48), **settings, callbacks=[on(step=halve)]).steps.column("lr")
    assert changed[:3] == plain[:3]
    assert changed[3:] == pytest.approx([rate / 2 for rate in plain[3:]])


def test_what_ends_a_run_is_told_once_and_still_raised():
    errors = []
    with pytest.raises(TrainingError, match="no batch at all"):
        fit(net(), Empty(), epochs=1, progress=False, callbacks=[on(error=errors.append, end=errors.append)])
    assert [type(error) for error in errors] == [TrainingError]


class Empty:
    def __iter__(self):
        return iter([])


def test_a_block_without_an_error_tells_nothing():
    errors = []
    with told_of_errors([on(error=errors.append)]):
        pass
    assert errors == []


def failing(words) -> SimpleNamespace:
    def fail(_about):
        raise ZeroDivisionError(words)

    return on(end=fail, error=fail)


def test_a_callback_that_fails_at_the_end_leaves_no_other_without_the_call():
    ends = []
    watching = [failing("first"), on(end=ends.append), failing("second")]
    with pytest.raises(ZeroDivisionError, match="first") as raised:
        fit(net(), SmallSplit(), epochs=1, progress=False, callbacks=watching)
    assert len(ends) == 1
    assert raised.value.__notes__ == ["A callback's on_end failed as well: ZeroDivisionError: second"]


def test_the_error_of_the_training_wins_over_those_of_callbacks_and_names_them():
    errors = []
    watching = [failing("in on_error"), on(error=errors.append)]
    with pytest.raises(TrainingError, match="no batch at all") as raised:
        fit(net(), Empty(), epochs=1, progress=False, callbacks=watching)
    assert errors == [raised.value]
    assert raised.value.__notes__ == ["A callback's on_error failed as well: ZeroDivisionError: in on_error"]


def test_a_callback_that_raises_what_it_was_told_of_adds_no_note():
    def again(error):
        raise error

    with pytest.raises(TrainingError) as raised, told_of_errors([on(error=again)]):
        raise TrainingError("stop")
    assert not hasattr(raised.value, "__notes__")


def test_a_callback_that_is_given_twice_is_refused():
    watcher = Watcher()
    with pytest.raises(ValueError, match=r"Watcher object .* is given twice: .* must name it once"):
        check_callbacks([watcher, on(end=print), watcher])
