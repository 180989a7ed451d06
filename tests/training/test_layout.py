"""Channels-last changes the time that a model takes, and nothing that a reader could see."""

import copy
import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torch.utils.checkpoint
from torch import Tensor, nn

from cnnlab import evaluate, fit, models, set_seed
from cnnlab.data import load_data
from cnnlab.errors import TrainingError
from cnnlab.models import ConvNet
from cnnlab.training.layout import LARGE, AnyView, channels_last, fast_layout


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
    layout = fast_layout(model, images)
    arranged = layout.arranged(images)
    first = model.conv1(arranged)
    for maps in (arranged, first, F.max_pool2d(first, 2), model.conv2(F.relu(F.max_pool2d(first, 2)))):
        assert is_channels_last(maps)
    with pytest.raises(RuntimeError, match="view"):  # without its help a view fails
        model(arranged)
    with layout.views:
        logits = model(arranged)
    torch.testing.assert_close(logits, plain, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "flatten",
    [
        nn.Flatten(),
        lambda x: torch.flatten(x, 1),
        lambda x: torch.flatten(input=x, start_dim=1),
        lambda x: x.view(len(x), -1),
        lambda x: x.reshape(-1, 32 * 13 * 13),
        lambda x: torch.reshape(x, (len(x), -1)),
    ],
)
def test_the_gradient_of_a_large_map_comes_back_channels_last(flatten):
    conv = nn.Conv2d(1, 32, 3)
    for n, large in ((100, True), (8, False)):
        maps, gradients = F.max_pool2d(conv(channels_last(random_images(n))), 2), []
        assert is_channels_last(maps)
        assert (maps.numel() >= LARGE) is large
        with AnyView():
            flat = flatten(maps)
        maps.register_hook(gradients.append)  # sees what AnyView made of it
        flat.square().sum().backward()
        torch.testing.assert_close(gradients[0], 2 * maps.detach(), check_stride=False)
        assert is_channels_last(gradients[0]) is large


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
    layout, images = fast_layout(model, random_images()), random_images()
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


@pytest.mark.parametrize(
    "make",
    [Lab002, ConvNet, lambda: ConvNet(batch_norm=True, dropout=0.5), models.LeNetDropout],
)
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


class WithHead(nn.Module):
    """Two convolutions and a head of two linear layers; what stands between them differs."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 10, 5), nn.Conv2d(10, 20, 5)
        self.fc1, self.fc2 = nn.Linear(320, 50), nn.Linear(50, 10)

    def between(self, x: Tensor) -> Tensor:
        return x

    def flat(self, x: Tensor) -> Tensor:
        return x.flatten(1)

    def head(self, x: Tensor) -> Tensor:
        return self.fc2(F.relu(self.fc1(self.flat(x))))

    def forward(self, x: Tensor) -> Tensor:
        x = self.between(F.max_pool2d(self.conv1(x), 2))
        return self.head(F.relu(F.max_pool2d(self.conv2(x), 2)))


class Silenced(WithHead):
    """Keeps the 200 largest numbers of each image, by writing into a view."""

    def between(self, x: Tensor) -> Tensor:
        flat = x.view(len(x), -1)
        with torch.no_grad():
            flat[flat < flat.topk(200, dim=1).values[:, -1:]] = 0
        return x


class SilencedInTraining(WithHead):
    """A dropout of one's own, written into a view in training only."""

    def between(self, x: Tensor) -> Tensor:
        if self.training:
            x.view(len(x), -1)[:, ::2].zero_()
        return x


class OwnMask(WithHead):
    """A dropout whose random numbers lie as the map does."""

    def between(self, x: Tensor) -> Tensor:
        return x * (torch.rand_like(x) > 0.5) if self.training else x


class Strided(WithHead):
    def flat(self, x: Tensor) -> Tensor:
        return x.as_strided((len(x), 320), (320, 1))


class Resized(WithHead):
    def flat(self, x: Tensor) -> Tensor:
        return x.detach().resize_(len(x), 320)


class Checkpointed(WithHead):
    """Works its head out a second time, in backward, where no view is helped."""

    def flat(self, x: Tensor) -> Tensor:
        return x.view(-1, 320)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.conv1(x), 2)
        maps = F.relu(F.max_pool2d(self.conv2(x), 2))
        return torch.utils.checkpoint.checkpoint(self.head, maps, use_reentrant=False)


class FlatGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        return g.view(len(g), -1).view_as(g)


class OwnGradient(WithHead):
    def between(self, x: Tensor) -> Tensor:
        return FlatGradient.apply(x)


class Scripted(WithHead):
    def flat(self, x: Tensor) -> Tensor:
        return torch.ops.aten.view(x, [len(x), -1])


class Contiguous(WithHead):
    def between(self, x: Tensor) -> Tensor:
        assert x.is_contiguous()
        return x


@pytest.mark.parametrize(
    "make",
    [
        Silenced,
        SilencedInTraining,
        OwnMask,
        Strided,
        Resized,
        Checkpointed,
        OwnGradient,
        Scripted,
        Contiguous,
    ],
    ids=lambda m: m.__name__,
)
def test_a_model_that_reckons_with_the_usual_order_gets_it(make):
    train = upright(160)
    set_seed(0)
    model = make()
    by_hand = copy.deepcopy(model)
    history = fit(model, train, epochs=1, optimizer="sgd", lr=0.05, device="cpu", progress=False)
    optimizer = torch.optim.SGD(by_hand.parameters(), lr=0.05)
    set_seed(0)
    losses = []
    for images, labels in train:
        optimizer.zero_grad()
        loss = F.cross_entropy(by_hand(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert [step.loss for step in history.steps] == pytest.approx(losses, abs=1e-6)
    test = torch.cat([images for images, _ in train]), torch.cat([labels for _, labels in train])
    with torch.no_grad():
        right = (model.eval()(test[0]).argmax(dim=1) == test[1]).sum().item()
    assert evaluate(model, train).correct == right


def upright(n: int) -> list[tuple[Tensor, Tensor]]:
    """Batches of 32 random images of 28 × 28 with labels."""
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(n, 1, 28, 28, generator=generator)
    labels = torch.randint(10, (n,), generator=generator)
    return list(zip(images.split(32), labels.split(32)))


def test_a_view_that_only_fails_in_the_usual_order_is_told_as_by_hand():
    class Permuted(WithHead):
        def flat(self, x: Tensor) -> Tensor:
            return x.permute(0, 2, 3, 1).view(len(x), -1)

    with pytest.raises(TrainingError, match="view size is not compatible"):
        fit(Permuted(), upright(64), epochs=1, device="cpu", progress=False)


def test_the_trial_is_not_seen(capsys):
    passes = []

    class Prints(WithHead):
        def between(self, x: Tensor) -> Tensor:
            print(len(x))
            return F.dropout(x, training=self.training)

    model = Prints()
    model.conv1.register_forward_hook(lambda *_: passes.append(1))
    state = torch.get_rng_state()
    layout = fast_layout(model, upright(64)[0][0])
    assert isinstance(layout.views, AnyView)
    assert torch.equal(torch.get_rng_state(), state)
    assert capsys.readouterr().out == ""
    assert passes == []


@pytest.mark.parametrize("draw", [random.random, np.random.random], ids=["random", "numpy"])
def test_the_trial_draws_no_random_number_of_the_models(draw):
    drawn = []

    class Draws(WithHead):
        def between(self, x: Tensor) -> Tensor:
            drawn.append(draw())
            return x

    model, images = Draws(), upright(32)[0][0]
    set_seed(0)
    fast_layout(model, images)
    assert drawn, "the trial came this way"
    set_seed(0)
    assert draw() == drawn[0]
    set_seed(0)
    first = draw()
    set_seed(0)
    fast_layout(model, images)
    assert draw() == first


def test_weights_get_no_hook():
    weighty = nn.utils.parametrizations.spectral_norm(nn.Conv2d(64, 256, 3))
    model = nn.Sequential(
        nn.Conv2d(1, 64, 5, stride=4), weighty, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(256, 10)
    ).to(memory_format=torch.channels_last)
    assert weighty.parametrizations.weight.original.numel() >= LARGE
    fit(model, upright(64), epochs=1, device="cpu", progress=False)
    evaluate(model, upright(64))
    assert all(not parameter._backward_hooks for parameter in model.parameters())


def test_a_model_with_a_backward_hook_gets_the_usual_order():
    model = WithHead()
    model.conv2.register_full_backward_hook(lambda module, gives, takes: None)
    assert not isinstance(fast_layout(model, random_images()).views, AnyView)


def test_weights_that_are_not_finite_are_told_as_before():
    model = WithHead()
    with torch.no_grad():
        model.fc2.weight[0, 0] = float("nan")
    with pytest.raises(TrainingError, match=r"fc2\.weight is not finite"):
        evaluate(model, upright(32))
