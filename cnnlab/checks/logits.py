"""Whether a network ends in logits, the numbers that its last layer gives."""

from __future__ import annotations

import torch
from torch import Tensor

from cnnlab.checks.verdict import Wrong
from cnnlab.checks.watching import Watched


def must_be_logits(seen: Watched, log_softmax_too: bool = False) -> None:
    """Raise `Wrong` where anything but a bias follows the last linear layer.

    Args:
        seen: the network at work.
        log_softmax_too: whether log-softmax may follow it.
    """
    out, z = seen.finished(), seen.linears[-1].out if seen.linears else None
    if z is not None and z.numel() == out.numel():
        z = z.double().reshape(out.shape)
        if _adds_to_one(out.exp(), 0):
            raise Wrong("The columns add up to 1: it ends in log-softmax over the images (look at dim).")
        adds = seen.only_adds()  # large numbers show what small ones hide, such as clamp(-5, 5)
        if adds or (adds is None and only_shifted(out, z)):
            return
        if _adds_to_one(out.exp(), 1) and only_shifted(*(t - t.mean(dim=1, keepdim=True) for t in (out, z))):
            if log_softmax_too and seen.only_adds(but_for_rows=True) is not False:
                return
            if log_softmax_too:
                raise Wrong("It ends in log-softmax, but something changes the logits before it.")
            raise Wrong("It ends in log-softmax. Cross-entropy does that itself, on logits.")
    if bool((out >= 0).all()):
        if _adds_to_one(out, 1):
            raise Wrong(
                "The rows are probabilities: it ends in softmax. Cross-entropy does that itself, on logits."
            )
        if _adds_to_one(out, 0):
            raise Wrong(
                "The columns add up to 1: it ends in softmax over the images. The logits are asked for."
            )
        if bool((out == 0).any()):
            raise Wrong("No output is negative: it ends in ReLU, which takes away all negative logits.")
        if bool((out <= 1).all()):
            raise Wrong("All outputs lie between 0 and 1: it ends in sigmoid. Cross-entropy takes logits.")
    raise Wrong("Something follows the last layer and changes its numbers. Cross-entropy takes logits.")


def only_shifted(one: Tensor, other: Tensor) -> bool:
    """Whether two tables, (N, 10), differ by the same ten numbers in all rows, as by a bias."""
    apart = one - other
    allowed = 1e-5 * (1 + other.abs().max().item())
    return bool((apart - apart[:1]).abs().max() <= allowed)


def _adds_to_one(out: Tensor, dim: int) -> bool:
    total = out.sum(dim=dim)
    return torch.allclose(total, torch.ones_like(total), atol=1e-4)
