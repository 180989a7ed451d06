"""What `explain` says of a network, for a reader who has an explorer in front of them."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from cnnlab.inspection import Explanation, explain

_CHANNELS = ("images.expand", "images.repeat")
_GREY = "This explorer shows images of one channel, so the network has to take one."


def explained_here(model: nn.Module, images: Tensor, own: bool = False) -> Explanation:
    """`explain`, with those remedies that can be carried out: an explorer's images stay as they are.

    Args:
        model: the network.
        images: (N, 1, H, W) as the explorer gives them to it.
        own: whether the reader gave them as a tensor, and can give them in another form.
    """
    found = explain(model, images)
    kept = []
    for text in found.remedies:
        if not own:
            text = text.removesuffix(" and images.float()")
        if not text.startswith(_CHANNELS) and (own or not text.startswith("images.")):
            kept.append(text)
    grey = any(text.startswith(_CHANNELS) for text in found.remedies)
    details = (*found.details, _GREY) if grey else found.details
    heading = found.heading.replace("Any one of these", "This") if len(kept) == 1 else found.heading
    return replace(found, remedies=tuple(kept), details=details, heading=heading)
