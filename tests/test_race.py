"""The race: what its clock covers, what it holds against what, and that no test image is trained on."""

import dataclasses

import pytest
import torch
from torch import nn

from cnnlab import race as module
from cnnlab.data import load_data
from cnnlab.models import CNNRace
from cnnlab.race import RECIPE, TARGET, WORST, Lap, Runner, faster_precision, lap, race, won
from cnnlab.table import Table
from cnnlab.training import History


@pytest.fixture
def few_images(monkeypatch):
    """300 digits in place of a data set."""
    digits = load_data("digits")
    few = dataclasses.replace(digits, train=digits.train.take(300))
    monkeypatch.setattr(module, "load_data", lambda name, root: few)
    return few


def test_a_lap_is_the_same_training_every_time(few_images):
    first, second, other = (lap(few_images, seed, device="cpu") for seed in (0, 0, 1))
    assert first.accuracy == second.accuracy
    assert first.seed == 0
    assert other.seed == 1
    assert first.seconds > 0


def test_a_lap_learns(few_images):
    assert lap(few_images, device="cpu", epochs=8, batch_size=32).accuracy > 80


def test_a_lap_takes_another_network_and_other_settings(few_images):
    built = []

    def build():
        built.append(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)))
        return built[-1]

    before = lap(few_images, 0, build, device="cpu", lr=1e-9, precision="float32")
    after = lap(few_images, 0, build, device="cpu", lr=0.01, epochs=5, precision="float32")
    assert len(built) == 2
    assert after.accuracy > before.accuracy + 20


def test_only_training_images_are_trained_on(few_images, monkeypatch):
    seen, unstopped = [], History(Table([]), Table([]))
    monkeypatch.setattr(
        module, "fit", lambda model, train, **settings: seen.append((train, settings)) or unstopped
    )
    lap(few_images, device="cpu")
    ((train, settings),) = seen
    assert train is few_images.train
    assert "validation" not in settings
    assert {key: settings[key] for key in RECIPE} == RECIPE


def test_a_lap_draws_as_many_images_as_it_is_told_by_its_seed(few_images, monkeypatch):
    seen, unstopped = [], History(Table([]), Table([]))
    monkeypatch.setattr(module, "fit", lambda model, train, **settings: seen.append(train) or unstopped)
    for seed, images in ((0, 100), (0, 100), (1, 100), (0, 1000)):
        lap(few_images, seed, device="cpu", images=images)
    one, again, other, all_of_them = seen
    assert len(one) == 100
    assert torch.equal(one.images, again.images)
    assert not torch.equal(one.images, other.images)
    known = {image.numpy().tobytes() for image in few_images.train.images}
    assert all(image.numpy().tobytes() in known for image in one.images)
    assert all_of_them is few_images.train


@pytest.mark.parametrize(
    ("times", "expected"), [((2.0, 1.0), "bfloat16"), ((1.0, 2.0), "float32"), ((1.0, 0.95), "float32")]
)
def test_the_precision_is_the_one_whose_steps_are_clearly_shorter(monkeypatch, times, expected):
    timing = type("Timing", (), {})

    def take_turns(jobs, rounds):
        found = {}
        for name, seconds in zip(jobs, times):
            jobs[name]()  # both can be run
            found[name] = timing()
            found[name].median = seconds
        return found

    monkeypatch.setattr(module, "has_bfloat16", lambda device: True)
    monkeypatch.setattr(module, "take_turns", take_turns)
    assert faster_precision.__wrapped__(torch.device("cpu")) == expected


def test_without_the_instruction_nothing_is_timed(monkeypatch):
    monkeypatch.setattr(module, "has_bfloat16", lambda device: False)
    monkeypatch.setattr(module, "take_turns", None)
    assert faster_precision.__wrapped__(torch.device("cpu")) == "float32"


def test_a_lap_that_was_stopped_is_none(few_images, monkeypatch):
    monkeypatch.setattr(module, "fit", lambda *_, **__: History(Table([]), Table([]), stopped=True))
    with pytest.raises(KeyboardInterrupt):
        lap(few_images, device="cpu")


def test_it_writes_every_lap_and_both_ways_to_train(few_images, tmp_path, capsys):
    table = race(tmp_path / "new" / "race.md", seeds=3, device="cpu", quick=True)
    assert [(row.name, row.seeds, row.epochs) for row in table] == [
        ("cnnlab", 3, 1),
        ("lab 004's loop", 1, 1),
    ]
    written = (tmp_path / "new" / "race.md").read_text()
    assert written.count("| 2 |") == 1  # the lap with seed 2
    assert "lr=0.2" in written
    ratio = table[1].seconds / table[0].seconds
    assert f"lab 004's loop takes {ratio:.0f} times as long" in written
    said = capsys.readouterr().out
    assert said.index("lab 004's loop, epoch 1") < said.index("seed 0: ")  # they take turns


def test_lab_004_goes_on_until_it_is_as_accurate(few_images, monkeypatch):
    accuracies = iter([97.0, 98.7, 99.1, 99.3])
    looked = type("Evaluation", (), {})

    def evaluate(*_, **__):
        found = looked()
        found.accuracy = next(accuracies)
        return found

    monkeypatch.setattr(module, "evaluate", evaluate)
    epochs, found = module._lab_004(few_images, 0, torch.device("cpu"), 10, lambda: None)
    assert epochs == 3
    assert found.accuracy == 99.1


def test_the_lab_can_be_left_out(few_images, tmp_path):
    table = race(tmp_path / "race.md", seeds=1, device="cpu", against=0, quick=True)
    assert [row.name for row in table] == ["cnnlab"]


@pytest.mark.parametrize(
    ("accuracy", "worst", "expected"),
    [(TARGET, WORST, True), (98.99, 98.9, False), (99.2, 98.79, False)],
)
def test_mean_and_worst_seed_must_both_be_reached(accuracy, worst, expected):
    assert won(Table([Runner("cnnlab", 10, 1, 2.0, 0.1, accuracy, worst)])) is expected


@pytest.mark.parametrize("wrong", [{"seeds": 0}, {"against": -1}, {"seeds": 2.5}])
def test_impossible_numbers_are_refused_before_anything_is_trained(wrong, tmp_path):
    with pytest.raises((ValueError, TypeError), match=next(iter(wrong))):
        race(tmp_path / "race.md", **wrong)
    assert not (tmp_path / "race.md").exists()


def test_a_lap_reads_well():
    assert "1.25" in str(Table([Lap(0, 1.25, 99.1)]))
    assert isinstance(CNNRace(), nn.Module)


def test_a_file_of_somebody_elses_is_refused_before_anything_is_trained(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "lap", None)
    (tmp_path / "thesis.md").write_text("My thesis")
    with pytest.raises(ValueError, match="was not written by cnnlab race: name another file"):
        race(tmp_path / "thesis.md", seeds=1, quick=True)
    assert (tmp_path / "thesis.md").read_text() == "My thesis"


def test_a_race_that_is_stopped_says_what_stands_and_leaves_the_older_table(
    few_images, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "race.md"
    race(out, seeds=1, device="cpu", against=0, quick=True)
    before, laps = out.read_text(), iter([Lap(0, 1.0, 99.0), Lap(0, 1.5, 99.1)])

    def two_laps(*_, **__):
        try:
            return next(laps)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(module, "lap", two_laps)
    with pytest.raises(KeyboardInterrupt):
        race(out, seeds=5, device="cpu", against=0, quick=True)
    assert "Stopped after 1 of 5 laps: they stand above, and" in capsys.readouterr().out
    assert out.read_text() == before


@pytest.mark.parametrize("images", [0, -5, 2.5])
def test_an_impossible_number_of_images_is_refused(few_images, images):
    with pytest.raises((ValueError, TypeError), match=f"images={images}"):
        lap(few_images, device="cpu", images=images)
