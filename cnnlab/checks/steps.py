"""One training step, judged by the weights that it leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from cnnlab.checks.functions import same
from cnnlab.checks.outside import left_as_they_were, networks_outside
from cnnlab.checks.reading import function, told
from cnnlab.checks.runner import BLANK, exercise
from cnnlab.checks.verdict import Blank, Wrong

SGD_LR = 0.5
Loss = Callable[[Tensor, Tensor], Tensor]

# What is wrong if the weights are those that these losses lead to.
LOSSES: dict[str, Loss] = {
    "the loss is summed over the images: it should be their mean.": (
        lambda z, y: F.cross_entropy(z, y, reduction="sum")
    ),
    "the logits went through softmax before cross-entropy, which does that step itself.": (
        lambda z, y: F.cross_entropy(z.softmax(1), y)
    ),
    "softmax was fed to the negative log-likelihood, which takes log-probabilities.": (
        lambda z, y: F.nll_loss(z.softmax(1), y)
    ),
    "the logits were fed to the negative log-likelihood, which takes log-probabilities.": F.nll_loss,
    "that is the step of a squared error: cross-entropy is asked for.": (
        lambda z, y: F.mse_loss(z, F.one_hot(y, 10).float())
    ),
    "that is the step of a binary cross-entropy: one over all ten digits is asked for.": (
        lambda z, y: F.binary_cross_entropy_with_logits(z, F.one_hot(y, 10).float())
    ),
    "the step goes uphill: has the loss a minus in front?": lambda z, y: -F.cross_entropy(z, y),
}


class SmallNetwork(torch.nn.Sequential):
    """A small network with fixed weights."""

    def __init__(self) -> None:
        torch.default_generator.manual_seed(12)
        super().__init__(torch.nn.Flatten(), torch.nn.Linear(784, 6), torch.nn.Tanh(), torch.nn.Linear(6, 10))


def _plain(method: Any) -> Any:
    """A method of PyTorch's optimisers without the wrapper that first imports PyTorch's compiler."""
    return getattr(method, "__wrapped__", method)


class SmallSgd(torch.optim.SGD):
    """torch.optim.SGD, which does not spend two seconds on importing PyTorch's compiler."""

    add_param_group = _plain(torch.optim.SGD.add_param_group)
    state_dict = _plain(torch.optim.SGD.state_dict)
    load_state_dict = _plain(torch.optim.SGD.load_state_dict)

    def __init__(self, parameters: list[torch.nn.Parameter]) -> None:
        super().__init__(parameters, lr=SGD_LR)
        self.calls = 0

    def zero_grad(self, set_to_none: bool = True) -> None:
        self.calls += 1
        _plain(torch.optim.SGD.zero_grad)(self, set_to_none)

    def step(self, closure: Callable[[], object] | None = None) -> Any:
        """Move the weights; a closure finds the gradients first, and its loss is given back."""
        self.calls += 1
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        p.sub_(group["lr"] * p.grad)
        return loss


def two_batches() -> list[tuple[Tensor, Tensor]]:
    """Two batches of 8 random images with random labels, the same each time."""
    draw = torch.Generator().manual_seed(13)
    return [
        (torch.randn(8, 1, 28, 28, generator=draw) / 8, torch.randint(10, (8,), generator=draw))
        for _ in range(2)
    ]


def weights_of(model: torch.nn.Module) -> Tensor:
    """All weights of a network in one row, float64; empty if it has none."""
    none = torch.zeros(0, dtype=torch.float64)
    return torch.cat([none, *(p.detach().cpu().flatten().double() for p in model.parameters())])


def by_hand(loss: Loss = F.cross_entropy, *, piled: bool = False, times: int = 1) -> list[Tensor]:
    """The weights after the first and the second step of SGD, written out, each (n,) float64.

    Args:
        loss: of logits and labels.
        piled: whether the gradients of the first step are still there in the second.
        times: how often each step is done.
    """
    model, found = SmallNetwork(), []
    optimizer = SmallSgd(list(model.parameters()))
    for images, labels in two_batches():
        for _ in range(times):
            if not piled:
                optimizer.zero_grad()
            loss(model(images), labels).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        found.append(weights_of(model))
    return found


@exercise(
    "One training step: training_step(model, optimizer, images, labels)",
    10,
    "Clear the gradients, forward, loss, backward, step: that is all there is to training.",
)
def training_step(answer: object = ...) -> None:
    """Check training_step(model, optimizer, images, labels): one step with cross-entropy on the logits.

    It is called twice, with two batches; the weights are compared with SGD by hand.
    """
    student = function(answer, "training_step(model, optimizer, images, labels)", 4)
    model = SmallNetwork()
    passes: list[None] = []
    model[1].register_forward_pre_hook(lambda layer, inputs: passes.append(None))
    before, after = weights_of(model), []
    optimizer = SmallSgd(list(model.parameters()))
    with left_as_they_were(networks_outside(student)) as watched:
        for images, labels in two_batches():
            student(model, optimizer, images.clone(), labels.clone())
            after.append(weights_of(model))
        another = watched.touched()
    if not all(bool(weights.isfinite().all()) for weights in after):
        raise Wrong("The weights became nan or infinite.")
    right = by_hand()
    if _alike(after, right):
        return
    if same(after[1], before):
        if another and not passes:
            raise Wrong(
                "Your step trains another network than the one that it is given: "
                "it holds a name from outside."
            )
        if optimizer.calls == 0 and all(p.grad is None for p in model.parameters()):
            raise Blank(BLANK)
        moved = [p for p in model.parameters() if p.grad is not None and bool(p.grad.any())]
        if moved:
            raise Wrong(
                "The weights did not move, although there are gradients: optimizer.step() is missing, "
                "or stands before backward()."
            )
        if not passes:
            raise Wrong("The weights did not move: your step never runs the network that it is given.")
        raise Wrong(
            "The weights did not move, and there are no gradients: backward() is missing, or "
            "the gradients are cleared after it."
        )
    if _alike(after, by_hand(piled=True)):
        raise Wrong("The first step is right, the second is not: the gradients of the first are still there.")
    if _alike(after, by_hand(times=2)):
        raise Wrong("The weights moved as in two steps: something is done twice.")
    for words, loss in LOSSES.items():
        if _alike(after, by_hand(loss)):
            raise Wrong(told("The weights moved to another place", words))
    if same(after[0], before):
        raise Wrong(
            "The first step moved nothing: step() comes before backward(), with the gradients of last time."
        )
    raise Wrong(
        "After two steps the weights are not those of SGD by hand, with the mean cross-entropy of all images "
        "as they are given: what does your step add, leave out or change?"
    )


def _alike(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.allclose(a, b, rtol=1e-3, atol=1e-5) for a, b in zip(one, other))
