import pytest

from cnnlab.widgets import ActivationBrowser, MistakeBrowser
from cnnlab.widgets.explorer import bundle
from tests.widgets.node import run
from tests.widgets.trained import digits, network


@pytest.mark.parametrize("name", ["activation_browser.js", "mistake_browser.js", "shift_explorer.js"])
def test_the_files_joined_are_one_module_without_a_name_said_twice(name, tmp_path):
    file = tmp_path / "joined.mjs"
    file.write_text(bundle(name), encoding="utf-8")
    assert "import {" not in file.read_text(encoding="utf-8")
    body = "return readFileSync(given, 'utf8').length;"
    size = run(f'{{ default as joined }} from "{file}"', body, str(file))  # Node refuses a name said twice
    assert size > 1000


def test_two_explorers_of_one_network_do_not_share_what_is_chosen():
    one, other = ActivationBrowser(network(), digits().test), MistakeBrowser(network(), digits().test)
    one.layer, one.channel = "conv2", 19
    assert (other.layer, other.channel) == ("conv1", 0)


def test_every_layer_and_channel_can_be_shown_one_after_the_other():
    browser = ActivationBrowser(network(), digits().test)
    for layer in browser.layers:
        browser.layer = layer["name"]
        last = layer["shape"][0] - 1 if len(layer["shape"]) == 3 else 0
        browser.channel = last
        assert browser.activation.shape == tuple(layer["shape"][-2:] if last else layer["shape"])
        assert len(browser.view["maps"]) == 4 * browser._made[layer["name"]].numel()
