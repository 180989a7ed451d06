"""Channels-last changes the time that a model takes, and nothing that a reader could see."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnlab import evaluate, fit, models, set_seed
from cnnlab.data import load_data
from cnnlab.errors import TrainingError
from cnnlab.models import ConvNet
from cnnlab.training.layout import AnyView, fast_layout


class Lab002(nn.Module):
    """As students write it: functional pooling, and a view."""

    def __init__(self, features: int = 320) -> None:
        super().__init__()
        self.features = features
        self.conv1 = nn.Conv2d(1, 10, 5)
        self.conv2 = nn.Conv2d(10, 20, 5)
        self.fc1 = nn.Linear(features, 50)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        x = x.view(-1, self.features)
        return self.fc2(F.relu(self.fc1(x)))


def is_channels_last(tensor: Tensor) -> bool:
    return tensor.is_contiguous(memory_format=torch.channels_last)


def random_images(n: int = 8) -> Tensor:
    return torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def test_inside_the_kernels_and_maps_are_channels_last_and_the_logits_are_the_same():
    model, images = Lab002(), random_images()
    plain = model(images)
    with fast_layout(model) as views:
        assert is_channels_last(model.conv2.weight)
        for maps in (model.conv1(images), model.conv2(model.conv1(images))):
            assert is_channels_last(maps)
            assert not maps.is_contiguous()
        with pytest.raises(RuntimeError, match="view"):  # without its help a view fails
            model(images)
        with views:
            logits = model(images)
    torch.testing.assert_close(logits, plain, atol=1e-5, rtol=1e-5)


def step_and_fail(model: nn.Module) -> None:
    """Go back and forth once, add 1 to a kernel, and raise."""
    with fast_layout(model) as views:
        with views:
            model(random_images()).sum().backward()
        with torch.no_grad():
            model.conv2.weight.add_(1)
        raise RuntimeError("on purpose")


def test_afterwards_every_kernel_is_in_its_old_memory_with_the_new_numbers():
    model = Lab002()
    held, before = model.conv2.weight.data, model.conv2.weight.detach().clone()
    with pytest.raises(RuntimeError, match="on purpose"):
        step_and_fail(model)
    assert [p.stride() for p in model.parameters()] == [p.stride() for p in Lab002().parameters()]
    assert model.conv2.weight.data_ptr() == held.data_ptr()
    assert torch.equal(held, before + 1)
    assert all(p.grad.is_contiguous() for p in model.parameters())
    assert model.conv2.weight.grad.view(-1).shape == (5000,)


@pytest.mark.parametrize(
    "model",
    [
        models.build("mlp"),
        ConvNet(channels=(16,), pooling="none"),  # 9,216 numbers go to fc1
    ],
    ids=["no convolution", "wide fc1"],
)
def test_a_model_for_which_it_would_not_pay_is_left_alone(model):
    with fast_layout(model) as views:
        assert not isinstance(views, AnyView)
        assert all(p.is_contiguous() for p in model.parameters())


def test_a_model_that_is_channels_last_already_stays_so():
    model = ConvNet().to(memory_format=torch.channels_last)
    with fast_layout(model):
        pass
    assert is_channels_last(model.conv2.weight)


def test_a_view_as_another_type_is_still_a_view():
    numbers = torch.tensor([1.0, 2.0])
    with AnyView():
        assert numbers.view(torch.int32).tolist() == [1065353216, 1073741824]


@pytest.mark.parametrize("make", [Lab002, ConvNet, lambda: ConvNet(batch_norm=True, dropout=0.5)])
def test_fit_gives_the_plain_loops_losses(make):
    train = load_data("digits").train.take(640)
    set_seed(0)
    model = make()
    by_hand = copy.deepcopy(model)
    history = fit(
        model,
        train.batches(64),
        epochs=1,
        optimizer="sgd",
        lr=0.05,
        momentum=0.9,
        device="cpu",
        progress=False,
    )
    optimizer = torch.optim.SGD(by_hand.parameters(), lr=0.05, momentum=0.9)
    set_seed(0)
    losses = []
    for images, labels in train.batches(64):
        optimizer.zero_grad()
        loss = F.cross_entropy(by_hand(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    first = [step.loss for step in history.steps[:3]]  # then rounding grows, as it does in any training
    assert first == pytest.approx(losses[:3], abs=1e-5)
    assert history.steps[-1].loss == pytest.approx(losses[-1], abs=0.05)
    assert evaluate(model, train).n == 640


def test_a_callback_runs_the_model_views_and_all():
    class Looks:
        def on_epoch(self, state):
            self.shape = state.model(random_images()).shape

    looks = Looks()
    model = Lab002()
    fit(model, load_data("digits").train.take(64), epochs=1, device="cpu", progress=False, callbacks=[looks])
    assert looks.shape == (8, 10)
    assert model.conv2.weight.is_contiguous()


def test_a_wrong_view_is_told_as_before():
    with pytest.raises(TrainingError, match=r"shape '\[-1, 300\]' is invalid"):
        fit(Lab002(300), load_data("digits").train.take(64), epochs=1, device="cpu", progress=False)
