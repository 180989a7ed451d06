"""Loops to mend: a step that counts, a network that trains itself, a seed that works."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlab.checks.functions import same
from cnnlab.checks.outside import left_as_they_were, networks_outside
from cnnlab.checks.reading import call, function, kind, network, not_blank, number, shown, told
from cnnlab.checks.runner import exercise
from cnnlab.checks.steps import LOSSES, SmallNetwork, SmallSgd, by_hand, two_batches, weights_of
from cnnlab.checks.verdict import Blank, Wrong


class _Counting(SmallNetwork):
    """A network that counts how often it is run."""

    def __init__(self) -> None:
        super().__init__()
        self.passes = 0

    def forward(self, x: Tensor) -> Tensor:
        self.passes += 1
        return super().forward(x)  # type: ignore[no-untyped-call, no-any-return]


def _why_not(model: nn.Module, step: int, before: Tensor, after: Tensor) -> str:
    """What is wrong with the weights after step 1 or 2, (n,)."""
    if same(after, before):
        if any(p.grad is not None and bool(p.grad.any()) for p in model.parameters()):
            return (
                "Your step finds gradients and moves no weight: "
                "the optimiser's part is missing, or comes too early."
            )
        return "Your step moves no weight: when the optimiser's turn comes, there is no gradient."
    if step == 2 and same(after, by_hand(piled=True)[1], rtol=1e-3):
        return "The first step is right, the second is not: the gradients of the first are still there."
    return "After your step the weights are not those of one step of cross-entropy."


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
    model, written_out = _Counting(), SmallNetwork()
    optimizer, reference = SmallSgd(list(model.parameters())), SmallSgd(list(written_out.parameters()))
    for step, (images, labels) in enumerate(two_batches(), start=1):
        before = weights_of(model)
        given = student(model, optimizer, images.clone(), labels.clone())
        logits = written_out(images)
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
        after = weights_of(model)
        if not same(after, weights_of(written_out), rtol=1e-3):
            raise Wrong(_why_not(model, step, before, after))
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
    if not callable(getattr(answer, "learn", None)):
        raise Wrong("Your class has no method learn(images, labels).")
    first, second = answer(), answer()
    _steepen(second)
    uphill = _gradients(second, 0)
    others = [one for one in networks_outside(*vars(answer).values()) if one is not second]
    before = [p.detach().clone() for p in second.parameters()]
    with left_as_they_were([*others, first]) as watched:
        passes = _learn(second, 0)
        moves = [p.detach() - old for p, old in zip(second.parameters(), before)]
        found, again = _found(second), _gradients(second, 1)[""]
        between = weights_of(second)
        _learn(second, 1)
        moved_others, touched = watched.moved(), watched.touched()
        moved_again = not torch.equal(weights_of(second), between)
    if moved_others:
        raise Wrong("learn() of one network moved the weights of another: it holds a name from outside.")
    if not any(bool(move.any()) for move in moves):
        if not any(bool(part.any()) for part in found):
            if touched:
                raise Wrong("learn() finds gradients for another network: it holds a name from outside.")
            raise Blank("learn() leaves its own network as it was so far: no gradients, and no weight moved.")
        raise Wrong(
            "learn() finds the gradients of its own network and does not use them: "
            "whose weights does it move?"
        )
    _judge_direction(moves, uphill, 0.9 if passes < 2 else 0.6)  # several steps leave the slope a little
    if not moved_again:
        raise Wrong("learn() is right once. At the second call it moves nothing.")
    new = [now - before for now, before in zip(_found(second), found)]
    if _fit(_found(second), again) + (0.01 if passes < 2 else 0.3) < _fit(new, again):
        raise Wrong("learn() is right once. At the second call the gradients of the first are still there.")


def _judge_direction(moves: list[Tensor], uphill: dict[str, list[Tensor]], least: float) -> None:
    """Raise `Wrong` unless all weights moved, and that down the slope of cross-entropy."""
    still = [move.numel() for move, _ in _steep(moves, uphill[""]) if not bool(move.any())]
    if still:
        of = f"of its {sum(move.numel() for move in moves):,} weights and biases"
        raise Wrong(f"learn() leaves {sum(still):,} {of} as they were.")
    fits = {words: _fit([-move for move in moves], slope) for words, slope in uphill.items()}
    if not all(bool(move.isfinite().all()) for move in moves) or fits[""] <= 0:
        raise Wrong(
            "learn() moves its own weights, but not downhill: look at the loss and the order of its lines."
        )
    best = max(fits, key=lambda words: fits[words])
    if fits[best] > max(0.97, fits[""] + 0.02):  # nearly exactly: a few images may lead elsewhere, too
        raise Wrong(told("learn() moves its own weights to another place", best))
    if fits[""] < least:
        raise Wrong(
            "learn() moves its own weights, but not down the slope of cross-entropy on its images and labels."
        )


def _logits(theirs: nn.Module, batch: int) -> tuple[Tensor, Tensor]:
    """Logits and labels of a batch, with the same dropout as in `_learn`."""
    images, labels = two_batches()[batch]
    torch.default_generator.manual_seed(batch)
    out = theirs(2.4 * images)
    if bool((out >= 0).all()) and same(out.sum(1), torch.ones(len(out))):
        out = out.clamp(min=1e-30).log()  # a network that gives probabilities
    return out, labels


def _learn(theirs: nn.Module, batch: int) -> int:
    """Let a network learn a batch; how often it was run for that."""
    passes: list[None] = []
    images, labels = two_batches()[batch]
    torch.default_generator.manual_seed(batch)
    with theirs.register_forward_pre_hook(lambda module, inputs: passes.append(None)):
        theirs.learn(2.4 * images, labels)  # type: ignore[operator]
    return len(passes)


def _steepen(theirs: nn.Module) -> None:
    """Enlarge the weights until the logits differ: near zero, many losses have the slope of cross-entropy."""
    with torch.no_grad():
        for _ in range(12):
            if float(_logits(theirs, 0)[0].std()) > 1.5:
                return
            for p in theirs.parameters():
                p.mul_(1.5)


def _gradients(theirs: nn.Module, batch: int) -> dict[str, list[Tensor]]:
    """The gradients of cross-entropy, under "", and those of the losses that are known to be wrong."""
    trained = [p for p in theirs.parameters() if p.requires_grad]
    if not trained:
        raise Wrong("Your network has no weights that can be trained.")
    logits, labels = _logits(theirs, batch)
    slopes = {}
    for words, loss in {"": F.cross_entropy, **LOSSES}.items():
        found = torch.autograd.grad(loss(logits, labels), trained, retain_graph=True, materialize_grads=True)
        parts = iter(found)
        slopes[words] = [next(parts) if p.requires_grad else torch.zeros_like(p) for p in theirs.parameters()]
    return slopes


def _found(theirs: nn.Module) -> list[Tensor]:
    """The gradients that lie in a network."""
    return [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in theirs.parameters()]


def _steep(moves: list[Tensor], slope: list[Tensor]) -> list[tuple[Tensor, Tensor]]:
    """The parameters, in rows, whose gradient is more than rounding (as before a batch norm)."""
    most = max((float(g.norm()) for g in slope), default=0.0)
    return [(m.flatten(), g.flatten()) for m, g in zip(moves, slope) if float(g.norm()) > 1e-5 * most]


def _fit(moves: list[Tensor], slope: list[Tensor]) -> float:
    """How well movements follow a slope, or, as with Adam, its signs: 1 is exactly."""
    fits = [
        max(float(F.cosine_similarity(a.double(), b.double(), dim=0, eps=1e-30)) for a, b in both)
        for both in (((move, g), (move.sign(), g.sign())) for move, g in _steep(moves, slope))
    ]
    return sum(fits) / max(1, len(fits))


@exercise(
    "A network from a seed: seeded_network(seed)",
    5,
    "Seed the generator that draws, right before it draws.",
)
def seeded_network(answer: object = ...) -> None:
    """Check a function seeded_network(seed): the same seed gives the same weights, another one others."""
    student = function(answer, "seeded_network(seed)", 1)
    made = []
    for before, seed in ((5, 1), (6, 1), (6, 2), (7, 2)):  # what a program did before must not matter
        torch.default_generator.manual_seed(before)
        theirs = network(call(student, seed), returned=True)
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
