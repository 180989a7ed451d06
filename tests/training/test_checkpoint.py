"""A run that was stopped, killed or extended ends as if it had never been; other files are left alone."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset, WeightedRandomSampler

from cnnlab.errors import CheckpointError
from cnnlab.training import OPTIMIZER_NAMES, SCHEDULE_NAMES, fit
from cnnlab.training import checkpoint as checkpoint_module
from tests.training.small import SmallSplit, net, weights

ROOT = Path(__file__).resolve().parents[2]


class Killed(BaseException):
    """Stands for a process that ends, without ending the tests."""


def die_in_epoch(number: int) -> SimpleNamespace:
    def die(state):
        if state.epoch == number and state.step % 3 == 2:
            raise Killed

    return SimpleNamespace(on_step=die)


def train(path=None, *, model=None, data=None, **settings):
    """One run of 3 epochs of 3 steps with dropout, momentum and shuffling; returns model and history."""
    model = model or net(dropout=0.3)
    defaults = {"epochs": 3, "batch_size": 16, "optimizer": "sgd", "lr": 0.1, "momentum": 0.9}
    history = fit(
        model,
        data or SmallSplit(48),
        checkpoint=path,
        device="cpu",
        progress=False,
        **{**defaults, **settings},
    )
    return model, history


def train_but_die(path, number: int = 2, **settings) -> None:
    with pytest.raises(Killed):
        train(path, callbacks=[die_in_epoch(number)], **settings)


# ---- going on ----


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork to start many runs quickly")
def test_a_run_killed_at_any_moment_ends_with_the_same_weights_bit_for_bit(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "tests.training.killed_run", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=200,
    )
    assert result.returncode == 0, result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert [name for name, _, _ in lines] == [
        "at_random_moments",
        "in_the_middle_of_writing",
        "just_before_the_move",
        "just_after_the_move",
    ]
    assert all(int(killed) >= 1 for _, killed, _ in lines)
    assert all(same == "same" for _, _, same in lines), result.stdout


@pytest.mark.parametrize("schedule", SCHEDULE_NAMES)
@pytest.mark.parametrize("optimizer", OPTIMIZER_NAMES)
def test_every_optimiser_and_schedule_goes_on_bit_for_bit(tmp_path, optimizer, schedule):
    settings = {"optimizer": optimizer, "schedule": schedule, "momentum": 0.0, "lr": 0.01}
    whole, _ = train(**settings)
    train_but_die(tmp_path / "run.pt", **settings)
    resumed, _ = train(tmp_path / "run.pt", **settings)
    assert torch.equal(weights(resumed), weights(whole))


def test_the_history_goes_on_too(tmp_path):
    _, whole = train(validation=SmallSplit(16))
    train_but_die(tmp_path / "run.pt", 3, validation=SmallSplit(16))
    _, resumed = train(tmp_path / "run.pt", validation=SmallSplit(16))
    for name in ("step", "epoch", "loss", "accuracy", "lr", "examples"):
        assert resumed.steps.column(name) == whole.steps.column(name)
    for name in ("loss", "validation_loss", "validation_accuracy"):
        assert resumed.epochs.column(name) == whole.epochs.column(name)


def test_it_does_not_matter_how_the_new_model_was_made(tmp_path):
    whole, _ = train()
    train_but_die(tmp_path / "run.pt")
    resumed, _ = train(tmp_path / "run.pt", model=net(dropout=0.3, seed=99))
    assert torch.equal(weights(resumed), weights(whole))


def test_batch_norms_running_statistics_go_on_too(tmp_path):
    def normed():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(32, 4))

    whole, _ = train(model=normed())
    train_but_die(tmp_path / "run.pt", model=normed())
    resumed, _ = train(tmp_path / "run.pt", model=normed())
    assert torch.equal(weights(resumed), weights(whole))


@pytest.mark.parametrize("own_generator", [True, False])
def test_the_order_of_a_loader_goes_on_too(tmp_path, own_generator):
    def loader():
        split = SmallSplit(48)
        generator = torch.Generator().manual_seed(7) if own_generator else None
        return DataLoader(TensorDataset(split.images, split.labels), 16, shuffle=True, generator=generator)

    whole, _ = train(data=loader())
    train_but_die(tmp_path / "run.pt", data=loader())
    resumed, _ = train(tmp_path / "run.pt", data=loader())
    assert torch.equal(weights(resumed), weights(whole))


@pytest.mark.parametrize("place", ["sampler", "weighted", "batch_sampler"])
def test_the_order_of_a_sampler_with_a_generator_of_its_own_goes_on_too(tmp_path, place):
    def loader():
        split = SmallSplit(48)
        images = TensorDataset(split.images, split.labels)
        generator = torch.Generator().manual_seed(3)
        if place == "weighted":
            return DataLoader(images, 16, sampler=WeightedRandomSampler([1.0] * 48, 48, generator=generator))
        sampler = RandomSampler(images, generator=generator)
        if place == "sampler":
            return DataLoader(images, 16, sampler=sampler)
        return DataLoader(images, batch_sampler=BatchSampler(sampler, 16, drop_last=False))

    whole, _ = train(data=loader())
    train_but_die(tmp_path / "run.pt", data=loader())
    resumed, _ = train(tmp_path / "run.pt", data=loader())
    assert torch.equal(weights(resumed), weights(whole))


def test_the_same_batches_may_be_used_again(tmp_path):
    whole, _ = train(data=SmallSplit(48).batches(16, shuffle=True))
    batches = SmallSplit(48).batches(16, shuffle=True)
    train_but_die(tmp_path / "run.pt", data=batches)
    resumed, _ = train(tmp_path / "run.pt", data=batches)
    assert torch.equal(weights(resumed), weights(whole))


def test_a_finished_run_gives_its_history_and_weights_at_once(tmp_path, capsys):
    model, history = train(tmp_path / "run.pt")
    steps = []
    again, seen = train(
        tmp_path / "run.pt", model=net(dropout=0.3, seed=5), callbacks=[SimpleNamespace(on_step=steps.append)]
    )
    assert steps == []
    assert (seen.steps, seen.epochs, seen.stopped) == (history.steps, history.epochs, False)
    assert torch.equal(weights(again), weights(model))
    assert "run.pt: 3 of 3 epochs are done already." in capsys.readouterr().out


@pytest.mark.parametrize("schedule", ["constant", "step"])
def test_a_finished_run_can_be_extended(tmp_path, schedule):
    whole, _ = train(epochs=5, schedule=schedule)
    train(tmp_path / "run.pt", epochs=2, schedule=schedule)
    longer, history = train(tmp_path / "run.pt", epochs=5, schedule=schedule)
    assert torch.equal(weights(longer), weights(whole))
    assert len(history.epochs) == 5


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_a_schedule_that_is_spread_over_all_epochs_cannot_be_extended(tmp_path, schedule):
    train(tmp_path / "run.pt", epochs=2, schedule=schedule)
    with pytest.raises(CheckpointError, match=rf"made with epochs=2, now 5: schedule='{schedule}' spreads"):
        train(tmp_path / "run.pt", epochs=5, schedule=schedule)


def test_a_run_cannot_be_made_shorter(tmp_path):
    train(tmp_path / "run.pt", epochs=3)
    with pytest.raises(CheckpointError, match="has 3 epochs behind it, and epochs=2 was asked for"):
        train(tmp_path / "run.pt", epochs=2)


def test_an_interrupted_run_goes_on_from_its_last_epoch(tmp_path):
    def interrupt(state):
        if state.step == 5:
            raise KeyboardInterrupt

    whole, _ = train()
    model, history = train(tmp_path / "run.pt", callbacks=[SimpleNamespace(on_step=interrupt)])
    assert history.stopped
    resumed, history = train(tmp_path / "run.pt", model=model)
    assert torch.equal(weights(resumed), weights(whole))
    assert not history.stopped


def test_a_failing_callback_leaves_the_checkpoint_before_it(tmp_path):
    def fail(state):
        if state.epoch == 2:
            raise ZeroDivisionError

    whole, _ = train()
    with pytest.raises(ZeroDivisionError):
        train(tmp_path / "run.pt", callbacks=[SimpleNamespace(on_epoch=fail)])
    resumed, _ = train(tmp_path / "run.pt")
    assert torch.equal(weights(resumed), weights(whole))


def test_what_a_callback_changed_after_an_epoch_is_in_the_checkpoint(tmp_path):
    def halve(state):
        state.optimizer.param_groups[0]["lr"] /= 2

    halving = SimpleNamespace(on_epoch=halve)
    whole, _ = train(callbacks=[halving])
    with pytest.raises(Killed):
        train(tmp_path / "run.pt", callbacks=[halving, die_in_epoch(3)])
    resumed, _ = train(tmp_path / "run.pt", callbacks=[halving])
    assert torch.equal(weights(resumed), weights(whole))


@pytest.mark.parametrize("schedule", SCHEDULE_NAMES)
def test_a_learning_rate_set_on_the_way_is_in_the_checkpoint(tmp_path, schedule):
    def change(state):
        if state.step == 2:
            state.set_lr(state.record.lr / 3)

    changing = SimpleNamespace(on_step=change)
    whole, history = train(schedule=schedule, callbacks=[changing])
    with pytest.raises(Killed):
        train(tmp_path / "run.pt", schedule=schedule, callbacks=[changing, die_in_epoch(2)])
    resumed, again = train(tmp_path / "run.pt", schedule=schedule)
    assert torch.equal(weights(resumed), weights(whole))
    assert again.steps.column("lr") == history.steps.column("lr")


# ---- other runs and broken files ----


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"lr": 0.2}, "lr was 0.1, now 0.2"),
        ({"momentum": 0.5}, "momentum was 0.9, now 0.5"),
        ({"optimizer": "rmsprop"}, "optimizer was 'SGD', now 'RMSprop'"),
        ({"seed": 1}, "seed was 0, now 1"),
        ({"batch_size": 8}, "batch size was 16, now 8"),
        ({"schedule": "cosine"}, "schedule was 'constant', now 'cosine'"),
        ({"precision": "bfloat16"}, "precision was 'float32', now 'bfloat16'"),
        ({"data": SmallSplit(47)}, "number of images was 48, now 47"),
        ({"data": SmallSplit(48, seed=3)}, "hash of labels and images was"),
        ({"model": net(outputs=5)}, r"4.weight had shape \[4, 48\], now \[5, 48\]"),
        ({"model": net(dropout=0.5)}, r"the model had \(2\): Dropout\(p=0.3.*, now \(2\): Dropout\(p=0.5"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_a_checkpoint_of_another_run_says_what_differs_and_is_left_alone(tmp_path, changed, said):
    path = tmp_path / "run.pt"
    train(path)
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=rf"run.pt belongs to another run: .*{said}.*give another path"):
        train(path, **changed)
    assert path.read_bytes() == before


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_off_checkpoint_is_recognised_and_left_alone(tmp_path, share):
    path = tmp_path / "run.pt"
    train(path)
    whole = path.read_bytes()
    cut = whole[: int(share * len(whole))]
    path.write_bytes(cut)
    with pytest.raises(CheckpointError, match=rf"run.pt \({len(cut):,} bytes\) cannot be read.*move it away"):
        train(path)
    assert path.read_bytes() == cut


def test_one_wrong_bit_in_the_weights_is_recognised(tmp_path):
    path = tmp_path / "run.pt"
    model, _ = train(path)
    content = bytearray(path.read_bytes())
    place = content.find(model[4].weight.detach().numpy().tobytes())
    assert place > 0
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"the checksum of .* is wrong"):
        train(path)


def test_another_kind_of_file_is_recognised_and_left_alone(tmp_path):
    path = tmp_path / "weights.pt"
    torch.save(net().state_dict(), path)
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=r"weights.pt is not a checkpoint of this version of cnnlab"):
        train(path)
    assert path.read_bytes() == before
    path.write_text("notes")
    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
        train(path)
    assert path.read_text() == "notes"


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "evil"),))

    torch.save({"format": checkpoint_module.FORMAT, "model": Evil()}, tmp_path / "run.pt")
    with pytest.raises(
        CheckpointError, match=r"cannot be read as a checkpoint: it holds Python objects, as torch\.save"
    ):
        train(tmp_path / "run.pt")
    assert not (tmp_path / "evil").exists()


# ---- places ----


def test_a_folder_that_does_not_exist_is_named_before_the_training(tmp_path):
    steps = []
    with pytest.raises(CheckpointError, match=r"there is no folder '.*missing': make it first"):
        train(tmp_path / "missing" / "run.pt", callbacks=[SimpleNamespace(on_step=steps.append)])
    assert steps == []


def test_a_folder_is_no_checkpoint(tmp_path):
    with pytest.raises(CheckpointError, match=r"is a folder: name a file in it, such as 'run.pt'"):
        train(tmp_path)


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_cannot_be_written_is_named_before_the_training(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(CheckpointError, match=r"cannot be written .* give a path that you may write to"):
        train(tmp_path / "run.pt")
    tmp_path.chmod(0o700)


def test_a_full_disk_keeps_the_weights_and_the_checkpoint_before_it(tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    train(path, epochs=1)
    before = path.read_bytes()

    def full(content, file):
        file.write(b"begun")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint_module.torch, "save", full)
    with pytest.raises(
        CheckpointError, match=r"could not be written after epoch 2 \(.*No space left on device"
    ):
        train(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_but_the_checkpoint_is_left_behind(tmp_path):
    train(tmp_path / "run.pt")
    assert [p.name for p in tmp_path.iterdir()] == ["run.pt"]


@pytest.mark.parametrize("key", checkpoint_module.KEYS)
def test_a_checkpoint_without_one_of_its_parts_is_refused_with_its_name(tmp_path, key):
    path = tmp_path / "run.pt"
    train(path)
    content = torch.load(path, weights_only=True)
    del content[key]
    torch.save(content, path)
    with pytest.raises(
        CheckpointError, match=f"run.pt is an incomplete checkpoint: it has no {key}. It was left"
    ):
        train(path)


@pytest.mark.parametrize("value", [None, 3, {}], ids=["None", "3", "{}"])
@pytest.mark.parametrize("key", [key for key in checkpoint_module.KEYS if key not in ("layers", "order")])
def test_a_checkpoint_made_by_hand_is_refused_before_anything_is_loaded_into_the_model(tmp_path, key, value):
    path = tmp_path / "run.pt"
    train(path, epochs=1)
    torch.save({**torch.load(path, weights_only=True), key: value}, path)
    model = net(dropout=0.3, seed=5)
    before, written = weights(model), path.read_bytes()
    with pytest.raises(CheckpointError, match=r"run\.pt .*eft as it (is|was): .*give another path"):
        train(path, model=model)
    assert torch.equal(weights(model), before)
    assert path.read_bytes() == written


def test_a_checkpoint_with_an_order_that_is_none_is_refused(tmp_path):
    path = tmp_path / "run.pt"
    train(path, epochs=1)
    torch.save({**torch.load(path, weights_only=True), "order": 3}, path)
    with pytest.raises(
        CheckpointError, match=r"not as fit writes it \(TypeError: the order is of type int\)"
    ):
        train(path)


@pytest.mark.parametrize("name", ["a" * 300, "a\0b", "a" * 300 + "/run.pt"])
def test_a_name_that_no_file_can_have_is_refused_in_words(tmp_path, name):
    with pytest.raises(CheckpointError, match=r"cannot be written|there is no folder"):
        train(tmp_path / name)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused_with_their_name(tmp_path, wrong):
    path = tmp_path / "run.pt"
    train(path)
    content = torch.load(path, weights_only=True)
    name = list(content["model"])[-1]
    content["model"][name].view(-1)[:2] = wrong
    torch.save(content, path)
    before, fresh = path.read_bytes(), net(dropout=0.3, seed=5)
    untouched = weights(fresh).clone()
    with pytest.raises(CheckpointError) as caught:
        train(path, model=fresh, epochs=4)
    assert str(caught.value) == (
        f"{path} holds weights from which nothing can be learnt: 2 of the 4 numbers of {name} are not finite "
        "(NaN or infinite). It was left as it is: give another path, and start anew with a smaller "
        "learning rate."
    )
    assert path.read_bytes() == before
    assert torch.equal(weights(fresh), untouched)


def test_a_buffer_that_is_not_finite_is_no_fault(tmp_path):
    def masked():
        model = net(dropout=0.3)
        model.register_buffer("mask", torch.full((2, 2), -torch.inf))
        return model

    train(tmp_path / "run.pt", model=masked())
    train(tmp_path / "run.pt", model=masked(), epochs=4)


def test_a_run_that_goes_on_with_another_validation_set_or_none_is_refused(tmp_path):
    path = tmp_path / "run.pt"
    train(path, epochs=1, validation=SmallSplit(16))
    for other in (SmallSplit(20), SmallSplit(16, seed=5), None):
        with pytest.raises(CheckpointError, match=r"the validation set was '16 images.*', now "):
            train(path, validation=other)
    train(path, validation=SmallSplit(16))


def test_a_checkpoint_may_be_a_link(tmp_path):
    (tmp_path / "big").mkdir()
    link = tmp_path / "run.pt"
    link.symlink_to(tmp_path / "big" / "run.pt")
    train(link, epochs=1)
    train(link, epochs=2)
    assert link.is_symlink()
    assert torch.load(tmp_path / "big" / "run.pt", weights_only=True)["settings"]["epochs"] == 2


def test_a_link_into_a_folder_that_is_not_there_is_said_before_the_training(tmp_path):
    link = tmp_path / "run.pt"
    link.symlink_to(tmp_path / "gone" / "run.pt")
    with pytest.raises(CheckpointError, match=r"there is no folder .*gone"):
        train(link)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_what_is_no_ordinary_file_is_refused_and_not_read(tmp_path, kind):
    path = Path("/dev/zero")
    if kind == "fifo":
        path = tmp_path / "run.pt"
        os.mkfifo(path)
    with pytest.raises(CheckpointError, match=r"is no ordinary file, but a (pipe|device): name another"):
        train(path)


def test_a_disk_that_is_full_at_the_first_write_does_not_promise_an_earlier_checkpoint(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint_module.torch, "save", full)
    with pytest.raises(CheckpointError, match=r"The model keeps its weights; no checkpoint was written\.$"):
        train(tmp_path / "run.pt")


def test_a_checkpoint_of_a_plain_model_is_not_taken_by_a_compiled_one(tmp_path):
    train(tmp_path / "run.pt", epochs=1)
    with pytest.raises(
        CheckpointError,
        match=r"belongs to another run: the model was plain, now it is compiled \(torch.compile\)\. ",
    ):
        train(tmp_path / "run.pt", model=torch.compile(net(dropout=0.3), backend="eager"))


def test_many_differences_are_counted_and_not_listed(tmp_path):
    train(tmp_path / "run.pt", epochs=1)
    other = nn.Sequential(nn.Flatten(), nn.Linear(36, 9), nn.Linear(9, 9), nn.Linear(9, 9), nn.Linear(9, 4))
    with pytest.raises(CheckpointError, match=r"; and \d+ more\. It was left as it is"):
        train(tmp_path / "run.pt", model=other)
