"""The labs' own hyper-parameters."""

import dataclasses

import pytest

from cnnlab.models import Recipe, names, recipe


def test_every_lab_network_has_a_recipe():
    for name in names():
        if name != "convnet":
            assert recipe(name).model == name


def test_the_recipe_of_lab_002_is_the_labs():
    r = recipe("cnn_320")
    assert (r.lab, r.optimizer, r.lr, r.momentum, r.batch_size, r.epochs) == ("002", "sgd", 0.001, 0.9, 50, 5)
    assert (r.mean, r.std, r.seed, r.reported) == (0.1307, 0.3081, 42, 98.0)


def test_the_other_labs_used_adam_and_their_own_batches():
    found = {name: (recipe(name).lr, recipe(name).batch_size, recipe(name).epochs) for name in names()[:-1]}
    assert found["cnn_wide"] == (0.001, 10, 3)
    assert found["lenet_dropout"] == (0.01, 64, 3)
    assert found["cnn_padded"] == found["cnn_deep"] == (0.001, 100, 3)
    assert all(recipe(name).optimizer == "adam" for name in found if name != "cnn_320")


def test_reported_accuracies_are_percent():
    reported = {name: recipe(name).reported for name in names()[:-1]}
    assert reported["cnn_wide"] == 97.2
    assert reported["cnn_padded"] == 98.74
    assert reported["logistic"] == 91.4
    assert reported["lenet_dropout"] is None


def test_a_recipe_cannot_be_changed_by_accident():
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe("mlp").lr = 1.0
    assert isinstance(recipe("mlp"), Recipe)


def test_convnet_has_no_recipe_and_an_unknown_name_is_mended():
    with pytest.raises(ValueError, match="convnet comes from no lab"):
        recipe("convnet")
    with pytest.raises(ValueError, match=r"no recipe for 'cnn_depp': did you mean 'cnn_deep'\?"):
        recipe("cnn_depp")


def test_a_name_that_is_no_text_is_refused_in_words():
    with pytest.raises(
        ValueError, match=r"no recipe for \['mlp'\]: a name is text, and this is of type list"
    ):
        recipe(["mlp"])
