"""The labs' networks: their parameters, their shapes, and the layers that hooks can see."""

import pytest
import torch
from torch import nn

from cnnlab.models import (
    CNN320,
    MLP,
    CNNDeep,
    CNNPadded,
    CNNWide,
    ConvNet,
    LeNetDropout,
    Logistic,
    build,
    names,
)

PARAMETERS = {
    Logistic: 7_850,
    MLP: 106_050,
    CNN320: 21_840,
    LeNetDropout: 10_592,
    CNNWide: 454_922,
    CNNPadded: 824_458,
    CNNDeep: 870_634,
}
FLATTENED = {CNN320: 320, LeNetDropout: 256, CNNWide: 3136, CNNPadded: 3136, CNNDeep: 3136}


def parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(("network", "count"), PARAMETERS.items())
def test_every_network_has_the_labs_number_of_parameters(network, count):
    assert parameters(network()) == count


@pytest.mark.parametrize("name", names())
def test_every_network_gives_ten_logits_for_each_image(name):
    model = build(name).eval()
    for n in (1, 3):
        logits = model(torch.randn(n, 1, 28, 28))
        assert logits.shape == (n, 10)
    assert not torch.allclose(logits.exp().sum(1), torch.ones(3)), "these are probabilities, not logits"


@pytest.mark.parametrize("name", names())
def test_the_loss_before_training_is_that_of_guessing(name):
    torch.manual_seed(0)
    logits = build(name).eval()(torch.randn(200, 1, 28, 28))
    loss = nn.functional.cross_entropy(logits, torch.arange(200) % 10).item()
    assert loss == pytest.approx(2.303, abs=0.3)


@pytest.mark.parametrize(("network", "width"), FLATTENED.items())
def test_flatten_has_the_width_that_fc1_expects(network, width):
    seen = []
    model = network()
    model.flatten.register_forward_hook(lambda module, inputs, output: seen.append(tuple(output.shape)))
    model(torch.zeros(2, 1, 28, 28))
    assert seen == [(2, width)]
    assert model.fc1.in_features == width


@pytest.mark.parametrize("name", names())
def test_every_step_is_a_module_that_runs_once_in_the_order_it_is_written(name):
    model, ran = build(name), []
    for layer, module in model.named_children():
        module.register_forward_hook(lambda *_, layer=layer: ran.append(layer))
    model(torch.zeros(1, 1, 28, 28))
    assert ran == [layer for layer, _ in model.named_children()]


def test_the_320_network_pools_before_relu_as_its_lab_did():
    names_of_layers = [name for name, _ in CNN320().named_children()]
    assert names_of_layers == [
        "conv1", "pool1", "relu1", "conv2", "pool2", "relu2", "flatten", "fc1", "relu3", "fc2",
    ]  # fmt: skip


def test_a_wrong_image_size_is_an_error_not_another_batch_size():
    with pytest.raises(RuntimeError):
        CNN320()(torch.zeros(64, 1, 32, 32))


def test_the_two_linear_layers_of_lenet_dropout_are_one_affine_map_as_built():
    model = LeNetDropout().eval()
    x = torch.randn(5, 256)
    weight = model.fc2.weight @ model.fc1.weight
    bias = model.fc2.weight @ model.fc1.bias + model.fc2.bias
    torch.testing.assert_close(model.fc2(model.relu3(model.fc1(x))), x @ weight.T + bias)


def test_lenet_dropout_can_be_mended_without_changing_its_parameters():
    mended = LeNetDropout(activation_between=True).eval()
    assert isinstance(mended.relu3, nn.ReLU)
    assert parameters(mended) == 10_592


def test_lenet_dropout_drops_in_training_only():
    model, x = LeNetDropout(), torch.randn(4, 1, 28, 28)
    assert not torch.equal(model(x), model(x))
    model.eval()
    assert torch.equal(model(x), model(x))


def test_the_mlp_with_one_output_has_the_parameters_that_lab_004_reports():
    assert parameters(MLP()) - 9 * (40 + 1) == 105_681


def test_the_mlp_takes_other_sizes():
    assert parameters(MLP(hidden=(20, 15))) == 785 * 20 + 21 * 15 + 16 * 10


def test_the_mlp_says_where_to_find_one_with_more_layers():
    with pytest.raises(
        ValueError, match=r"hidden=\(9, 8, 7\) names 3 layers .* build\('convnet', channels=\(\)"
    ):
        MLP(hidden=(9, 8, 7))


def test_the_mlp_refuses_layers_that_cannot_be():
    with pytest.raises(TypeError, match=r"hidden=5 is one number and the mlp has 2 .* give \(128, 40\)"):
        MLP(hidden=5)
    with pytest.raises(TypeError, match=r"hidden=5.5 is not a whole number"):
        MLP(hidden=(5.5, 3))
    with pytest.raises(ValueError, match="hidden=0 is too small: use hidden >= 1"):
        MLP(hidden=(0, 3))


@pytest.mark.parametrize(
    ("network", "arguments"),
    [
        (CNN320, {}),
        (CNNWide, {"channels": (32, 64), "padding": 2, "hidden": 128}),
        (CNNPadded, {"channels": (32, 64), "kernel": 3, "padding": 1, "hidden": 256}),
        (MLP, {"channels": (), "hidden": (128, 40)}),
        (Logistic, {"channels": (), "hidden": 0}),
    ],
)
def test_convnet_can_be_each_lab_network_with_these_arguments(network, arguments):
    theirs, ours = network().eval(), ConvNet(**arguments).eval()
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(3, 1, 28, 28)
    torch.testing.assert_close(ours(x), theirs(x))
