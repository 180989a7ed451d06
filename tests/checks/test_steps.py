"""Answers to one training step."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from cnnlab import checks
from cnnlab.checks.steps import SGD_LR, SmallNetwork, SmallSgd, by_hand, two_batches, weights_of
from tests.checks.cases import Cases


def usual(model, optimizer, images, labels):
    optimizer.zero_grad()
    loss = nn.CrossEntropyLoss()(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def by_log_softmax(model, optimizer, images, labels):
    F.nll_loss(F.log_softmax(model(images), dim=1), labels).backward()
    optimizer.step()
    for p in model.parameters():
        p.grad = None


def without_an_optimizer(model, optimizer, images, labels):
    gradients = torch.autograd.grad(F.cross_entropy(model(images), labels), list(model.parameters()))
    with torch.no_grad():
        for p, gradient in zip(model.parameters(), gradients):
            p -= optimizer.param_groups[0]["lr"] * gradient


def with_a_closure(model, optimizer, images, labels):
    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        return loss

    with torch.no_grad():
        return optimizer.step(closure).item()


def with_a_look_at_the_optimizer(model, optimizer, images, labels):
    assert optimizer.state_dict()["param_groups"][0]["lr"] == SGD_LR
    return usual(model, optimizer, images, labels)


def with_the_optimizers_class(model, optimizer, images, labels):
    assert isinstance(optimizer, torch.optim.Optimizer)
    assert isinstance(optimizer, torch.optim.SGD)
    assert not optimizer.state
    assert "SGD" in repr(optimizer).partition(" ")[0].upper()
    return usual(model, optimizer, images, labels)


def by_hand_with_the_default_rate(model, optimizer, images, labels):
    optimizer.zero_grad()
    F.cross_entropy(model(images), labels).backward()
    with torch.no_grad():
        for group in optimizer.param_groups:
            for p in group["params"]:
                p -= optimizer.defaults["lr"] * p.grad


def with_a_scheduler(model, optimizer, images, labels):
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 100)
    usual(model, optimizer, images, labels)
    scheduler.step()


def with_a_saved_state(model, optimizer, images, labels):
    optimizer.load_state_dict(optimizer.state_dict())
    return usual(model, optimizer, images, labels)


def slower(model, optimizer, images, labels):
    for group in optimizer.param_groups:
        group["lr"] = 0.01
    return usual(model, optimizer, images, labels)


def closure_without_zero(model, optimizer, images, labels):
    def closure():
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        return loss

    optimizer.step(closure)


def step(loss=F.cross_entropy, order="zero forward back step"):
    def train(model, optimizer, images, labels):
        value = None
        for part in order.split():
            if part == "zero":
                optimizer.zero_grad()
            elif part == "forward":
                value = loss(model(images), labels)
            elif part == "back":
                value.backward()
            elif part == "step":
                optimizer.step()

    return train


net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
optimiser = torch.optim.SGD(net.parameters(), 0.1)


def of_names_from_outside(model, optimizer, images, labels):
    usual(net, optimiser, images, labels)


def with_the_network_from_outside(model, optimizer, images, labels):
    usual(net, optimizer, images, labels)


def of_a_closure(forward_only=False):
    inner = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    own = torch.optim.SGD(inner.parameters(), 0.1)

    def train(model, optimizer, images, labels):
        if forward_only:
            optimizer.zero_grad()
            inner(images)
            optimizer.step()
        else:
            usual(inner, own, images, labels)

    return train


def with_weight_decay(model, optimizer, images, labels):
    optimizer.zero_grad()
    decay = 0.01 * sum((p**2).sum() for p in model.parameters())
    (F.cross_entropy(model(images), labels) + decay).backward()
    optimizer.step()


def clipped(model, optimizer, images, labels):
    optimizer.zero_grad()
    F.cross_entropy(model(images), labels).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    optimizer.step()


CASES = {
    "training_step": Cases(
        right=[
            usual,
            by_log_softmax,
            without_an_optimizer,
            with_a_closure,
            with_a_look_at_the_optimizer,
            with_the_optimizers_class,
            by_hand_with_the_default_rate,
            with_a_scheduler,
            with_a_saved_state,
        ],
        wrong=[
            (slower, "the weights are not those of SGD by hand"),
            (of_names_from_outside, "Your step trains another network than the one that it is given"),
            (with_the_network_from_outside, "Your step trains another network than the one that it is given"),
            (of_a_closure(), "Your step trains another network than the one that it is given"),
            (of_a_closure(forward_only=True), "your step never runs the network that it is given"),
            (with_weight_decay, "what does your step add, leave out or change?"),
            (clipped, "what does your step add, leave out or change?"),
            (step(lambda z, y: 10 * F.cross_entropy(z, y)), "add, leave out or change?"),
            (step(lambda z, y: F.cross_entropy(z[:4], y[:4])), "add, leave out or change?"),
            (step(lambda z, y: F.cross_entropy(z, y, label_smoothing=0.1)), "add, leave out or change?"),
            (
                step(lambda z, y: F.binary_cross_entropy_with_logits(z, F.one_hot(y, 10).float())),
                "the step of a binary cross-entropy",
            ),
            (step(lambda z, y: F.cross_entropy(y, z)), "a loss takes the logits first, then the labels"),
            (step(lambda z, y: F.cross_entropy(z.argmax(1), y)), "Whole numbers stand where logits"),
            (
                lambda model, optimizer, images, labels: F.cross_entropy(images, labels).backward(),
                "does the loss get what the model gives?",
            ),
            (step(order="forward back step"), "the gradients of the first are still there"),
            (closure_without_zero, "the gradients of the first are still there"),
            (step(order="zero forward back"), "optimizer.step() is missing, or stands before backward()"),
            (step(order="zero forward step"), "backward() is missing"),
            (step(order="forward back zero step"), "the gradients are cleared after it"),
            (step(order="step zero forward back"), "step() comes before backward()"),
            (step(order="zero forward back step zero forward back step"), "something is done twice"),
            (
                step(lambda z, y: F.cross_entropy(z.softmax(1), y)),
                "went through softmax before cross-entropy",
            ),
            (
                step(lambda z, y: F.nll_loss(z.softmax(1), y)),
                "softmax was fed to the negative log-likelihood",
            ),
            (step(lambda z, y: -F.cross_entropy(z, y)), "The step goes uphill"),
            (step(lambda z, y: F.cross_entropy(z, y, reduction="sum")), "summed over the images"),
            (step(order="back"), "There is no backward on that object"),
            (lambda model, images: None, "it is called as training_step(model, optimizer, images, labels)"),
        ],
        secret=["zero_grad()", "loss.backward()"],
    ),
}


def test_sgd_by_hand_is_what_pytorch_does() -> None:
    model = SmallNetwork()
    optimizer = torch.optim.SGD(model.parameters(), lr=SGD_LR)
    for (images, labels), expected in zip(two_batches(), by_hand()):
        usual(model, optimizer, images, labels)
        assert torch.allclose(weights_of(model), expected)


def test_the_small_optimizer_tells_its_state_as_pytorch_does() -> None:
    model = SmallNetwork()
    real = torch.optim.SGD(model.parameters(), lr=SGD_LR).state_dict()
    small = SmallSgd(list(model.parameters())).state_dict()
    assert small["state"] == real["state"]
    assert all(real["param_groups"][0][key] == value for key, value in small["param_groups"][0].items())


def test_a_step_is_judged_by_the_weights_alone() -> None:
    assert all(checks.training_step(answer) for answer in CASES["training_step"].right)


def test_a_notebooks_own_network_is_left_as_it_was() -> None:
    before = net[1].weight.clone()
    assert not checks.training_step(of_names_from_outside)
    assert torch.equal(net[1].weight, before)
    assert net[1].weight.grad is None
