"""A run of `fit` as it happens: curves that grow, time left, and buttons that reach into it."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets

from cnnlab.training.callbacks import Callback, Start, State
from cnnlab.training.curve import Curve
from cnnlab.training.history import EpochRecord, History, StepRecord
from cnnlab.training.pace import Pace
from cnnlab.widgets.explorer import Explorer, Whole

POINTS = 2000  # of a curve, at most; a longer run is drawn as means of neighbouring steps
NEW_POINTS = 200  # are sent again and again until they join the others
EARLIER_POINTS = 400
EARLIER_RUNS = 3
HIGHEST_LR = 10.0
SILENCE = 120.0  # seconds without a word from any page end a pause; a page behind others speaks once a minute
NAP = 0.05  # seconds; Ctrl-C is heard in between
RUNNING = ("training", "paused")
ENDED_AT_0 = "The schedule has come to its end, where the learning rate is 0: run fit again."


class TrainingMonitor(Explorer, Callback):
    """Shows a run of `fit` while it happens, and lets you pause it, stop it, or change its learning rate.

    Show it first, then give it to `fit`: ``callbacks=[monitor]``. The next run with the same monitor
    takes its place; the last three before it stay as faint lines.

    The monitor only looks on: closing it, its cell's output or the browser stops nothing. A pause lasts
    as long as a page shows the monitor; when the last one is closed the run goes on, at once or, if the
    page could not say so, after two minutes. A page that is loaded anew shows the monitor again when the
    cell has ended. Without a notebook it does nothing.

    Args:
        log_loss: draw the loss on a logarithmic scale.
        accuracy_from: lower end of the accuracy's axis in percent, 0 to 99.
    """

    script = "training_monitor.js"
    style = ("training_monitor.css",)
    while_cells_run = True  # the buttons reach into a running `fit`

    # Written by the training's thread only; the browser sends messages instead, which wait in `_asked`.
    run = traitlets.Dict().tag(sync=True, python_only=True)  # number, name, epochs, steps, steps_per_epoch
    # state, epoch, step, lr, speed, left, message
    status = traitlets.Dict({"state": "waiting"}).tag(sync=True, python_only=True)
    # float32 (points, 4): step, loss, accuracy, learning rate
    body = traitlets.Bytes().tag(sync=True, python_only=True)
    tail = traitlets.Bytes().tag(sync=True, python_only=True)  # the newest points, likewise
    # float32 (epochs, 5): step, loss, accuracy, both in validation
    epochs = traitlets.Bytes().tag(sync=True, python_only=True)
    # [step, learning rate] after each change by hand
    changes: Any = traitlets.List().tag(sync=True, python_only=True)
    earlier: Any = traitlets.List().tag(
        sync=True, python_only=True
    )  # the runs before: number, name, points, epochs
    log_loss = traitlets.Bool(False).tag(sync=True)
    accuracy_from = Whole(0).tag(sync=True)

    def __init__(self, *, log_loss: bool = False, accuracy_from: int = 0) -> None:
        self._asked: deque[dict[str, Any]] = deque()  # by the browser, in another thread
        self._views: set[str] = set()  # that show this monitor
        self._spoken = False  # whether one of them has said something since it was last looked at
        self._where: dict[str, Any] = {}  # epoch, step and learning rate, to be shown
        self._rates_set: list[tuple[int, dict[str, Any]]] = []  # after which step, and who asked for it
        self._start_anew()
        super().__init__(log_loss=log_loss, accuracy_from=accuracy_from)
        self.on_msg(self._hear)
        _keep_subshell(self.comm)

    @traitlets.validate("accuracy_from")
    def _check_accuracy_from(self, proposal: Any) -> int:
        if not 0 <= proposal.value <= 99:
            raise traitlets.TraitError(f"accuracy_from={proposal.value} is not between 0 and 99 percent.")
        return int(proposal.value)

    # ---- what `fit` calls ----

    def on_start(self, start: Start) -> None:
        """A new run takes the place of the last one."""
        lr = float(start.optimizer.param_groups[0]["lr"])
        kinds = f"{type(start.model).__name__}, {type(start.optimizer).__name__}"
        with self.hold_sync():
            if len(self._curve):
                self.earlier = [*self.earlier, self._as_earlier()][-EARLIER_RUNS:]
            self._start_anew()
            self._curve.add(start.history.steps)
            last_step = {step.epoch: step.step for step in start.history.steps}
            for epoch in start.history.epochs:
                self._note_epoch(epoch, last_step[epoch.epoch])
            self.run = {
                "number": self.run.get("number", 0) + 1,
                "name": f"{kinds}, learning rate {lr:.3g}",
                "epochs": start.epochs,
                "steps": start.steps,
                "steps_per_epoch": start.steps and start.steps // start.epochs,
            }
            self.changes, self.body = [], b""  # no point of the last run may stay
            self._where = {"epoch": len(self._epochs) + 1, "step": len(self._curve), "lr": lr}
            self._show("training")
        self._mark = time.perf_counter()

    def on_progress(self, state: State, steps: Sequence[StepRecord]) -> None:
        """Draw the new steps, and do what the buttons ask."""
        examples = sum(step.examples for step in steps)
        self._pace.trained(len(steps), examples, time.perf_counter() - self._mark)
        self._curve.add(steps)
        self._look_around(state)

    def on_epoch(self, state: State) -> None:
        """Draw the validation, and do what the buttons asked meanwhile."""
        assert isinstance(state.record, EpochRecord)
        if state.record.validation_loss is not None:
            self._pace.validated(time.perf_counter() - self._mark)
        self._note_epoch(state.record, state.step)
        if state.epoch < state.epochs:
            self._look_around(state)

    def on_end(self, history: History) -> None:
        """Show how it ended, and the last steps."""
        self._curve.add(history.steps[len(self._curve) :])
        if history.steps:
            last = history.steps[-1]
            self._where = {"epoch": last.epoch, "step": last.step, "lr": last.lr}
        self.changes = [change for change in self.changes if change[0] < len(history.steps)]
        self._show("stopped" if history.stopped else "done")
        self._refuse_late_rates(len(history.steps))

    def on_error(self, error: BaseException) -> None:
        """Show why it cannot go on."""
        lines = str(error).strip().splitlines()
        message = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
        self._show("failed", message)
        self._refuse_late_rates(len(self._curve))

    # ---- the run ----

    def _start_anew(self) -> None:
        self._curve, self._pace = Curve(), Pace()
        self._epochs: list[tuple[float, ...]] = []
        self._where = {}
        self._joined = 0  # steps that stand in `body`
        self._every = 1  # steps per point there
        self._mark = time.perf_counter()
        self._paused = False
        self._asked.clear()
        self._rates_set = []

    def _note_epoch(self, epoch: EpochRecord, step: int) -> None:
        validation = (epoch.validation_loss, epoch.validation_accuracy)
        held_out = [math.nan if value is None else value for value in validation]
        self._epochs.append((step, epoch.loss, epoch.accuracy, *held_out))

    def _look_around(self, state: State) -> None:
        """Obey, wait while paused, show."""
        self._where = {"epoch": state.record.epoch, "step": state.step}
        self._obey(state)
        if self._paused:
            self._wait(state)
        self._where["lr"] = _lr(state)
        self._show("training")
        self._mark = time.perf_counter()

    def _obey(self, state: State) -> None:
        """Do what the browser asked since the last time."""
        while self._asked:
            asked = self._asked.popleft()
            if asked["kind"] == "stop":
                self._paused = False
                state.request_stop()
            elif asked["kind"] == "lr":
                self._set_rate(state, asked)
            else:
                self._paused = asked["kind"] == "pause"

    def _set_rate(self, state: State, asked: dict[str, Any]) -> None:
        """Go on with another learning rate, or say why not: others may have changed it since the click."""
        refused = why_no_rate(_rate_asked(asked, _lr(state))) if _lr(state) > 0 else ENDED_AT_0
        if refused:
            self._answer(asked, refused)
            return
        lr = _rate_asked(asked, _lr(state))
        state.set_lr(lr)
        self.changes = [*self.changes, [state.step, lr]]
        self._rates_set.append((state.step, asked))

    def _refuse_late_rates(self, steps: int) -> None:
        """Say so to who asked for a learning rate that no step was made with."""
        unread = [asked for asked in self._asked if asked["kind"] == "lr"]
        for asked in [*(asked for step, asked in self._rates_set if step >= steps), *unread]:
            self._answer(asked, "The run ended before the new learning rate could count.")

    def _answer(self, asked: dict[str, Any], refused: str) -> None:
        self.send({"heard": asked.get("call"), "refused": refused})

    def _wait(self, state: State) -> None:
        """Until someone resumes or stops, or no page shows the monitor any more."""
        silent = 0.0
        shown: float | None = None
        while self._paused and self.comm is not None and silent < SILENCE:
            if shown != _lr(state):
                shown = self._where["lr"] = _lr(state)
                self._show("paused")
            time.sleep(NAP)
            silent = 0.0 if self._spoken else silent + NAP  # a machine asleep counts as no silence
            self._spoken = False
            self._obey(state)
        self._paused = False

    # ---- what is sent to the browser ----

    def _show(self, state: str, message: str = "") -> None:
        """Send what is new; a monitor that was closed meanwhile must not end the training."""
        try:
            with self.hold_sync():
                self._send_points()
                self.epochs = np.array(self._epochs, np.float32).tobytes()
                self.status = {**self._where, **self._outlook(), "state": state, "message": message}
        except Exception:
            if self.comm is not None:
                raise

    def _send_points(self) -> None:
        every = self._curve.every(POINTS)
        if every != self._every or len(self._curve) - self._joined >= NEW_POINTS * every:
            self._every, self._joined = every, len(self._curve) // every * every
            self.body = self._curve.points(last=self._joined, every=every).tobytes()
        self.tail = self._curve.points(first=self._joined, every=every).tobytes()

    def _outlook(self) -> dict[str, Any]:
        steps, epochs = self.run.get("steps"), self.run.get("epochs", 0)
        left = None
        if steps is not None:
            left = self._pace.seconds_left(steps - len(self._curve), epochs - len(self._epochs))
        return {"speed": self._pace.images_per_second, "left": left}

    def _as_earlier(self) -> dict[str, Any]:
        points = self._curve.points(every=self._curve.every(EARLIER_POINTS)).tobytes()
        return {**self.run, "points": points, "epochs": np.array(self._epochs, np.float32).tobytes()}

    # ---- what the browser sends ----

    def _hear(self, _widget: object, content: dict[str, Any], _buffers: object) -> None:
        """Note a message and answer; this runs in another thread than the training, which will obey."""
        kind, view = content.get("kind"), str(content.get("view"))
        self._spoken = True
        if kind == "here":
            self._views.add(view)
            if "call" in content:  # a question, and no mere sign of life
                self._answer(content, "")
        elif kind == "gone":
            self._views.discard(view)
            if not self._views:
                self._asked.append({"kind": "resume"})
        else:
            refused = self._why_not(content)
            if not refused:
                self._asked.append(content)
                refused = self._why_not(content)  # the run may have ended just now
            self._answer(content, refused)

    def _why_not(self, asked: dict[str, Any]) -> str:
        """Why a request cannot be granted; "" if it can, as far as this thread knows."""
        if self.status["state"] not in RUNNING or asked.get("run") != self.run.get("number"):
            return "This run has ended: there is nothing to change any more."
        if asked.get("kind") not in ("pause", "resume", "stop", "lr"):
            return f"The monitor knows no request {asked.get('kind')!r}: pause, resume, stop or lr."
        if asked["kind"] == "lr":
            now = float(self.status.get("lr", 0))
            return why_no_rate(_rate_asked(asked, now)) if now > 0 else ENDED_AT_0
        return ""


def why_no_rate(lr: object) -> str:
    """What is wrong with a learning rate, in words; "" if it is a number above 0 and at most 10."""
    if isinstance(lr, bool) or not isinstance(lr, (int, float)) or not math.isfinite(lr):
        return f"The learning rate {lr!r} is no number: write one such as 0.001."
    if lr <= 0:
        return f"The learning rate {lr:g} is not above 0: write one such as 0.001; to wait, use Pause."
    if lr > HIGHEST_LR:
        return f"The learning rate {lr:g} is above {HIGHEST_LR:g}: 0.0001 to 1 is usual."
    return ""


def _rate_asked(asked: dict[str, Any], now: float) -> Any:
    """The learning rate that is asked for, given or as so many times the present one."""
    times = asked.get("times")
    if isinstance(times, (int, float)) and "lr" not in asked:
        return times * now
    return asked.get("lr", times)


def _lr(state: State) -> float:
    return float(state.optimizer.param_groups[0]["lr"])


def _keep_subshell(comm: Any) -> None:
    """Let the browser's messages come in the thread it sent them to, so that they come while a cell runs.

    JupyterLab sends them to a subshell of the kernel. ipykernel 7.4 turns them back to the thread that
    sent last, which is the busy one that trains, unless the comm has no such method. Where none of this
    exists, clicks wait until the cell has ended, and the widget says so.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = None
