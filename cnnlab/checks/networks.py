"""Networks to write: lab 003's two, and lab 004's as it was asked for."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlab.checks.in_between import gets_the_images, same_columns
from cnnlab.checks.logits import must_be_logits
from cnnlab.checks.reading import network, shown
from cnnlab.checks.runner import exercise
from cnnlab.checks.trainable import left_as_it_was, trainable
from cnnlab.checks.verdict import Wrong
from cnnlab.checks.watching import Step, Watched, dtype_of, watch
from cnnlab.words import counted


def _count(found: int, asked: int, what: str) -> None:
    if found != asked:
        raise Wrong(
            f"Your network runs {counted(found, what)}: {'fewer' if found > asked else 'more'} are asked for."
        )


def _no_collapse(seen: Watched) -> None:
    """Raise `Wrong` where two layers follow each other with nothing that bends in between."""
    layers = [step for step in seen.steps if step in seen.convolutions or step in seen.linears]
    for first, second in pairwise(layers):
        if not seen.bends_between(first, second):
            kinds = "convolutions" if second in seen.convolutions else "layers"
            raise Wrong(
                f"Two {kinds} follow each other without an activation: "
                "together they are one linear map in disguise."
            )


def _ends_in_logits(model: nn.Module, seen: Watched) -> None:
    """Raise `Wrong` where a network does not end in logits, or not in training: there batch norm shows."""
    must_be_logits(seen)
    with left_as_it_was(model):
        training = watch(model.train())
        if training.error is None:
            must_be_logits(training)


@exercise(
    "Lab 003 Q1: a network of two layers",
    10,
    "With an activation in between, two layers can do what one cannot.",
)
def two_layer_network(answer: object = ...) -> None:
    """Check a network: two linear layers with an activation in between, images in, ten logits out."""
    model = network(answer)
    seen = watch(model)
    if seen.convolutions:
        raise Wrong("It has a convolution: this network is made of linear layers.")
    if seen.linears and seen.linears[0].takes[-1] != 784:
        width = seen.linears[0].takes[-1]
        raise Wrong(
            f"The first layer gets rows of {width}: an image has to become one row of pixels first (flatten)."
        )
    if seen.error is not None and not seen.linears:
        waits = next((p.shape[1] for p in model.parameters() if p.ndim == 2), None)
        if waits == 784:
            raise Wrong(
                "The first layer gets images with rows and columns: it waits for one row of pixels (flatten)."
            )
    seen.finished()
    _count(len(seen.linears), 2, "linear layer")
    _no_collapse(seen)
    _ends_in_logits(model, seen)
    trainable(model, batch_norm_too=True)


@exercise(
    "Lab 003 Q2: a CNN with two convolutions and two linear layers",
    10,
    "Convolutions look, linear layers decide.",
)
def cnn(answer: object = ...) -> None:
    """Check a network: two convolutions, then two linear layers; images in, ten logits out."""
    model = network(answer)
    seen = watch(model)
    seen.finished()
    _count(len(seen.convolutions), 2, "convolution")
    _count(len(seen.linears), 2, "linear layer")
    _no_collapse(seen)
    _ends_in_logits(model, seen)
    trainable(model, batch_norm_too=True)


_SIZES = [28, 28, 14, 14]  # what lab 004's convolutions give
_NAMES = [  # by their place, from 1
    "the image",
    *(f"convolution {place}" for place in range(1, 5)),
    "the first linear layer",
    "the last layer",
]
_POOLED = {2, 4}  # the places of lab 004's layers that a pooling follows


def _inner(step: Step) -> Tensor:
    """What goes into a layer, without the border of a padding that is a layer of its own."""
    assert step.into is not None
    alone = step.name == "convolution" and step.gives[-1] < step.takes[-1]
    return step.into[..., 1:-1, 1:-1] if alone else step.into


def _only_padded(step: Step) -> None:
    """Raise `Wrong` where the border of a padding that is a layer of its own is not 0."""
    inner = _inner(step)
    if step.into is not None and step.into.abs().sum() > inner.abs().sum() * (1 + 1e-6):
        raise Wrong("What is put around a map is not one row of zeros on each side: its padding is another.")


def _relu_and_pool(place: int, step: Step, after: Step) -> None:
    """Raise `Wrong` where anything but a ReLU, and max pooling where it is due, follows a layer."""
    reached = _inner(after)
    if after.lowest < 0:
        raise Wrong(
            f"Negative numbers leave {_NAMES[place]}: its ReLU is missing, or what follows it undoes it."
        )
    assert step.out is not None
    right = made = step.out.relu()
    if place in _POOLED:
        right = F.max_pool2d(made, 2)
    if after.name != "convolution" and same_columns(right, reached):  # the pixels stand in any order
        return
    if right.shape == reached.shape and torch.allclose(reached, right, atol=1e-5):
        return _only_padded(after)
    one, other = (t.flatten().sort().values for t in (right, reached))
    if one.shape == other.shape and torch.allclose(one, other):
        raise Wrong(
            f"The right numbers reach {_NAMES[place + 1]} in the wrong rows or order: are images mixed?"
        )
    if bool((reached > 0).all()) and bool((right == 0).any()):
        raise Wrong(f"No 0 leaves {_NAMES[place]}: something other than ReLU follows it.")
    if place in _POOLED:
        raise Wrong(
            f"The pooling after {_NAMES[place]} gives other numbers than the one that was asked for: "
            "it is another one, or it gets something other than what ReLU gives."
        )
    raise Wrong(f"Before {_NAMES[place + 1]} something changes the numbers that ReLU gives.")


@exercise(
    "Lab 004: the network as it was asked for",
    10,
    "870,634 parameters, and nine of ten sit in the first linear layer.",
)
def network_as_asked(answer: object = ...) -> None:
    """Check a network: conv 32, conv 32, pool, conv 64, conv 64, pool, fc 256, fc 10; it returns logits.

    All kernels are 3 × 3 with padding 1, and a ReLU follows every layer but the last.
    """
    model = network(answer)
    seen = watch(model)
    channels = [step.gives[1] for step in seen.convolutions]
    for place, step in enumerate(seen.convolutions, start=1):
        if step.weight[-2:] != (3, 3):
            kernel = f"{step.weight[-2]} × {step.weight[-1]}"
            raise Wrong(f"Convolution {place} has kernels of {kernel}: others are asked for.")
        if not step.plain:
            raise Wrong(f"Convolution {place} has a stride, a dilation or groups: nobody asked for that.")
        if step.gives[-1] > 28:
            raise Wrong(f"{step.map_size} after convolution {place}: too much is put around the map.")
        if step.gives[-1] < step.takes[-1] and step.gives[-1] not in _SIZES[place - 1 : place]:
            raise Wrong(
                f"{step.map_size} after convolution {place}: it shrinks the map, so its padding is missing."
            )
    if len(channels) == 2 and seen.error is None:
        raise Wrong(
            "It has 2 convolutions: that is what the lab built in the end, not what it was asked for."
        )
    if channels and channels != [32, 32, 64, 64][: len(channels)]:
        made = ", ".join(map(str, channels))
        channel = "channel" if made == "1" else "channels"
        raise Wrong(f"Your convolutions make {made} {channel}: compare that with the list of layers.")
    sizes = [step.gives[-1] for step in seen.convolutions]
    if sizes != _SIZES[: len(sizes)]:
        raise Wrong(
            f"The convolutions work at the sizes {', '.join(map(str, sizes))}: a pooling layer is misplaced."
        )
    seen.finished()
    _count(len(channels), 4, "convolution")
    _count(len(seen.linears), 2, "linear layer")
    if seen.linears[0].gives[-1] != 256:
        given = counted(seen.linears[0].gives[-1], "number")
        raise Wrong(f"The first linear layer gives {given}: another number is asked for.")
    if seen.linears[0].takes[-1] == 64 * 14 * 14:
        raise Wrong("12,544 numbers reach the first linear layer: the second pooling is missing.")
    must_be_logits(seen)
    _only_padded(seen.convolutions[0])
    gets_the_images(seen, "Convolution 1")
    own = torch.Generator().manual_seed(4)
    for place, step in enumerate(seen.layers[:-1], start=1):
        wide = 18 * torch.randn(step.gives, generator=own)  # numbers that show each bend
        again = watch(model, (place - 1, wide.to(dtype_of(model))))
        _relu_and_pool(place, *again.layers[place - 1 : place + 1])
    trainable(model)
    total = sum(p.numel() for p in model.parameters())
    if total != 870_634:
        raise Wrong(
            f"It has {shown(total)} parameters: are there layers that forward() does not use, or no biases?"
        )
