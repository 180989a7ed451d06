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
from cnnlab.training.layout import AnyView, channels_last, fast_layout


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


def random_images(n: int = 8) -> Tensor:
    return torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def is_channels_last(tensor: Tensor) -> bool:
    return tensor.stride(1) == 1


def test_all_maps_are_channels_last_and_the_logits_are_the_same():
    model, images = Lab002(), random_images()
    plain = model(images)
    layout = fast_layout(model)
    arranged = layout.arranged(images)
    first = model.conv1(arranged)
    for maps in (arranged, first, F.max_pool2d(first, 2), model.conv2(F.relu(F.max_pool2d(first, 2)))):
        assert is_channels_last(maps)
    with pytest.raises(RuntimeError, match="view"):  # without its help a view fails
        model(arranged)
    with layout.views:
        logits = model(arranged)
    torch.testing.assert_close(logits, plain, atol=1e-5, rtol=1e-5)


def test_one_channel_is_arranged_without_a_copy():
    images = random_images()
    arranged = channels_last(images)
    assert arranged.data_ptr() == images.data_ptr()
    assert torch.equal(arranged, images)
    colour = torch.rand(2, 3, 5, 4)
    assert is_channels_last(channels_last(colour))
    assert torch.equal(channels_last(colour), colour)
    assert channels_last(images.flatten(1)).shape == (8, 784)


def test_the_model_is_not_touched():
    model, seen = Lab002(), []
    before = [(p.data_ptr(), p.stride()) for p in model.parameters()]

    class Looks:
        def on_epoch(self, state):
            seen.append([(p.data_ptr(), p.stride()) for p in state.model.parameters()])
            assert all(p.grad.is_contiguous() for p in state.model.parameters())
            states = state.optimizer.state.values()
            assert all(one["exp_avg"].is_contiguous() for one in states)
            assert state.model(random_images()).shape == (8, 10)

    fit(
        model, load_data("digits").train.take(64), epochs=1, device="cpu", progress=False, callbacks=[Looks()]
    )
    evaluate(model, load_data("digits").test.take(10))
    assert seen == [before]
    assert [(p.data_ptr(), p.stride()) for p in model.parameters()] == before


@pytest.mark.parametrize(
    "model",
    [
        models.build("mlp"),
        ConvNet(channels=(16,), pooling="none"),  # 9,216 numbers go to fc1
    ],
    ids=["no convolution", "wide fc1"],
)
def test_where_it_would_not_pay_images_stay_as_they_are(model):
    layout, images = fast_layout(model), random_images()
    assert layout.arranged(images) is images
    assert not isinstance(layout.views, AnyView)


class Clamped(Lab002):
    """Holds its kernels in bounds through a view of them, as max-norm does."""

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            self.conv2.weight.view(20, -1).clamp_(-0.01, 0.01)
        return super().forward(x)


def test_what_is_written_through_a_view_of_a_kernel_is_written():
    model = Clamped()
    fit(model, load_data("digits").train.take(64), epochs=1, lr=1e-9, device="cpu", progress=False)
    assert model.conv2.weight.abs().max() <= 0.0101


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x.view(-1, 80),
        lambda x: x.view((-1, 80)),
        lambda x: x.view(size=(-1, 80)),
        lambda x: x.view_as(torch.empty(2, 80)),
        lambda x: x.view(torch.int32),
        lambda x: x.view(dtype=torch.int32),
    ],
)
def test_every_way_to_write_a_view_gives_what_it_gives_in_the_usual_order(view):
    usual = torch.rand(2, 5, 4, 4)
    with AnyView():
        assert torch.equal(view(usual.contiguous(memory_format=torch.channels_last)), view(usual))


def test_lazy_layers_are_told_of_as_before():
    lazy = nn.Sequential(nn.LazyConv2d(4, 5), nn.ReLU(), nn.Flatten(), nn.LazyLinear(10))
    with pytest.raises(ValueError, match=r"the size of 0\.weight is not known yet"):
        fit(lazy, load_data("digits").train.take(64), epochs=1, device="cpu", progress=False)


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


def test_a_wrong_view_is_told_as_before():
    with pytest.raises(TrainingError, match=r"shape '\[-1, 300\]' is invalid"):
        fit(Lab002(300), load_data("digits").train.take(64), epochs=1, device="cpu", progress=False)
