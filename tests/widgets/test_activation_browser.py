import copy

import numpy as np
import pytest
import torch
import traitlets
from torch import nn

from cnnlab import models
from cnnlab.data import Split
from cnnlab.inspection import activations
from cnnlab.widgets import ActivationBrowser
from tests.inspection.student_models import Lab002
from tests.widgets.node import run
from tests.widgets.trained import digits, network


@pytest.fixture
def browser():
    return ActivationBrowser(network(), digits().test)


def test_the_activation_is_that_of_the_network(browser):
    images = digits().test.normalised()
    for index, layer, channel in ((0, "conv1", 0), (7, "pool2", 19), (7, "fc2", 0)):
        browser.index, browser.layer = index, layer
        browser.channel = channel
        expected = activations(network(), images[index][None], layer)[layer][0]
        assert torch.equal(browser.activation, expected[channel] if expected.ndim == 3 else expected)


def test_the_browser_gets_the_image_and_all_maps_of_the_layer(browser):
    browser.index, browser.layer = 5, "conv2"
    assert browser.view["pixels"] == digits().test.images[5].numpy().tobytes()
    maps = np.frombuffer(browser.view["maps"], np.float32).reshape(20, 8, 8)
    browser.channel = 13
    assert np.array_equal(maps[13], browser.activation.numpy())
    assert (browser.view["layer"], browser.view["index"]) == ("conv2", 5)
    assert browser.view["said"].startswith(f"label {int(digits().test.labels[5])}; the network answers ")


def test_a_network_whose_training_went_wrong_is_told():
    model = models.build("cnn_320")
    with torch.no_grad():
        model.conv1.weight[0] = float("nan")
    said = ActivationBrowser(model, digits().test).view["said"]
    assert "the network's answer is not finite: its weights are spoilt" in said
    assert "nan %" not in said


def test_layers_stand_in_the_order_of_the_network_and_a_convolution_is_shown_first(browser):
    names = [layer["name"] for layer in browser.layers]
    assert names == [name for name, _ in network().named_children()]
    assert browser.layer == "conv1"
    assert ActivationBrowser(network(), digits().test, layer="fc1").layer == "fc1"


def test_another_layer_keeps_channel_and_place(browser):
    browser.channel, browser.unit = 7, (12, 23)
    browser.layer = "pool2"
    assert (browser.channel, browser.unit) == (7, (2, 3))
    browser.channel = 15
    browser.layer = "pool1"
    assert browser.channel == 0  # there are only 10


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("index", 360, "index=360, but there are 360 images: choose 0 to 359"),
        ("index", -1, "index=-1"),
        ("layer", "conv9", "no layer 'conv9': did you mean 'conv"),
        ("channel", 10, "channel=10, but 'conv1' has 10: choose 0 to 9"),
        ("unit", (3, 24), r"unit \(3, 24\) lies outside 'conv1': choose rows 0 to 23 and columns 0 to 23"),
        ("unit", (-1, 0), "lies outside"),
        ("index", "three", "index='three' is no whole number"),
    ],
)
def test_a_state_out_of_range_is_refused_with_the_remedy(browser, name, value, message):
    before = getattr(browser, name)
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(browser, name, value)
    assert getattr(browser, name) == before


def test_a_wrong_state_from_the_page_is_shown_in_the_widget_and_the_next_good_one_clears_it(browser):
    browser.set_state({"index": 4000})
    assert "choose 0 to 359" in browser.problem
    assert browser.index == 0
    browser.set_state({"index": 4})
    assert browser.problem == ""
    assert browser.view["index"] == 4


def test_a_network_without_names_and_one_with_functions_between_its_layers_can_be_browsed():
    sequential = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(inplace=True), nn.Flatten())
    found = ActivationBrowser(sequential, torch.randn(2, 1, 9, 9))
    assert [layer["name"] for layer in found.layers] == ["0", "1", "2"]
    assert (found.activation < 0).any()  # the ReLU in place came later
    lab = ActivationBrowser(Lab002(), digits().test)
    assert [layer["name"] for layer in lab.layers] == ["conv1", "conv2", "fc1", "fc2"]
    assert lab.layers[1]["rows"] == {"first": 0, "size": 14, "jump": 2}


def test_a_network_without_a_convolution_says_so_and_shows_its_rows():
    found = ActivationBrowser(network("mlp"), digits().test)
    assert "no convolution" in found.explanation
    found.layer = "fc1"
    assert found.activation.shape == (128,)
    found.unit = (0, 127)
    with pytest.raises(traitlets.TraitError, match="makes one row of numbers: use channel 0"):
        found.channel = 1


def test_images_of_another_size_are_explained_in_the_widget():
    found = ActivationBrowser(network(), torch.rand(2, 1, 32, 32))
    assert "fc1 does not fit: it gets 500 numbers" in found.explanation
    assert found.layers == []
    assert len(found.view["pixels"]) == 32 * 32
    found.index = 1  # the images can be looked at all the same
    with pytest.raises(ValueError, match="there is no layer to read: fc1 does not fit"):
        _ = found.activation
    with pytest.raises(ValueError, match="there is no layer to read"):
        found.strongest()


def test_a_network_without_layers_says_how_layers_are_seen():
    class Functions(nn.Module):
        def forward(self, x):
            return x.flatten(1).relu()

    assert "attributes of the network" in ActivationBrowser(Functions(), torch.rand(1, 1, 4, 4)).explanation


@pytest.mark.parametrize(
    ("layer", "says"),
    [(nn.Linear(3, 3), "the flatten is missing"), (nn.Conv2d(3, 4, 3), "the images have 1 channel")],
)
def test_a_bare_layer_that_does_not_fit_is_explained(layer: nn.Module, says: str) -> None:
    browser = ActivationBrowser(layer, torch.rand(2, 1, 4, 4))
    assert says in browser.explanation
    assert "images.expand" not in browser.explanation  # it would refuse them
    assert browser.layers == []


def test_the_strongest_units_are_found_and_shown(browser):
    browser.layer, browser.channel = "conv2", 4
    browser.searching = True
    maps = activations(network(), digits().test.normalised(), "conv2")["conv2"][:, 4]
    best = [entry.value for entry in browser.strongest()]
    assert best == maps.amax(dim=(1, 2)).sort(descending=True).values[:9].tolist()
    assert [entry[3] for entry in browser.found["entries"]] == best
    assert len(browser.found["pixels"]) == 9 * 784
    browser.channel = 5
    assert [entry[3] for entry in browser.found["entries"]] == [e.value for e in browser.strongest()] != best


@pytest.mark.parametrize(
    ("value", "written", "in_a_unit"),
    [
        (0, "0", "0"),
        (2.345678, "2.35", "2.3"),
        (-12.34, "−12.34", "−12.3"),
        (-123.4, "−123.4", "−123"),
        (1234567, "1.2e6", "1.2e6"),
        (-0.0123, "−0.012", "−0.01"),
        (4.2e-4, "0.00042", "4e−4"),
        (-3.09e-5, "−0.000031", "−3e−5"),
        (4.2e-9, "4.2e−9", "4e−9"),
        (-1e-30, "−1e−30", "−1e−30"),
    ],
)
def test_a_number_of_a_map_is_written_short_and_only_0_is_written_0(value, written, in_a_unit):
    imports = '{ inUnit, mapNumber } from "layer_view.js"'
    assert run(imports, "return [mapNumber(given), inUnit(given)];", value) == [written, in_a_unit]


def test_a_network_that_was_trained_further_is_searched_anew():
    model = models.build("cnn_320")
    browser = ActivationBrowser(model, digits().test)
    before = browser.strongest()[0].value
    with torch.no_grad():
        model.conv1.bias += 10
    assert browser.strongest()[0].value == pytest.approx(before + 10, abs=1e-4)


def change_weights(model, how):
    with torch.no_grad():
        if how == "in place":
            model.conv1.weight.neg_()
        elif how == "through data":
            model.conv1.weight.data *= -1  # counts no version
        else:
            model.conv1.weight = nn.Parameter(-model.conv1.weight)


@pytest.mark.parametrize("how", ["in place", "through data", "another tensor"])
@pytest.mark.parametrize(
    ("name", "value"),
    [("layer", "pool1"), ("channel", 3), ("unit", (1, 2)), ("index", 1), ("searching", True)],
)
def test_a_network_that_was_trained_further_is_read_anew_at_the_next_choice(name, value, how):
    model = models.build("cnn_320")
    browser = ActivationBrowser(model, digits().test)
    change_weights(model, how)
    browser.set_state({name: value})
    made = activations(model, digits().test.normalised()[browser.index][None])[browser.layer][0]
    assert torch.equal(browser.activation, made[browser.channel])
    assert browser.view["maps"] == made.numpy().tobytes()
    assert browser.problem == ""


def test_the_network_runs_once_for_the_image_and_once_for_each_beside_it():
    model = models.build("cnn_320")
    browser = ActivationBrowser(model, digits().test)
    runs = []
    model.conv1.register_forward_hook(lambda *_: runs.append(1))
    browser.index = 1
    assert len(runs) == 3, "images 1, 0 and 2"
    browser.channel, browser.unit = 2, (3, 3)
    assert len(runs) == 3, "nothing changed that would need another run"


def sent_ahead(browser):
    """The views that wait in the page, by image and layer, in the order in which they were made."""
    return {(view["index"], view["layer"]): view for view in browser.ahead}


def test_the_images_before_and_after_are_sent_ahead(browser):
    assert {view["index"] for view in browser.ahead} == {0}, "no image was chosen yet"
    browser.index = 1
    ahead = sent_ahead(browser)
    assert [key for key in ahead if key[1] == "conv1"] == [(2, "conv1"), (0, "conv1")]
    browser.index = 2
    assert browser.view == ahead[2, "conv1"]
    before = browser.ahead
    browser.channel, browser.unit = 3, (4, 4)
    assert browser.ahead is before, "another unit of the same maps: nothing to send"
    browser.layer = "pool2"
    ahead = sent_ahead(browser)
    assert {layer for index, layer in ahead if index != 2} == {"pool2"}
    browser.index = browser.count - 1
    assert [view["index"] for view in browser.ahead if view["layer"] == "pool2"] == [browser.count - 2]


def test_the_layers_before_and_after_are_sent_ahead_without_another_run():
    model = copy.deepcopy(network())
    runs = []
    model.conv1.register_forward_hook(lambda *_: runs.append(1))
    browser = ActivationBrowser(model, digits().test)
    names = [layer["name"] for layer in browser.layers]
    assert list(sent_ahead(browser)) == [(0, names[1])], "before the first there is none"
    before = len(runs)
    for place, name in enumerate(names[1:], start=1):
        wanted = sent_ahead(browser)[0, name]
        browser.layer = name
        assert browser.view == wanted, "what Python reads anew is what waited in the page"
        assert list(sent_ahead(browser)) == [(0, near) for near in names[place + 1 : place + 2]] + [
            (0, names[place - 1])
        ]
    assert len(runs) - before == len(names) - 1, (
        "one for each layer that was chosen, none for those beside it"
    )
    browser.index = 1
    assert list(sent_ahead(browser)) == [(2, "fc2"), (0, "fc2"), (1, names[-2])]


def test_views_of_other_weights_are_told_apart():
    model = copy.deepcopy(network())
    browser = ActivationBrowser(model, digits().test)
    browser.layer = "pool1"
    numbers = {view["weights"] for view in (browser.view, *browser.ahead)}
    assert len(numbers) == 1
    with torch.no_grad():
        model.conv1.weight.mul_(2)
    browser.layer = "conv1"
    assert browser.view["weights"] not in numbers
    assert {view["weights"] for view in browser.ahead} == {browser.view["weights"]}


class Page:
    """The page's end of the line: what it is sent, message by message."""

    def __init__(self, browser):
        self.messages = []
        browser.comm.send = lambda data, buffers=None: self.messages.append(data)

    def values(self):
        return [set(data["state"]) for data in self.messages if data["method"] == "update"]


def test_what_was_chosen_is_sent_before_what_may_be_next(browser):
    page = Page(browser)
    for changes in ({"index": 1}, {"layer": "pool1"}, {"index": 2, "layer": "conv2"}):
        page.messages.clear()
        browser.set_state(changes)
        values = page.values()
        views = [place for place, names in enumerate(values) if "view" in names]
        ahead = [place for place, names in enumerate(values) if "ahead" in names]
        assert views, changes
        assert max(views) < max(ahead), changes
        assert all({"view", "ahead"} - names for names in values), "never in one message"


def test_a_unit_that_the_page_sends_with_a_layer_is_of_that_layer(browser):
    browser.unit = (4, 6)
    browser.set_state({"layer": "pool1"})
    assert (browser.layer, browser.unit) == ("pool1", (2, 3)), "about the same place"
    browser.set_state({"layer": "conv1", "channel": 7, "unit": (4, 6)})
    assert (browser.layer, browser.channel, browser.unit) == ("conv1", 7, (4, 6)), "as the page says"
    browser.set_state({"layer": "pool1", "unit": (20, 20)})
    assert "outside 'pool1'" in browser.problem
    assert (browser.layer, browser.unit) == ("conv1", (4, 6))
    browser.layer = "pool1"
    assert browser.unit == (2, 3)


def test_no_image_is_sent_ahead_with_the_weights_of_before():
    model = copy.deepcopy(network())
    browser = ActivationBrowser(model, digits().test)
    browser.index = 1
    with torch.no_grad():
        model.conv1.weight.mul_(2)
    browser.index = 2
    made = activations(model, digits().test.normalised()[[1, 3]], "conv1")["conv1"]
    assert [view["maps"] for view in browser.ahead[:2]] == [maps.numpy().tobytes() for maps in made.flip(0)]
    pooled = activations(model, digits().test.normalised()[2:3], "pool1")["pool1"]
    assert browser.ahead[2]["maps"] == pooled.numpy().tobytes()
    assert browser.view["maps"] != made[0].numpy().tobytes()


def lay_a_hook(model, _):
    model.conv1.register_forward_hook(lambda layer, given, made: made * 0)


def change_a_module(model, _):
    model.relu1 = nn.Tanh()


def edit_an_image(_, split):
    split.images[2] = 255 - split.images[2]


def turn_a_kernel(model, _):
    weight = model.conv1.weight
    weight.data.copy_(weight.data.transpose(-1, -2).contiguous())


@pytest.mark.parametrize("change", [lay_a_hook, change_a_module, edit_an_image, turn_a_kernel])
@pytest.mark.parametrize("layer", ["conv1", "relu1"])
def test_what_is_chosen_is_read_anew_whatever_was_changed(change, layer):
    model, split = copy.deepcopy(network()), digits().test.take(5)
    split = Split(split.images.clone(), split.labels, split.classes, split.mean, split.std)
    browser = ActivationBrowser(model, split, layer=layer)
    browser.index = 1
    change(model, split)
    browser.index = 2
    made = activations(model, split.normalised()[2:3], layer)[layer][0]
    assert torch.equal(browser.activation, made[browser.channel])
    assert browser.view["maps"] == made.numpy().tobytes()
    browser.layer = "pool1"
    assert torch.equal(browser.activation, activations(model, split.normalised()[2:3])["pool1"][0, 0])


def test_an_image_that_nobody_asked_for_may_fail():
    class Refuses(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 2, 5)
            self.fc = nn.Linear(2 * 24 * 24, 10)

        def forward(self, x):
            if float(x.amax()) == 0:
                raise KeyError("empty image")
            return self.fc(self.conv1(x).flatten(1))

    images = torch.rand(4, 1, 28, 28)
    images[3] = 0
    browser = ActivationBrowser(Refuses(), images)
    browser.set_state({"index": 2})
    assert (browser.index, browser.view["index"], browser.problem) == (2, 2, "")
    assert list(sent_ahead(browser)) == [(1, "conv1"), (2, "fc")]
    browser.set_state({"index": 3})
    assert "empty image" in browser.problem


def test_what_is_sent_ahead_has_a_limit_and_is_never_cut(monkeypatch, browser):
    image, conv1, pool1 = 28 * 28, 4 * 10 * 24 * 24, 4 * 10 * 12 * 12

    def sent(limit):
        monkeypatch.setattr("cnnlab.widgets.layer_choice.AHEAD", limit)
        browser._send_beside()
        assert sum(len(view["pixels"]) + len(view["maps"]) for view in browser.ahead) <= limit
        return list(sent_ahead(browser))

    browser.index = 1
    assert [layer["name"] for layer in browser.layers[:2]] == ["conv1", "pool1"]
    everything = [(2, "conv1"), (0, "conv1"), (1, "pool1")]
    assert sent(2 * (image + conv1) + image + pool1) == everything
    assert sent(2 * (image + conv1) + image + pool1 - 1) == everything[:2]
    assert sent(2 * (image + conv1) - 1) == [everything[0], everything[2]], (
        "the next image, and what else fits"
    )
    assert sent(image + conv1 - 1) == [everything[2]]
    assert sent(image + pool1 - 1) == []


def test_a_network_that_was_rebuilt_is_refused_in_words():
    model = models.build("cnn_320")
    browser = ActivationBrowser(model, digits().test)
    model.conv1 = nn.Conv2d(1, 10, 5, padding=2)
    model.pool1 = nn.AdaptiveMaxPool2d(12)
    browser.set_state({"index": 1})
    assert "rebuilt: 'conv1' made (10, 24, 24) and now makes (10, 28, 28). Run this cell" in browser.problem


def test_a_lazy_layer_is_asked_to_be_filled_first():
    lazy = nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(10))
    with pytest.raises(
        ValueError, match=r"layer '0' is a LazyConv2d.*send one through, model\(images\[:1\]\)"
    ):
        ActivationBrowser(lazy, digits().test)
    lazy(torch.zeros(1, 1, 28, 28)).sum().backward()
    assert ActivationBrowser(lazy, digits().test).activation.shape == (26, 26)


def test_the_network_is_left_as_it_was():
    model = models.build("cnn_320").train()
    browser = ActivationBrowser(model, digits().test)
    browser.index, browser.searching = 3, True
    assert model.training
    assert not model.conv1._forward_hooks


def test_a_network_is_asked_for():
    with pytest.raises(TypeError, match=r"model is a str: .*or models\.trained\('cnn_320'\)"):
        ActivationBrowser("cnn_320", digits().test)


def test_its_text_is_the_same_for_every_data_set(browser):
    assert repr(browser) == "ActivationBrowser(CNN320: 28×28, conv1, channel 0)"


@pytest.mark.parametrize("text", ["", "abc", "-1", "360", "2.5", "1e9"])
def test_a_number_that_no_image_has_is_refused_in_the_page(text):
    said = run('{ wrongIndex } from "activation_browser.js"', "return wrongIndex(given, 360);", text)
    assert "choose a whole number from 0 to 359" in said


def test_the_number_of_an_image_is_taken():
    assert run('{ wrongIndex } from "activation_browser.js"', "return wrongIndex(' 359 ', 360);") == ""


def test_the_strongest_images_follow_to_a_layer_with_fewer_units() -> None:
    browser = ActivationBrowser(models.build("cnn_320"), torch.rand(5, 1, 28, 28))
    browser.searching, browser.channel = True, 3
    browser.layer = "fc2"
    assert browser.found["layer"] == browser.view["layer"] == "fc2"


def test_a_misspelt_layer_in_forward_is_explained() -> None:
    class Misspelt(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = torch.nn.Conv2d(1, 4, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.con1(x)

    browser = ActivationBrowser(Misspelt(), torch.rand(5, 1, 28, 28))
    assert "con1" in browser.explanation


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (nn.Conv2d(1, 4, 3), "This is a single nn.Conv2d"),
        (
            nn.Sequential(nn.Unflatten(2, (1, 28)), nn.Conv3d(1, 2, (1, 3, 3))),
            "if they make maps (C, H, W) or a row of numbers",
        ),
    ],
)
def test_why_there_is_no_layer_is_told(model, says):
    assert says in ActivationBrowser(model, torch.rand(2, 1, 28, 28)).explanation
