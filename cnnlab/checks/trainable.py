"""Two tests that a network must pass to be trained: each image has its own answer, all weights can learn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from cnnlab.checks.broken_code import words_for
from cnnlab.checks.verdict import Wrong
from cnnlab.checks.watching import Step, dtype_of, random_images, watch_batch

_CHANGED = [0, 13]  # the images that are exchanged: a batch that is turned round puts them elsewhere


def trainable(model: nn.Module, batch_norm_too: bool = False) -> None:
    """Raise `Wrong` where a network cannot be trained, or answers for one image with another.

    Args:
        model: the network, for images of (1, 28, 28).
        batch_norm_too: whether batch norm may stand in it.
    """
    frozen = [name for name, p in model.named_parameters() if not p.requires_grad]
    if frozen:
        raise Wrong(f"{frozen[0]} is frozen: it has requires_grad=False, so no optimiser would change it.")
    with left_as_it_was(model):
        _filled(model)
        can_learn(model)
        rows_apart(model, training=not batch_norm_too)


def rows_apart(model: nn.Module, training: bool = True) -> None:
    """Raise `Wrong` where the answer for an image depends on the other images, or on chance.

    Args:
        model: the network.
        training: whether it is looked at in training mode, where batch norm mixes the images.
    """
    images, others = random_images(), random_images()
    others[_CHANGED] = 10 * random_images().flip(0)[_CHANGED]
    first = _answer(model, images)
    if first is None:
        return
    if not _close(first, _answer(model, images, seed=7)):
        if any(step.name == "dropout" for step in watch_batch(model, images).steps):
            raise Wrong(
                "Dropout is at work in eval mode too: the same image gets another answer each time. "
                "F.dropout() does not know by itself whether the network is being trained."
            )
        raise Wrong("The same images get other answers each time: something in forward() is left to chance.")
    one, other = (_answer(model, x, training=training) for x in (images, others))
    kept = [i for i in range(len(images)) if i not in _CHANGED]
    if one is None or other is None or len(one) != len(images) or _close(one[kept], other[kept]):
        return
    raise Wrong(
        "The answer for an image changes when another image of the batch does: "
        "rows are mixed, or something runs over the batch (look at dim, or for batch norm)."
    )


def can_learn(model: nn.Module) -> None:
    """Raise `Wrong` where a layer's weights are not the network's own, or get no gradient."""
    if not any(True for _ in model.parameters()):
        raise Wrong(
            "The network has no parameters, so nothing can be learned: "
            "PyTorch finds layers that are attributes, but not in a plain list (nn.ModuleList)."
        )
    with left_as_it_was(model):
        _own_weights(model)
        _gradients(model)


def _own_weights(model: nn.Module) -> None:
    """Raise `Wrong` where a layer multiplies with numbers that no parameter changes."""
    images = random_images()
    once, others = (watch_batch(model, x).layers for x in (images, images.flip(0)))
    _stir(model)
    stirred = watch_batch(model, images).layers
    counts = {"convolution": 0, "linear layer": 0}
    for place, steps in enumerate(zip(once, stirred, others)):
        kind = "convolution" if steps[0].name == "convolution" else "linear layer"
        counts[kind] += 1
        for part in ("weights",) if kind == "convolution" else ("weights", "into"):
            if not _same(steps, part) or not getattr(steps[0], part).any():
                continue
            whose = f"The weights of {kind} {counts[kind]}"
            if not _same((steps[0], watch_batch(model, images, seed=7).layers[place]), part):
                raise Wrong(f"{whose} are drawn anew at each call: such weights can learn nothing.")
            raise Wrong(
                f"{whose} are none of the network's parameters, so they cannot learn: "
                "PyTorch finds layers that are attributes, but not in a plain list (nn.ModuleList)."
            )


def _same(steps: tuple[Step, ...], part: str) -> bool:
    """Whether a part of some steps is the same in all of them."""
    first, *others = (getattr(step, part) for step in steps)
    return all(first.shape == other.shape and torch.equal(first, other) for other in others)


def _gradients(model: nn.Module) -> None:
    """Raise `Wrong` where the answers depend on a parameter that gets no gradient."""
    images = random_images()
    own = {name: p for name, p in model.named_parameters() if p.dtype.is_floating_point}
    for p in own.values():
        p.requires_grad_(True)
    out = _answer(model, images, learning=True)
    if out is None:
        return
    if torch.equal(out, out[:1].expand_as(out)):
        raise Wrong("All images get the same answer: nothing of them reaches the last layer.")
    digits = torch.arange(len(out)) % out[0].numel()
    loss = nn.functional.cross_entropy(out.flatten(1).double(), digits, reduction="sum")
    found: tuple[Tensor | None, ...] = (None,) * len(own)
    if loss.requires_grad:
        try:
            found = torch.autograd.grad(loss, list(own.values()), allow_unused=True)
        except RuntimeError as error:
            if "not implemented" in str(error):  # 16-bit numbers on this machine
                return
            raise Wrong(words_for(error)) from None
    without = [name for name, grad in zip(own, found) if grad is None or not grad.any()]
    without = [name for name in without if _counts(model, images, own[name], out.detach())]
    if without:
        layer, _, part = without[0].rpartition(".")
        whose = f"{'layer ' if layer.isdigit() else ''}{layer}'s {part}" if layer else part
        whose = "The network" if len(without) == len(own) else whose
        raise Wrong(
            f"{whose} gets no gradient: does something in forward() cut it off, "
            "such as detach(), no_grad(), round() or NumPy?"
        )


def _counts(model: nn.Module, images: Tensor, parameter: nn.Parameter, out: Tensor) -> bool:
    """Whether the answers change with a parameter."""
    with torch.no_grad():
        before = parameter.clone()
        parameter.mul_(1.01).add_(0.003)
        after = _answer(model, images)
        parameter.copy_(before)
    return not _close(out, after)


def _stir(model: nn.Module) -> None:
    """Change all parameters a little: no weight is 0 then, and no layer asleep because it was."""
    own = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for p in model.parameters():
            if p.dtype.is_floating_point:
                p.add_(0.03 * torch.randn(p.shape, generator=own).to(p.dtype))


def _answer(
    model: nn.Module, images: Tensor, seed: int = 6, training: bool = False, learning: bool = False
) -> Tensor | None:
    """What a network gives, with a gradient if it is `learning`; None where that is no table."""
    with left_as_it_was(model), torch.random.fork_rng(devices=[]), torch.set_grad_enabled(learning):
        torch.default_generator.manual_seed(seed)
        try:
            out = model.train(training)(images.to(dtype_of(model)))
        except Exception as error:
            if not learning:
                return None
            raise Wrong(words_for(error)) from None
    return out if isinstance(out, Tensor) and out.ndim > 1 else None


def _close(one: Tensor, other: Tensor | None) -> bool:
    if other is None or one.shape != other.shape:
        return False
    allowed = 1e-4 if one.dtype in (torch.float32, torch.float64) else 2e-2
    most = max(1e-3, one.abs().max().item())
    return torch.allclose(one.double(), other.double(), rtol=0, atol=allowed * most, equal_nan=True)


def _filled(model: nn.Module) -> None:
    """Put a layer that does nothing where the next exercise is still blank, if the network stops there."""
    if watch_batch(model, random_images()).error is not None:
        for name, value in list(vars(model).items()):
            if (value is None or value is ...) and not name.startswith("_"):
                delattr(model, name)
                setattr(model, name, nn.Identity())


@contextmanager
def left_as_it_was(model: nn.Module) -> Iterator[None]:
    """Give a network back its weights, gradients, running means, mode and blanks at the end."""
    blanks = {name: value for name, value in vars(model).items() if value is None or value is ...}
    own = [(p, p.detach().clone(), p.grad, p.requires_grad) for p in model.parameters()]
    kept = [(b, b.clone()) for b in model.buffers()]
    modes = [(part, part.training) for part in model.modules()]
    try:
        yield
    finally:
        with torch.no_grad():
            for p, before, grad, learns in own:
                if not torch.equal(p, before):
                    p.copy_(before)
                p.grad = grad
                p.requires_grad_(learns)
            for b, before in kept:
                if not torch.equal(b, before):
                    b.copy_(before)
        for part, mode in modes:
            part.training = mode
        for name, value in blanks.items():
            if getattr(model, name, value) is not value:
                delattr(model, name)
                setattr(model, name, value)
