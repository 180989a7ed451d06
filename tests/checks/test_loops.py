"""Answers to the step that counts, the network that trains itself and the seed that works."""

from __future__ import annotations

import random

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from cnnlab import checks
from tests.checks.cases import Cases


def step(passes=1, after=False, gives=lambda right, loss, n: right, moves=True):
    def counted_step(model, optimizer, images, labels):
        logits = model(images)
        loss = F.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        if moves:
            optimizer.step()
        for _ in range(passes - 1):
            logits = model(images) if after else logits + 0 * model(images)
        return gives((logits.argmax(dim=1) == labels).sum().item(), loss.item(), len(labels))

    return counted_step


def never_back(model, optimizer, images, labels):
    logits = model(images)
    optimizer.step()
    return (logits.argmax(dim=1) == labels).sum()


def never_cleared(model, optimizer, images, labels):
    logits = model(images)
    F.cross_entropy(logits, labels).backward()
    optimizer.step()
    return (logits.argmax(dim=1) == labels).sum()


def with_another_loss(model, optimizer, images, labels):
    optimizer.zero_grad()
    logits = model(images)
    F.cross_entropy(logits, labels, reduction="sum").backward()
    optimizer.step()
    return (logits.argmax(dim=1) == labels).sum()


def by_forward(model, optimizer, images, labels):
    optimizer.zero_grad(set_to_none=False)
    z = model.forward(images)
    F.nll_loss(z.log_softmax(1), labels).backward()
    optimizer.step()
    return (z.max(dim=1).indices == labels).sum()


def counted_with_a_scheduler(model, optimizer, images, labels):
    assert isinstance(optimizer, torch.optim.Optimizer)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 100)
    right = step()(model, optimizer, images, labels)
    scheduler.step()
    return right


def counted_with_a_closure(model, optimizer, images, labels):
    right = []

    def closure():
        optimizer.zero_grad()
        logits = model(images)
        right.append((logits.argmax(dim=1) == labels).sum().item())
        loss = F.cross_entropy(logits, labels)
        loss.backward()
        return loss

    optimizer.step(closure)
    return right[0]


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))


net, resting = Base(), Base()
nets = {"first": Base()}


def trained(network, forwards, images, labels, sign=-1):
    loss = F.cross_entropy(forwards(images), labels)
    forwards.zero_grad()
    loss.backward()
    with torch.no_grad():
        for p in network.parameters():
            if p.grad is not None:
                p += sign * 0.1 * p.grad


def class_with(learn):
    return type("Net", (Base,), {"learn": learn})


def by(make, loss=F.cross_entropy, zero=True, steps=1):
    """learn() with an optimizer that is made anew at each call."""

    def learn(self, images, labels):
        optimizer = make(self)
        for _ in range(steps):
            if zero:
                optimizer.zero_grad()
            loss(self(images), labels).backward()
            optimizer.step()

    return class_with(learn)


def sgd(lr):
    return lambda network: torch.optim.SGD(network.parameters(), lr=lr)


class WithMomentum(Base):
    def __init__(self):
        super().__init__()
        self.optimizer = torch.optim.SGD(self.parameters(), lr=0.05, momentum=0.9)

    def learn(self, images, labels):
        F.cross_entropy(self(images), labels).backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


class WithDropout(Base):
    def forward(self, x):
        return F.dropout(F.relu(self.fc(x.flatten(1))) - F.relu(-self.fc(x.flatten(1))), 0.3, self.training)

    def learn(self, images, labels):
        trained(self, self, images, labels)


class WithBatchNorm(Base):
    def __init__(self):
        super().__init__()
        convolution = nn.Conv2d(1, 4, 5, stride=2)  # its bias has no effect, and a gradient of rounding
        layers = [convolution, nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(576, 10)]
        self.fc = nn.Sequential(*layers)

    def forward(self, x):
        return self.fc(x)

    def learn(self, images, labels):
        optimizer = torch.optim.RAdam(self.parameters())
        optimizer.zero_grad()
        F.cross_entropy(self(images), labels).backward()
        optimizer.step()


class Frozen(Base):
    def __init__(self):
        super().__init__()
        self.requires_grad_(False)

    def learn(self, images, labels):
        trained(self, self, images, labels)


class Probabilities(Base):
    def forward(self, x):
        return super().forward(x).softmax(1)

    def learn(self, images, labels):
        optimizer = torch.optim.AdamW(self.parameters())
        F.nll_loss(self(images).log(), labels).backward()
        optimizer.step()
        optimizer.zero_grad()


def with_optimizer(self, images, labels):
    optimizer = torch.optim.Adam(self.parameters(), lr=0.01)
    optimizer.zero_grad()
    F.cross_entropy(self(images), labels).backward()
    optimizer.step()


def only_once(self, images, labels):
    if not hasattr(self, "done"):
        self.done = True
        with_optimizer(self, images, labels)


def of_the_first(count):
    return lambda z, y: F.cross_entropy(z[:count], y[:count])


def as_yes_or_no(z, y):
    return F.binary_cross_entropy_with_logits(z, F.one_hot(y, 10).float())


def seeded(seed):
    torch.manual_seed(seed)
    return nn.Linear(784, 10)


def with_generator(seed):
    model, draw = nn.Linear(784, 10), torch.Generator().manual_seed(seed)
    for p in model.parameters():
        nn.init.uniform_(p, -1, 1, generator=draw)
    return model


def by_numpy(seed):
    np.random.seed(seed)  # noqa: NPY002
    return nn.Linear(784, 10)


def by_random(seed):
    random.seed(seed)
    return nn.Linear(784, 10)


def too_late(seed):
    model = nn.Linear(784, 10)
    torch.manual_seed(seed)
    return model


def always_42(seed):
    torch.manual_seed(42)
    return nn.Linear(784, 10)


def with_seed(make):
    def seeded_network(seed):
        torch.manual_seed(seed)
        return make()

    return seeded_network


def two_layers():
    return nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))


CASES = {
    "counted_step": Cases(
        right=[
            step(),
            by_forward,
            counted_with_a_closure,
            counted_with_a_scheduler,
            step(gives=lambda right, loss, n: torch.tensor(right)),
        ],
        wrong=[
            (step(passes=3), "runs the network 3 times for one batch"),
            (step(passes=2, after=True), "runs the network 2 times for one batch"),
            (step(moves=False), "finds gradients and moves no weight: the optimiser's part is missing"),
            (never_back, "moves no weight: when the optimiser's turn comes, there is no gradient"),
            (never_cleared, "The first step is right, the second is not: the gradients of the first"),
            (with_another_loss, "After your step the weights are not those of one step of cross-entropy"),
            (step(gives=lambda right, loss, n: loss), "that is the loss"),
            (step(gives=lambda right, loss, n: n), "that is the size of the batch"),
            (lambda m, o, x, y: 3, "never runs the network"),
        ],
        secret=["argmax(dim=1)"],
    ),
    "own_weights": Cases(
        right=[
            class_with(lambda self, x, y: trained(self, self, x, y)),
            class_with(with_optimizer),
            WithMomentum,
            WithDropout,
            WithBatchNorm,
            Probabilities,
            *(by(sgd(lr)) for lr in (1e-5, 0.01, 1.0)),
            by(sgd(0.1), steps=5),
            by(lambda network: torch.optim.RMSprop(network.parameters())),
            by(sgd(0.1), lambda z, y: F.nll_loss(z.log_softmax(1), y)),
        ],
        wrong=[
            (
                class_with(lambda self, x, y: trained(net, net, x, y)),
                "learn() of one network moved the weights of another",
            ),
            (
                class_with(lambda self, x, y: trained(nets["first"], nets["first"], x, y)),
                "learn() of one network moved the weights of another",
            ),
            (
                class_with(lambda self, x, y: trained(self, net, x, y)),
                "finds gradients for another network: it holds a name from outside",
            ),
            (
                class_with(lambda self, x, y: trained(resting, self, x, y)),
                "finds the gradients of its own network and does not use them",
            ),
            (class_with(lambda self, x, y: trained(self, self, x, y, sign=1)), "not downhill"),
            (class_with(lambda self, x, y: optimiser.step()), "The name optimiser is not known here"),  # noqa: F821
            (by(sgd(0.1), F.nll_loss), "the logits were fed to the negative log-likelihood"),
            (by(sgd(0.1), lambda z, y: F.cross_entropy(z.softmax(1), y)), "went through softmax before"),
            (
                by(
                    lambda network: torch.optim.Adam(network.parameters()),
                    lambda z, y: F.cross_entropy(z.softmax(1), y),
                ),
                "went through softmax before",
            ),
            (
                by(lambda network: torch.optim.SGD([network.fc.bias], lr=0.1)),
                "learn() leaves 7,840 of its 7,850 weights and biases as they were",
            ),
            (by(sgd(0.1), zero=False), "At the second call the gradients of the first are still there"),
            (class_with(only_once), "learn() is right once. At the second call it moves nothing"),
            (by(sgd(0.1), of_the_first(1)), "not down the slope of cross-entropy"),
            (
                by(sgd(0.1), lambda z, y: F.mse_loss(z, F.one_hot(y, 10).float())),
                "the step of a squared error",
            ),
            (by(sgd(0.1), as_yes_or_no), "the step of a binary cross-entropy"),
            (by(sgd(0.1), of_the_first(4)), "not down the slope of cross-entropy"),
            (by(sgd(0.1), lambda z, y: F.cross_entropy(z, y.flip(0))), "not down the slope of cross-entropy"),
            (Frozen, "no weights that can be trained"),
            (Base, "has no method learn"),
            (Base(), "give the class of your network"),
        ],
        secret=["self.parameters()"],
    ),
    "seeded_network": Cases(
        right=[seeded, with_generator, with_seed(lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10)))],
        wrong=[
            (by_numpy, "which generator draws the weights?"),
            (by_random, "Twice the same seed gives two different networks"),
            (too_late, "Twice the same seed gives two different networks"),
            (always_42, "Seeds 1 and 2 give the same network"),
            (
                torch.manual_seed,
                "Your function returns a Generator: a network is asked for. That is what draws",
            ),
            (lambda seed: (torch.manual_seed(seed), nn.Linear(784, 10)), "Your function returns a tuple"),
            (lambda seed: nn.ReLU(), "Your network has no weights"),
            (with_seed(lambda: nn.Linear(10, 784)), "Your layer goes from 10 to 784"),
            (with_seed(lambda: nn.Linear(784, 10, bias=False)), "Your layer has no bias"),
            (with_seed(lambda: nn.Conv2d(1, 10, 5)), "are 10 × 1 × 5 × 5, 10: a linear layer"),
            (with_seed(two_layers), "are 50 × 784, 50, 10 × 50, 10: a linear layer"),
        ],
        secret=["torch.manual_seed"],
    ),
}


def test_a_notebooks_own_network_is_left_as_it_was() -> None:
    before = net.fc.weight.clone()
    assert not checks.own_weights(class_with(lambda self, x, y: trained(net, net, x, y)))
    assert torch.equal(net.fc.weight, before)


def test_a_step_may_be_written_in_any_way() -> None:
    assert checks.counted_step(by_forward)
    assert checks.seeded_network(with_generator)


def test_a_learn_that_does_nothing_is_not_yet() -> None:
    assert checks.own_weights(class_with(lambda self, x, y: None)).state == "not yet"
