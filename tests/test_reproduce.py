"""The labs' networks by their own recipes: kept runs, bands, and the table."""

import json
from dataclasses import replace

import pytest

from cnnlab import reproduce as module
from cnnlab.errors import DataError
from cnnlab.models import names as network_names
from cnnlab.reproduce import BANDS, NETWORKS, Run, all_hold, read_runs, reproduce, tabulate

LAB_002 = {
    "optimizer": "sgd",
    "lr": 0.001,
    "momentum": 0.9,
    "batch_size": 50,
    "epochs": 5,
    "mean": 0.1307,
    "std": 0.3081,
}
RUN = Run("cnn_320", 0, "mnist", LAB_002, 98.2, [4.0, 6.0], "a machine; 2026-01-01", load=0.5)


@pytest.fixture
def on_digits(tmp_path, monkeypatch):
    """`reproduce` on the digits for one epoch, in a folder of its own."""
    monkeypatch.setenv("TQDM_DISABLE", "1")

    def call(names=("logistic", "mlp"), seeds=1, epochs=1, **more):
        return reproduce(
            names, seeds, out=tmp_path / "r.md", data="digits", epochs=epochs, device="cpu", **more
        )

    return call


def test_every_lab_network_is_reproduced():
    assert set(NETWORKS) == set(network_names()) - {"convnet"}


def test_the_bands_are_those_promised():
    assert {name: (band.low, band.high) for name, band in BANDS.items()} == {
        "cnn_320": (97.5, 99.0),
        "cnn_padded": (98.5, 100.0),
        "cnn_wide": (98.5, 100.0),
    }


def test_a_row_has_the_mean_and_the_range_over_the_seeds():
    row = tabulate([RUN, replace(RUN, seed=1, accuracy=98.6, seconds=[5.0])])[0]
    assert (row.accuracy, row.lowest, row.highest, row.seeds) == (pytest.approx(98.4), 98.2, 98.6, 2)
    assert (row.lab, row.reported, row.seconds) == ("002", 98.0, 5.0)
    assert row.recipe == "sgd 0.001 momentum 0.9, batch 50, 5 epochs, mean 0.1307 std 0.3081"


@pytest.mark.parametrize(("accuracy", "holds"), [(97.49, False), (97.5, True), (99.0, True), (99.01, False)])
def test_a_band_is_judged_at_both_ends(accuracy, holds):
    table = tabulate([replace(RUN, accuracy=accuracy)])
    assert table[0].band == "97.5 to 99"
    assert table[0].holds is holds
    assert all_hold(table) is holds


def test_a_network_without_a_band_misses_none():
    settings = module._settings("mlp")
    table = tabulate([replace(RUN, network="mlp", settings=settings, accuracy=50.0)])
    assert table[0].holds is None
    assert all_hold(table)


@pytest.mark.parametrize("other", [{"data": "digits"}, {"settings": {**LAB_002, "epochs": 1}}])
def test_other_images_or_fewer_epochs_are_not_judged(other):
    row = tabulate([replace(RUN, accuracy=20.0, **other)])[0]
    assert row.holds is None
    assert row.band == ""


def test_seconds_of_a_busy_machine_are_left_out_and_the_table_says_so():
    table = tabulate([replace(RUN, load=1000.0), RUN])
    assert table[0].seconds == 5.0  # of the calm run
    assert "busy in 1 of 2 runs (median load 1000.0 on" in str(table)
    assert tabulate([replace(RUN, load=1000.0)])[0].seconds is None


@pytest.mark.parametrize("load", [0.5, None])
def test_a_calm_machine_is_not_mentioned(load):
    assert "busy" not in str(tabulate([replace(RUN, load=load)]))


def test_it_trains_each_network_and_writes_the_table(on_digits, tmp_path):
    table = on_digits()
    assert table.column("network") == ["logistic", "mlp"]
    assert all(row.accuracy > 20 for row in table)
    text = (tmp_path / "r.md").read_text()
    assert "1,437 training images of digits" in text
    assert "| mlp | 004 | adam 0.001, batch 100, 1 epoch, pixels 0 to 1 |" in text
    assert "torch" in text
    assert len(read_runs(tmp_path / "r.jsonl")) == 2


def test_a_finished_run_is_not_run_again(on_digits, monkeypatch, capsys):
    first = on_digits(seeds=1)
    trained = []
    original = module._train
    monkeypatch.setattr(module, "_train", lambda *a, **k: trained.append(a[:2]) or original(*a, **k))
    second = on_digits(seeds=2)
    assert trained == [("logistic", 1), ("mlp", 1)]
    assert [row.lowest <= one.accuracy <= row.highest for row, one in zip(second, first)] == [True, True]
    assert "logistic, seed 0: " in capsys.readouterr().out


def test_all_networks_come_first_with_seed_0(on_digits, capsys):
    on_digits(seeds=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "[1/4] logistic, seed 0", "[2/4] mlp, seed 0", "[3/4] logistic, seed 1", "[4/4] mlp, seed 1",
    ]  # fmt: skip


def test_the_same_seed_gives_the_same_accuracy(on_digits, tmp_path):
    first = on_digits(["lenet_dropout"])
    (tmp_path / "r.jsonl").unlink()
    assert on_digits(["lenet_dropout"]).column("accuracy") == first.column("accuracy")


def test_a_run_with_other_settings_is_another_run(on_digits, tmp_path):
    on_digits(["logistic"], epochs=1)
    on_digits(["logistic"], epochs=2)
    assert [run.settings["epochs"] for run in read_runs(tmp_path / "r.jsonl")] == [1, 2]
    assert "1 epoch," not in (tmp_path / "r.md").read_text()


def test_the_file_keeps_networks_that_were_not_asked_for_this_time(on_digits, tmp_path):
    on_digits(["logistic"])
    assert on_digits(["mlp"]).column("network") == ["mlp"]
    assert "| logistic |" in (tmp_path / "r.md").read_text()


def test_a_line_cut_off_by_a_kill_is_left_out_and_does_not_spoil_the_next(on_digits, tmp_path):
    on_digits(["logistic", "mlp"])
    kept = tmp_path / "r.jsonl"
    kept.write_text(kept.read_text()[:-40])
    assert [run.network for run in read_runs(kept)] == ["logistic"]
    on_digits(["logistic", "mlp"])
    assert [run.network for run in read_runs(kept)] == ["logistic", "mlp"]


def test_a_stopped_run_is_not_kept(on_digits, tmp_path, monkeypatch):
    def stopped(*args, **kwargs):
        return replace(original(*args, **kwargs), stopped=True)

    original = module.fit
    monkeypatch.setattr(module, "fit", stopped)
    with pytest.raises(KeyboardInterrupt):
        on_digits(["logistic"])
    assert read_runs(tmp_path / "r.jsonl") == []


def test_it_does_not_fall_back_to_other_images_than_mnist(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="MNIST"):
        reproduce(["mlp"], 1, root=tmp_path / "empty", out=tmp_path / "r.md")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": ["cnn320"]}, r"no recipe for 'cnn320': did you mean 'cnn_320'\?"),
        ({"names": ["convnet"]}, "convnet comes from no lab"),
        ({"seeds": 0}, "seeds=0 is too small"),
        ({"epochs": 0}, "epochs=0 is too small"),
    ],
)
def test_a_mistake_is_said_before_anything_is_trained(on_digits, arguments, message):
    with pytest.raises(ValueError, match=message):
        on_digits(**arguments)


def test_the_table_cannot_take_the_place_of_the_kept_runs(tmp_path):
    with pytest.raises(ValueError, match=r"r\.jsonl is where the runs are kept"):
        reproduce(["mlp"], 1, out=tmp_path / "r.jsonl", data="digits")


def test_a_kept_run_survives_the_file():
    assert Run(**json.loads(json.dumps(RUN.__dict__))) == RUN


def test_a_table_that_cannot_be_written_is_refused_before_anything_is_trained(tmp_path, monkeypatch):
    monkeypatch.setattr("cnnlab.reproduce._train", lambda *_: pytest.fail("it trained"))
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path, tmp_path / "file" / "table.md"):
        with pytest.raises(ValueError, match=r"is a folder: name|cannot be written \("):
            reproduce(["logistic"], 1, out=out, data="digits")


def test_a_device_that_is_not_there_is_said_before_the_data_are_looked_for(tmp_path, monkeypatch):
    monkeypatch.setattr("cnnlab.reproduce.load_data", lambda *_: pytest.fail("it looked for the data"))
    with pytest.raises(ValueError, match=r"unknown device 'gpu': did you mean 'cuda'\?"):
        reproduce(["logistic"], out=tmp_path / "r.md", device="gpu")
