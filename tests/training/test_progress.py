"""The bar tells the epoch, the loss, the accuracy and the speed, and can be hidden."""

import os
import subprocess
import sys
import textwrap

import pytest

from cnnlab.training import fit
from cnnlab.training.history import StepRecord
from cnnlab.training.progress import Progress
from tests.training.small import SmallSplit, net

STEPS = [StepRecord(i, 1, 0.5, 80.0, 0.1, 0.0, 10) for i in (1, 2)]


def test_the_bar_tells_epoch_loss_accuracy_and_speed(capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    bar = Progress(True, epochs=3, steps_per_epoch=2)
    bar.show(STEPS, epoch=1)
    bar.close()
    text = capsys.readouterr().err
    assert "epoch 1/3" in text
    assert "loss 0.500, accuracy 80.0 %" in text
    assert "img/s" in text
    assert "2/6" in text


def test_the_bar_tells_means_over_the_last_hundred_steps_weighted_by_example(capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    steps = [StepRecord(i, 1, 9.0 if i <= 100 else 1.0, 50.0, 0.1, 0.0, 10) for i in range(1, 201)]
    bar = Progress(True, epochs=1, steps_per_epoch=200)
    bar.show(steps, epoch=1)
    bar.close()
    assert "loss 1.000" in capsys.readouterr().err


def test_the_bar_of_a_resumed_run_begins_where_it_left_off(capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    bar = Progress(True, epochs=3, steps_per_epoch=2, done=2)
    bar.close()
    assert "2/6" in capsys.readouterr().err


def test_a_bar_is_redrawn_only_now_and_then(monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr("cnnlab.training.progress.SECONDS_BETWEEN", 1000)
    bar = Progress(True, epochs=1, steps_per_epoch=2)
    assert not bar.due
    monkeypatch.setattr("cnnlab.training.progress.SECONDS_BETWEEN", 0)
    assert bar.due
    bar.close()


@pytest.mark.parametrize("length", [2, None])
def test_progress_false_draws_nothing(capsys, length):
    bar = Progress(False, epochs=1, steps_per_epoch=length)
    assert not bar.due
    bar.show(STEPS, epoch=1)
    bar.close()
    assert capsys.readouterr().err == ""


def test_fit_shows_the_bar_also_where_the_length_is_not_known(capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)

    class Endless:
        def __iter__(self):
            return iter(SmallSplit().batches(16))

    fit(net(), Endless(), epochs=2, device="cpu")
    assert "epoch 2/2" in capsys.readouterr().err


def test_tqdm_disable_hides_every_bar():
    script = """
        from cnnlab.training.progress import Progress
        bar = Progress(True, epochs=1, steps_per_epoch=2)
        print(bar.due)
        bar.close()
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TQDM_DISABLE": "1"},
    )
    assert (result.stdout, result.stderr) == ("False\n", "")


def test_tqdm_disable_hides_the_bar_of_notebooks_too(monkeypatch):
    from tqdm.notebook import tqdm as notebook_tqdm

    monkeypatch.setenv("TQDM_DISABLE", "1")
    monkeypatch.setattr("cnnlab.training.progress.tqdm", notebook_tqdm)
    bar = Progress(True, epochs=1, steps_per_epoch=2)
    assert bar._bar.disable
    bar.close()
