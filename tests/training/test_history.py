"""Records, their means weighted by example, and the tables."""

import pytest
import torch

from cnnlab.table import Table
from cnnlab.training import EpochRecord, History, StepRecord
from cnnlab.training.history import Recorder, mean_of


def step(number: int, loss: float, accuracy: float, examples: int = 10, epoch: int = 1) -> StepRecord:
    return StepRecord(number, epoch, loss, accuracy, 0.1, float(number), examples)


def test_a_mean_is_weighted_by_example_and_stands_at_the_last_step():
    mean = mean_of([step(1, 1.0, 50.0, examples=30), step(2, 3.0, 100.0, examples=10)])
    assert (mean.step, mean.loss, mean.accuracy, mean.examples, mean.seconds) == (2, 1.5, 62.5, 40, 2.0)


def test_every_n_steps_keeps_the_last_smaller_group():
    history = History(Table(step(i, float(i), 0.0) for i in range(1, 8)), Table([]))
    rows = history.every(3)
    assert rows.column("step") == [3, 6, 7]
    assert rows.column("loss") == [2.0, 5.0, 7.0]
    assert rows.column("examples") == [30, 30, 10]


@pytest.mark.parametrize(
    ("n", "error"), [(0, ValueError), (-1, ValueError), (2.5, TypeError), (True, TypeError), ("a", TypeError)]
)
def test_every_refuses_what_is_no_number_of_steps(n, error):
    with pytest.raises(error, match="give a whole number of steps, at least 1"):
        History(Table([]), Table([])).every(n)


def test_a_history_reads_as_a_short_table_of_its_epochs():
    epochs = Table([EpochRecord(1, 0.5, 80.0, 0.4, 85.0, 0.001, 3.25)])
    text = str(History(Table([step(1, 0.5, 80.0)]), epochs, seconds=3.5))
    assert text.splitlines() == [
        "epoch   loss  accuracy (%)  validation loss  validation accuracy (%)  learning rate  time (s)",
        "    1  0.500         80.00            0.400                    85.00          0.001       3.2",
        "1 steps, 3.5 s",
    ]


def test_a_stopped_history_says_so_in_text_and_html():
    history = History(Table([step(1, 0.5, 80.0)]), Table([]), stopped=True, seconds=1.0)
    assert str(history) == repr(history)
    assert "stopped after 1 steps, 1.0 s" in str(history)
    assert "stopped after 1 steps" in history._repr_html_()


def test_the_recorder_reads_numbers_only_when_it_is_due():
    recorder = Recorder(read_every=3)
    for i in range(3):
        assert not recorder.due
        recorder.add(torch.tensor(0.25 * i), torch.tensor(i), 4, epoch=1, lr=0.1)
        assert recorder.steps == []
    assert recorder.due
    assert recorder.step == 3
    new = recorder.read()
    assert [(r.step, r.loss, r.accuracy) for r in new] == [(1, 0.0, 0.0), (2, 0.25, 25.0), (3, 0.5, 50.0)]
    assert recorder.read() == []
    assert recorder.step == 3


def test_an_epoch_is_the_mean_of_its_own_steps():
    recorder = Recorder()
    for loss, epoch in ((1.0, 1), (3.0, 1), (5.0, 2)):
        recorder.add(torch.tensor(loss), torch.tensor(1), 2, epoch, lr=0.1)
    recorder.read()
    recorder.end_epoch(2, (0.5, 75.0), seconds=1.0)
    assert recorder.epochs == [EpochRecord(2, 5.0, 50.0, 0.5, 75.0, 0.1, 1.0)]


def test_a_recorder_goes_on_from_its_state_and_its_clock(tmp_path):
    first = Recorder()
    first.add(torch.tensor(1.5), torch.tensor(1), 3, 1, lr=0.1)
    first.end_epoch(0, None, seconds=2.0)
    torch.save(first.state_dict(), tmp_path / "state.pt")
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    state["seconds"] = 100.0
    second = Recorder()
    second.load_state_dict(state)
    assert second.history().steps == first.history().steps
    assert second.history().epochs == first.history().epochs
    assert 100 <= second.history().seconds < 101


def test_an_empty_recorder_has_an_empty_state():
    recorder = Recorder()
    recorder.load_state_dict(recorder.state_dict())
    assert recorder.step == 0
