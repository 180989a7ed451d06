import pytest
import torch
from torch import nn

from cnnlab.inspection import activations, dead_channels, explain
from cnnlab.inspection.activations import activations_and_output, weights_now


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 5)
        self.relu = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.5)
        self.fc1 = nn.Linear(4 * 24 * 24, 10)
        self.unused = nn.Linear(2, 2)

    def forward(self, x):
        x = self.drop(self.relu(self.conv1(x)))
        return self.relu(self.fc1(x.flatten(1)))


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Small()


@pytest.fixture
def images():
    return torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(1))


def test_activations_are_what_the_layers_compute(model, images):
    made = activations(model, images)
    assert torch.allclose(made["conv1"], model.conv1(images))
    assert torch.allclose(made["relu"], model.conv1(images).relu())
    assert torch.equal(made["relu (call 2)"], model.eval()(images))


def test_activations_come_in_the_order_of_the_calls_and_keep_the_batch(model, images):
    made = activations(model, images)
    assert list(made) == ["conv1", "relu", "drop", "fc1", "relu (call 2)"]
    assert all(len(tensor) == 3 for tensor in made.values())


def test_an_in_place_relu_does_not_overwrite_the_maps_before_it(model, images):
    assert activations(model, images)["conv1"].min() < 0


def test_activations_run_without_dropout_and_restore_every_mode(model, images):
    model.train()
    model.conv1.eval()
    first, second = activations(model, images), activations(model, images)
    assert torch.equal(first["drop"], second["drop"])
    assert model.training
    assert model.drop.training
    assert not model.conv1.training


def test_activations_leave_no_hook_behind_even_after_an_error(model, images):
    with pytest.raises(ValueError, match="stops at float32 images"):
        activations(model, torch.rand(1, 3, 28, 28))
    activations(model, images)
    assert not any(module._forward_hooks for module in model.modules())


def test_activations_can_be_computed_with_together_with_weights(model, images):
    relu = activations(model, images, "relu")["relu"]
    model.fc1(relu.flatten(1)).sum().backward()
    assert model.fc1.weight.grad is not None


def test_activations_take_one_name_or_several(model, images):
    assert list(activations(model, images, "conv1")) == ["conv1"]
    assert list(activations(model, images, ["conv1", "fc1"])) == ["conv1", "fc1"]


def test_an_unknown_layer_name_gets_the_nearest_and_all_of_them(model, images):
    with pytest.raises(ValueError, match=r"no layer 'conv_1': did you mean 'conv1'\? There are: conv1, relu"):
        activations(model, images, ["conv_1"])


def test_a_layer_that_forward_never_calls_is_said_to_be_so(model, images):
    with pytest.raises(ValueError, match=r"never calls layer 'unused'.*write unused\(x\)"):
        activations(model, images, ["unused"])


def test_a_layer_without_a_single_tensor_is_said_to_be_so():
    model = nn.Sequential(nn.MaxPool2d(2, return_indices=True))
    with pytest.raises(ValueError, match="'0' returns no single tensor"):
        activations(model, torch.rand(1, 1, 4, 4), "0")


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (torch.zeros(2, 1, 28, 28, dtype=torch.uint8), TypeError, r"torch.uint8: give normalised floats"),
        (torch.zeros(1, 28, 28), ValueError, r"this is one image, a batch is images\[None\]"),
        (torch.zeros(0, 1, 28, 28), ValueError, "at least one image"),
        ([1, 2], TypeError, "images are a list"),
    ],
)
def test_images_that_are_no_batch_are_refused_in_words(model, images, error, message):
    with pytest.raises(error, match=message):
        activations(model, images)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(2, 3, 28, 28), r"stops at float32 images of shape \(2, 3, 28, 28\): .* got 3 channels"),
        (torch.zeros(2, 1, 28, 28).double(), r"stops at float64 images .*explain\(model, images\)"),
    ],
)
def test_images_that_the_model_does_not_take_are_left_to_explain(model, images, message):
    with pytest.raises(ValueError, match=message):
        activations(model, images)
    assert not explain(model, images).works


def test_dead_channels_are_those_that_stay_zero_for_every_image(model, images):
    with torch.no_grad():
        model.conv1.bias[:] = torch.tensor([5.0, -50.0, 5.0, -50.0])
    assert dead_channels(model, images, "conv1") == [1, 3]
    assert dead_channels(model, images, "relu") == [1, 3]


def test_one_image_that_wakes_a_channel_makes_it_alive(model):
    with torch.no_grad():
        model.conv1.weight[0] = 1.0
        model.conv1.bias[0] = -20.0
    images = torch.zeros(600, 1, 28, 28)
    assert 0 in dead_channels(model, images, "conv1")
    images[599] = 1.0
    assert 0 not in dead_channels(model, images, "conv1")


def test_one_run_gives_the_layers_and_the_output(model, images):
    runs = []
    model.conv1.register_forward_hook(lambda *_: runs.append(1))
    made, output = activations_and_output(model, images)
    assert len(runs) == 1
    assert torch.equal(output, model.eval()(images))
    assert torch.equal(made["conv1"], activations(model, images)["conv1"])


def test_a_lazy_layer_is_not_filled_in_inference_mode_where_it_could_never_be_trained(images):
    lazy = nn.Sequential(nn.Flatten(), nn.LazyLinear(10))
    with pytest.raises(
        ValueError, match=r"layer '1' is a LazyLinear.*send one through, model\(images\[:1\]\)"
    ):
        activations(lazy, images)
    lazy(images[:1]).sum().backward()
    assert activations(lazy, images)["1"].shape == (3, 10)


def test_other_weights_are_noticed_however_they_came_and_equal_ones_are_not(model, images):
    seen = weights_now(model)
    activations(model, images)
    assert weights_now(model) == seen
    with torch.no_grad():
        model.fc1.bias.data += 1  # counts no version
        other = weights_now(model)
        assert other != seen
        model.fc1.bias.copy_(model.fc1.bias.roll(1))  # the same sum
    assert weights_now(model) != other
