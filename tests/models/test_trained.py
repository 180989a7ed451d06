"""The trained networks: what ships works, states how it was made, and damage is named."""

import dataclasses
import hashlib
import json
import os
import shutil

import pytest
import torch

from cnnlab import models
from cnnlab.data import load_data
from cnnlab.errors import CheckpointError
from cnnlab.models.trained import FOLDER
from cnnlab.training import evaluate


@pytest.fixture
def copies(tmp_path):
    for path in FOLDER.iterdir():
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", models.TRAINED)
def test_a_trained_network_is_ready_and_its_recipe_is_stated(name):
    model, recipe = models.trained(name), models.trained_recipe(name)
    assert not model.training
    assert isinstance(recipe, models.TrainedRecipe)
    assert recipe.model == name
    assert (recipe.data, recipe.images, recipe.test_images) == ("mnist", 60_000, 10_000)
    assert recipe.accuracy > 98.5
    values = torch.cat([value.flatten() for value in model.state_dict().values()])
    assert values.dtype == torch.float32
    assert torch.equal(values, values.half().float())  # stored in 16 bits


@pytest.mark.parametrize("name", models.TRAINED)
def test_the_stated_accuracy_is_that_of_the_stored_weights(name):
    if not os.environ.get("CNNLAB_DATA"):
        pytest.skip("needs MNIST: set CNNLAB_DATA")
    recipe = models.trained_recipe(name)
    test = dataclasses.replace(load_data("mnist").test, mean=recipe.mean, std=recipe.std)
    assert evaluate(models.trained(name), test, device="cpu").accuracy == pytest.approx(
        recipe.accuracy, abs=0.02
    )


def test_what_ships_is_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 300_000


def test_an_unknown_name_suggests_the_nearest():
    for get in (models.trained, models.trained_recipe):
        with pytest.raises(ValueError, match="no trained network 'cnn_321': did you mean 'cnn_320'"):
            get("cnn_321")


@pytest.mark.parametrize("ending", ["pt", "json"])
def test_a_missing_file_is_named_with_the_remedy(copies, ending):
    (copies / f"mlp.{ending}").unlink()
    with pytest.raises(
        CheckpointError, match=rf"mlp\.{ending} cannot be read .* cnnlab pretrain mlp --replace"
    ):
        models.trained("mlp", copies)


def test_damaged_weights_are_refused(copies):
    content = bytearray((copies / "mlp.pt").read_bytes())
    content[5000] ^= 1
    (copies / "mlp.pt").write_bytes(content)
    with pytest.raises(
        CheckpointError, match=r"mlp\.pt \([\d,]+ bytes\) is not the file that mlp\.json describes"
    ):
        models.trained("mlp", copies)


@pytest.mark.parametrize("text", ["{", "[]", '{"model": "mlp"}'])
def test_a_damaged_recipe_is_refused(copies, text):
    (copies / "mlp.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"mlp\.json is damaged"):
        models.trained_recipe("mlp", copies)


@pytest.mark.parametrize("kind", ["other network", "no PyTorch file", "a whole object"])
def test_a_file_of_something_else_is_refused_even_if_its_checksum_is_right(copies, kind):
    path = copies / "mlp.pt"
    if kind == "other network":
        shutil.copy(copies / "cnn_320.pt", path)
    elif kind == "no PyTorch file":
        path.write_text("hello")
    else:
        torch.save(models.build("mlp"), path)  # loading it would run what is in it
    recipe = json.loads((copies / "mlp.json").read_text())
    recipe["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (copies / "mlp.json").write_text(json.dumps(recipe))
    with pytest.raises(CheckpointError, match=r"does not hold the weights of mlp"):
        models.trained("mlp", copies)
