import pytest

from cnnlab.plots import layer_bars

PARAMETERS = {"conv1": 260, "fc1": 16050}
WORK = {"conv1": 144000, "fc1": 500}


def test_numbers_and_shares_stand_behind_the_bars():
    parameters, work = layer_bars(PARAMETERS, WORK)
    assert [bar.get_width() for bar in parameters.patches] == [260, 16050]
    assert [text.get_text() for text in parameters.texts] == ["260 (2 %)", "16,050 (98 %)"]
    assert [text.get_text() for text in work.texts] == ["144,000 (100 %)", "500 (< 1 %)"]


def test_the_totals_and_layers_are_named():
    parameters, work = layer_bars(PARAMETERS, WORK)
    assert parameters.get_title() == "16,310 parameters"
    assert work.get_title() == "144,500 multiply–adds for one image"
    assert [label.get_text() for label in parameters.get_yticklabels()] == ["conv1", "fc1"]
    assert parameters.yaxis_inverted()


def test_both_counts_must_be_of_the_same_layers():
    with pytest.raises(
        ValueError,
        match="of conv1, fc1, multiply–adds of conv1: give both for the same layers",
    ):
        layer_bars(PARAMETERS, {"conv1": 1})


def test_a_network_without_parameters_has_empty_bars(recwarn):
    parameters, _ = layer_bars({"pool": 0}, {"pool": 0})
    assert parameters.get_title() == "0 parameters"
    assert [text.get_text() for text in parameters.texts] == ["0 (0 %)"]
    assert not [str(warning.message) for warning in recwarn]
