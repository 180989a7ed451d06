"""Networks by name."""

import pytest

from cnnlab import models


def test_names_lists_every_network():
    assert models.names() == (
        "logistic", "mlp", "cnn_320", "cnn_wide", "lenet_dropout", "cnn_padded", "cnn_deep", "convnet",
    )  # fmt: skip


def test_build_gives_the_network_of_that_name():
    assert isinstance(models.build("cnn_320"), models.CNN320)
    assert isinstance(models.build("convnet"), models.ConvNet)


def test_build_passes_its_overrides_on():
    assert models.build("convnet", channels=(3,)).conv1.out_channels == 3
    assert models.build("mlp", hidden=(9, 8)).fc2.in_features == 9


def test_build_suggests_the_nearest_name():
    with pytest.raises(ValueError, match=r"unknown network 'cnn320': did you mean 'cnn_320'\?"):
        models.build("cnn320")


def test_build_suggests_the_nearest_argument():
    with pytest.raises(TypeError, match=r"convnet takes no 'chanels': did you mean 'channels'\?"):
        models.build("convnet", chanels=(3,))


def test_build_says_where_a_fixed_network_can_be_changed():
    with pytest.raises(TypeError, match=r"cnn_320 is fixed and takes no 'channels': build\('convnet'"):
        models.build("cnn_320", channels=(3,))


def test_build_says_of_which_type_a_name_is_that_is_no_text():
    with pytest.raises(
        ValueError, match=r"unknown network \['mlp'\]: a name is text, and this is of type list"
    ):
        models.build(["mlp"])


def test_build_and_recipe_know_the_beginning_of_a_name():
    for asked in (models.build, models.recipe):
        with pytest.raises(ValueError, match=r"'lenet': did you mean 'lenet_dropout'\?"):
            asked("lenet")
