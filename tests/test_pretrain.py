"""Training what ships: the same bytes twice, changed images, and no file written over unasked."""

import pytest
import torch
from typer.testing import CliRunner

from cnnlab import models
from cnnlab import pretrain as module
from cnnlab.cli import app
from cnnlab.data import load_data
from cnnlab.pretrain import SHIFT, ChangedBatches, changed, pretrain


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """The mlp, trained for one pass over the bundled digits."""
    folder = tmp_path_factory.mktemp("trial") / "new"
    return folder, pretrain(["mlp"], folder, data="digits", epochs=1, progress=False)


def test_it_writes_weights_and_recipe_that_can_be_loaded(trial):
    folder, recipes = trial
    assert sorted(path.name for path in folder.iterdir()) == ["mlp.json", "mlp.pt"]
    assert [models.trained_recipe("mlp", folder)] == recipes
    assert (recipes[0].data, recipes[0].epochs, recipes[0].images) == ("digits", 1, 1437)
    assert recipes[0].accuracy > 20
    assert models.trained("mlp", folder)(torch.zeros(1, 1, 28, 28)).shape == (1, 10)


def test_a_second_run_gives_the_same_bytes_whatever_was_drawn_before(trial, tmp_path):
    torch.rand(7)
    pretrain(["mlp"], tmp_path, data="digits", epochs=1, progress=False)
    for name in ("mlp.pt", "mlp.json"):
        assert (tmp_path / name).read_bytes() == (trial[0] / name).read_bytes()


def test_files_that_are_there_stay_unless_asked(trial, tmp_path):
    (tmp_path / "mlp.json").write_text("mine")
    with pytest.raises(ValueError, match=r"mlp\.json in .* would be written over: .*--replace"):
        pretrain(["mlp"], tmp_path, data="digits", epochs=1)
    assert (tmp_path / "mlp.json").read_text() == "mine"
    assert not (tmp_path / "mlp.pt").exists()
    pretrain(["mlp"], tmp_path, data="digits", epochs=1, replace=True, progress=False)
    assert models.trained_recipe("mlp", tmp_path).model == "mlp"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"names": ["cnn_wide"]}, "ships no trained 'cnn_wide'"), ({"epochs": 0}, "epochs=0")],
)
def test_wrong_arguments_are_refused_before_anything_is_trained(wrong, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        pretrain(out=tmp_path, **wrong)


def test_a_stopped_training_writes_nothing(tmp_path, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "fit", stopped)
    with pytest.raises(KeyboardInterrupt):
        pretrain(["mlp"], tmp_path, data="digits", epochs=1)
    assert not list(tmp_path.iterdir())


def test_images_change_a_little_and_another_way_in_every_pass():
    split = load_data("digits").train.take(300)
    batches = ChangedBatches(split, 128, seed=1)
    assert len(batches) == 3
    first, second = ([(i.clone(), n) for i, n in batches] for _ in range(2))
    assert [len(images) for images, _ in first] == [128, 128, 44]
    assert sorted(torch.cat([n for _, n in first]).tolist()) == sorted(split.labels.tolist())
    assert not torch.equal(first[0][0], second[0][0])
    again = next(iter(ChangedBatches(split, 128, seed=1)))
    assert torch.equal(first[0][0], again[0])


def test_a_changed_image_keeps_its_ink_and_moves_by_no_more_than_it_should():
    images = torch.zeros(400, 1, 28, 28)
    images[:, :, 11:17, 11:17] = 1
    made = changed(images, torch.Generator().manual_seed(0))
    place = torch.arange(28) + 0.5
    mass = made.sum(dim=(1, 2, 3))
    x = (made.sum(dim=2)[:, 0] * place).sum(dim=1) / mass - 14
    assert x.abs().max() < SHIFT * 1.15
    assert x.abs().max() > SHIFT * 0.8
    assert 25 < mass.min() < mass.max() < 48  # 36 pixels, up to a tenth larger or smaller each way


def test_the_command_trains_where_it_is_told(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(module, "pretrain", lambda *given, **options: asked.append((given, options)))
    run = CliRunner().invoke(app, ["pretrain", "mlp", "--out", str(tmp_path), "--epochs", "2", "--replace"])
    assert run.exit_code == 0, run.output
    assert asked == [((["mlp"], tmp_path), {"root": None, "replace": True, "epochs": 2})]


def test_the_command_refuses_to_replace_what_ships():
    run = CliRunner().invoke(app, ["pretrain"])
    assert run.exit_code == 1
    assert "would be written over" in run.output
