"""Settings of a network as plain dictionaries."""

import numpy as np
import pytest
import traitlets

from cnnlab import count_parameters, models
from cnnlab.inspection import multiply_adds
from cnnlab.widgets.network_settings import PRESETS, checked, network, preset_of, totals


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_its_lab_network(name):
    ours, lab = network(PRESETS[name]), models.build(name)
    assert [(n, repr(m)) for n, m in ours.named_children()] == [(n, repr(m)) for n, m in lab.named_children()]
    assert checked(PRESETS[name]) == PRESETS[name]
    assert preset_of(checked(PRESETS[name])) == name


def test_all_lab_networks_with_convolutions_are_presets():
    with_convolutions = {name for name in models.names() if hasattr(models.build(name), "conv1")}
    assert set(PRESETS) == with_convolutions - {"convnet"}


def test_totals_are_those_of_the_labs():
    assert {name: (totals(p).flatten, totals(p).parameters) for name, p in PRESETS.items()} == {
        "cnn_320": (320, 21_840),
        "cnn_wide": (3136, 454_922),
        "lenet_dropout": (256, 10_592),
        "cnn_padded": (3136, 824_458),
        "cnn_deep": (3136, 870_634),
    }


def test_totals_agree_with_the_network_itself():
    settings = checked(
        {
            "blocks": [
                {"channels": 7, "kernel": 4, "padding": "same", "batch_norm": True, "convolutions": 2},
                {"channels": 9, "kernel": 3, "stride": 2, "pooling": "none", "dropout": 0.2},
                {"channels": 5, "kernel": 2, "padding": 1, "pooling": "avg", "pool_size": 3},
            ],
            "hidden": 0,
        }
    )
    net, made = network(settings), totals(settings)
    assert made.flatten == net.fc1.in_features
    assert made.parameters == count_parameters(net).total
    assert made.multiply_adds == multiply_adds(net).total


def test_what_is_left_out_has_its_usual_value():
    settings = checked({"blocks": [{"channels": 10}, {"channels": 20}]})
    assert settings == {**PRESETS["cnn_320"], "pool_first": False}


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ([], "settings are a dict with 'blocks' and 'hidden', not a list"),
        ({"blocks": []}, "blocks is a list of 1 to 3 blocks, not 0 blocks"),
        ({"hidden": 50}, "blocks is a list of 1 to 3 blocks, not None"),
        ({"blocks": [{}] * 4}, "not 4 blocks"),
        ({"blocks": [7]}, 'block 1 is 7, not a dict: write {"channels": 10}.'),
        ({"blocks": [{}], "hiden": 50}, "settings: unknown name 'hiden': did you mean 'hidden'?"),
        ({"blocks": [{}], "hidden": 513}, "hidden=513 cannot be: use a whole number from 0 to 512."),
        ({"blocks": [{}], "pool_first": 1}, "pool_first=1 is not a yes or no: use True or False."),
        ({"blocks": [{}, {"kernal": 3}]}, "block 2: unknown name 'kernal': did you mean 'kernel'?"),
        ({"blocks": [{}, {"kernel": 12}]}, "block 2: kernel=12 cannot be: use a whole number from 1 to 11."),
        ({"blocks": [{"padding": "valid"}]}, "padding='valid' cannot be: use a whole number from 0 to 5 or"),
        ({"blocks": [{"stride": 1.5}]}, "stride=1.5 cannot be"),
        ({"blocks": [{"stride": True}]}, "stride=True cannot be"),
        ({"blocks": [{"pooling": "mean"}]}, "block 1: unknown pooling 'mean': there are: max, avg, none."),
        ({"blocks": [{"dropout": "0.5"}]}, "block 1: dropout='0.5' is a chance: use 0 <= dropout < 1."),
    ],
)  # fmt: skip
def test_bad_settings_are_refused_in_words(settings, text):
    with pytest.raises(traitlets.TraitError) as raised:
        checked(settings)
    assert text in str(raised.value)


def test_numbers_of_numpy_are_taken():
    block = {"kernel": np.int64(3), "batch_norm": np.bool_(True), "dropout": np.float32(0.5)}
    made = checked({"blocks": [block], "hidden": np.int64(20), "hidden_relu": np.bool_(False)})
    assert (made["hidden"], made["hidden_relu"]) == (20, False)
    assert [made["blocks"][0][name] for name in block] == [3, True, 0.5]
    assert {type(made["blocks"][0][name]) for name in block} == {int, bool, float}
