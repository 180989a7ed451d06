"""Loops to mend: batches, a step that counts, a network that trains itself, a seed that works."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlab.checks.functions import same
from cnnlab.checks.reading import call, function, kind, network, not_blank, number, shown
from cnnlab.checks.runner import exercise
from cnnlab.checks.steps import SmallNetwork, SmallSgd, two_batches, weights_of
from cnnlab.checks.verdict import Blank, Wrong


@exercise(
    "Every image in a batch: minibatches(images, labels, size)",
    5,
    "The last batch may be smaller, and it is a batch all the same.",
)
def minibatches(answer: object = ...) -> None:
    """Check a function minibatches(images, labels, size): pairs that hold every image once.

    It may return a list or be a generator; the order is free.
    """
    student = function(answer, "minibatches(images, labels, size)", 3)
    for count, size in ((10, 4), (12, 4), (130, 64), (3, 5)):
        images = torch.arange(1.0, count + 1)[:, None, None, None].expand(-1, 1, 2, 2)
        labels = torch.arange(count) % 7
        made = call(student, images, labels, size)
        if not isinstance(made, Iterable):
            raise Wrong(f"Your function gives {kind(made)}: a list of batches is asked for, or a generator.")
        batches = [_ids(batch, size) for batch in islice(made, 2 * count)]
        seen = [one for ids in batches for one in ids]
        if len(set(seen)) < len(seen):
            raise Wrong(f"With {count} images and batches of {size}, some images come twice.")
        missing = count - len(seen)
        if missing:
            where = "those of the last, smaller batch" if missing == count % size else "look at the borders"
            raise Wrong(f"With {count} images and batches of {size}, {missing} never come: {where}.")
        _judge_lengths([len(ids) for ids in batches], count, size)


def _judge_lengths(lengths: list[int], count: int, size: int) -> None:
    """Raise `Wrong` for an empty batch, and for more than one that is not full."""
    said = f"With {count} images and batches of {size},"
    if 0 in lengths:
        raise Wrong(f"{said} a batch of yours is empty: every batch should hold an image.")
    if sum(length < size for length in lengths) > 1:
        told = ", ".join(map(str, lengths[:4])) + (", …" if len(lengths) > 4 else "")
        raise Wrong(f"{said} yours hold {told} images: one batch at most may be smaller.")


def _ids(batch: object, size: int) -> list[int]:
    """Which images a batch holds, once their labels are sure to belong to them."""
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise Wrong(f"A batch of yours is {kind(batch)}: a pair of images and labels is asked for.")
    images, labels = batch
    if not isinstance(images, Tensor) or not isinstance(labels, Tensor) or images.ndim != 4:
        raise Wrong("A batch of yours does not hold two tensors: cut images and labels, keep their shapes.")
    if len(images) != len(labels):
        raise Wrong(f"A batch has {len(images)} images and {len(labels)} labels.")
    if len(images) > size:
        raise Wrong(f"A batch has {len(images)} images: at most {size} were asked for.")
    ids = [int(value) for value in images[:, 0, 0, 0]]
    if [(one - 1) % 7 for one in ids] != labels.tolist():
        raise Wrong("The labels of a batch belong to other images than those beside them.")
    return ids


class _Counting(SmallNetwork):
    """A network that counts how often it is run."""

    def __init__(self) -> None:
        super().__init__()
        self.passes = 0

    def forward(self, x: Tensor) -> Tensor:
        self.passes += 1
        return super().forward(x)  # type: ignore[no-untyped-call, no-any-return]


@exercise(
    "A step that counts: counted_step(model, optimizer, images, labels)",
    5,
    "One forward pass gives the loss and the answers.",
)
def counted_step(answer: object = ...) -> None:
    """Check a function counted_step(model, optimizer, images, labels): one step of cross-entropy.

    It returns how many of the images were read rightly, from the one forward pass before the step.
    """
    student = function(answer, "counted_step(model, optimizer, images, labels)", 4)
    model, by_hand = _Counting(), SmallNetwork()
    optimizer, reference = SmallSgd(list(model.parameters())), SmallSgd(list(by_hand.parameters()))
    for step, (images, labels) in enumerate(two_batches(), start=1):
        given = student(model, optimizer, images.clone(), labels.clone())
        logits = by_hand(images)
        loss = F.cross_entropy(logits, labels)
        reference.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        reference.step()
        value = number(given, "What your function returns")
        if model.passes == 0:
            raise Wrong("Your step never runs the network.")
        if model.passes > step:
            raise Wrong(
                f"Your step runs the network {model.passes} times for one batch, "
                "and what comes after the step has seen the labels: once is enough."
            )
        if not same(weights_of(model), weights_of(by_hand), rtol=1e-3):
            raise Wrong("After your step the weights are not those of one step of cross-entropy.")
        right = int((logits.argmax(dim=1) == labels).sum())
        if value == right:
            continue
        known = {
            loss.item(): "that is the loss",
            right / len(labels): "that is a share",
            100 * right / len(labels): "those are percent",
            float(len(labels) - right): "those are the wrong ones",
            float(len(labels)): "that is the size of the batch",
        }
        why = next((says for other, says in known.items() if abs(value - other) < 1e-4), "look at the argmax")
        raise Wrong(
            f"You count {shown(value)} of {len(labels)}, and that is not the number of right answers: {why}."
        )


@exercise(
    "A network that trains itself, and no other",
    5,
    "A class that uses only self works as often as you make one of it.",
)
def own_weights(answer: object = ...) -> None:
    """Check a class of networks with a method learn(images, labels): it trains the network it belongs to."""
    not_blank(answer)
    if not isinstance(answer, type) or not issubclass(answer, nn.Module):
        raise Wrong(f"Your answer is {kind(answer)}: give the class of your network.")
    first, second = answer(), answer()
    if not callable(getattr(second, "learn", None)):
        raise Wrong("Your class has no method learn(images, labels).")
    images, labels = two_batches()[0]
    before = weights_of(second)
    gradient = torch.autograd.grad(F.cross_entropy(second(images), labels), list(second.parameters()))
    downhill = -torch.cat([part.flatten().double() for part in gradient])
    others = [m for m in _outside(answer) if m is not second] + [first]
    kept = [{name: value.clone() for name, value in other.state_dict().items()} for other in others]
    try:
        second.learn(images, labels)  # type: ignore[operator]
        moved_others = any(
            not torch.equal(value, old[name])
            for other, old in zip(others, kept)
            for name, value in other.state_dict().items()
        )
    finally:
        for other, old in zip(others, kept):
            other.load_state_dict(old)
    move = weights_of(second) - before
    if moved_others:
        raise Wrong("learn() of one network moved the weights of another: it holds a name from outside.")
    if not bool(move.any()):
        if not any(p.grad is not None and bool(p.grad.any()) for p in second.parameters()):
            raise Blank("learn() leaves its own network as it was so far: no gradients, and no weight moved.")
        raise Wrong(
            "learn() finds the gradients of its own network and does not use them: "
            "whose weights does it move?"
        )
    if not bool(move.isfinite().all()) or float(move @ downhill) <= 0:
        raise Wrong(
            "learn() moves its own weights, but not downhill: look at the loss and the order of its lines."
        )


def _outside(cls: type) -> list[nn.Module]:
    """The networks that the code of a class could reach by a global name."""
    names: dict[str, object] = {}
    for method in vars(cls).values():
        names |= getattr(method, "__globals__", {})
    return [value for value in names.values() if isinstance(value, nn.Module)]


@exercise(
    "A network from a seed: seeded_network(seed)",
    5,
    "Seed the generator that draws, right before it draws.",
)
def seeded_network(answer: object = ...) -> None:
    """Check a function seeded_network(seed): the same seed gives the same weights, another one others."""
    student = function(answer, "seeded_network(seed)", 1)
    made = []
    for noise, seed in ((5, 1), (6, 1), (6, 2), (7, 2)):
        torch.default_generator.manual_seed(noise)  # what a program did before must not matter
        theirs = network(call(student, seed))
        _judge_shapes(theirs)
        made.append(weights_of(theirs))
    if not same(made[0], made[1]) or not same(made[2], made[3]):
        raise Wrong("Twice the same seed gives two different networks: which generator draws the weights?")
    if same(made[0], made[2]):
        raise Wrong("Seeds 1 and 2 give the same network: the seed is not used.")


def _judge_shapes(theirs: nn.Module) -> None:
    """Raise `Wrong` if the network is not one linear layer from 784 to 10."""
    shapes = [tuple(p.shape) for p in theirs.parameters()]
    if shapes == [(10, 784), (10,)]:
        return
    asked = "a linear layer from 784 to 10 is asked for."
    if not shapes:
        raise Wrong(f"Your network has no weights: {asked}")
    if shapes == [(10, 784)]:
        raise Wrong(f"Your layer has no bias: {asked}")
    if isinstance(theirs, nn.Linear):
        raise Wrong(f"Your layer goes from {theirs.in_features} to {theirs.out_features}: {asked}")
    numbers = ", ".join(" × ".join(map(str, shape)) for shape in shapes[:6])
    raise Wrong(f"The weights and biases of your network are {numbers}: {asked}")
