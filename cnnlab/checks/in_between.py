"""What stands between two layers of lab 002's network, compared with max pooling and ReLU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations, product

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlab.checks.verdict import Wrong
from cnnlab.checks.watching import IMAGES, Watched, dtype_of, random_images, watch

_PIECES = {"im2col", "unfold"}  # operations that cut maps into pieces, such as a kernel looks at
_SCALE = 30.0  # makes random images so bright that ReLU6 shows itself
_CLOSE = 1e-4
_PARAMETERS = 21_840  # of lab 002's network


def same_columns(one: Tensor, other: Tensor) -> bool:
    """Whether two tables, (N, …), hold the same columns: a linear layer may get them in any order."""
    one, other = (t.detach().double().reshape(len(t), -1) for t in (one, other))
    if one.shape != other.shape:
        return False
    look = torch.randn(len(one), generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    one, other = (t[:, (look @ t).argsort()] for t in (one, other))
    return torch.allclose(one, other, rtol=_CLOSE, atol=_CLOSE)


def cut_into_pieces(seen: Watched) -> bool:
    """Whether a network cuts maps into pieces, as one does that writes a convolution by hand."""
    return any(step.name in _PIECES for step in seen.steps)


def gets_the_images(seen: Watched, first: str = "conv1") -> None:
    """Raise `Wrong` where the first layer, called `first`, gets anything but the images.

    Around them may stand a border of a padding that is a layer of its own.
    """
    into, images = seen.layers[0].into, random_images()
    assert into is not None
    rim = max(0, (into.shape[-1] - images.shape[-1]) // 2)
    inner = into[..., rim : rim + 28, rim : rim + 28] if into.ndim == 4 else into
    if not torch.equal(inner.reshape(-1), images.to(inner.dtype).reshape(-1)):
        raise Wrong(f"{first} gets other numbers than the images hold: look at what comes before it.")


def relu_and_pool(model: nn.Module, seen: Watched, place: int, names: tuple[str, str]) -> None:
    """Raise `Wrong` where anything but ReLU and max pooling stands between two layers.

    Args:
        model: the network.
        seen: the same at work.
        place: the place of the first of the two among all layers, from 0.
        names: how the two are called; the first is a convolution, or else only ReLU is due.
    """
    first, second = names
    made, reached = _wide(model, seen, place)
    pools = made.ndim == 4
    right = _after(made)
    if any(_alike(reached, _after(biased)) for biased in (made, *_with_biases(model, made))):
        return
    lowest = reached.min().item()
    if lowest < 0 and _without_relu(made, reached):
        raise Wrong(f"Negative numbers reach {second}: the ReLU after {first} is missing.")
    if lowest < 0:
        raise Wrong(
            f"Negative numbers reach {second}: between {first} and {second} stands something other than ReLU."
        )
    if lowest > 0 and bool((right == 0).any()):
        raise Wrong(f"No 0 reaches {second}: between {first} and {second} stands something other than ReLU.")
    if _same_numbers(reached.reshape(1, -1), right.reshape(1, -1)):
        if _same_numbers(*(t.reshape(IMAGES, -1) for t in (reached, right))):
            raise Wrong(
                f"The right numbers reach {second}, but they stand in another order than they should."
            )
        raise Wrong(f"The numbers of one image reach {second} in the rows of others: the batch is mixed.")
    poolings = _OTHERS if pools else []
    others = [other for pool in poolings for other in (pool(made.relu()), pool(made).relu())]
    if any(same_columns(reached, other) for other in others):
        raise Wrong(f"The pooling after {first} gives other numbers than the one that was asked for.")
    what = "max pooling and ReLU make" if pools else "ReLU makes"
    raise Wrong(
        f"What reaches {second} is not what {what} of {first}'s numbers: something changes them in between."
    )


def _after(made: Tensor) -> Tensor:
    """What is due after a layer: max pooling and ReLU after a convolution, else ReLU."""
    return _pooled(made.relu()) if made.ndim == 4 else made.relu()


def _alike(reached: Tensor, right: Tensor) -> bool:
    """Whether the numbers are the same; in a row for a linear layer they stand in any order."""
    if reached.ndim != 4:
        return same_columns(reached, right)
    return reached.shape == right.shape and torch.allclose(reached, right, rtol=_CLOSE, atol=_CLOSE)


def _with_biases(model: nn.Module, made: Tensor) -> Iterator[Tensor]:
    """What a layer gives with a bias that is added, or subtracted, by hand in a way that was not seen."""
    for p in model.parameters():
        if p.numel() == made.shape[1]:
            bias = p.detach().reshape(-1, *[1] * (made.ndim - 2)).to(made.dtype)
            yield from (made + bias, made - bias)


def _wide(model: nn.Module, seen: Watched, place: int) -> tuple[Tensor, Tensor]:
    """What a layer gives, if that is made to be numbers that show each bend, and what the next one gets."""
    draw = torch.Generator().manual_seed(4)
    wide = 10 * torch.randn(seen.layers[place].gives, generator=draw)
    dtype = next((p.dtype for p in model.parameters()), torch.float32)
    layers = watch(model, (place, wide.to(dtype))).layers
    made, reached = layers[place].out, layers[place + 1].into
    assert made is not None
    assert reached is not None
    return (made, reached) if reached.ndim == 4 else (made, _rows(reached))


def _rows(into: Tensor) -> Tensor:
    """One row of numbers for each image, where a product of matrices has put 1s into the shape."""
    return into.reshape(IMAGES, -1) if into.shape[0] == 1 and into.numel() % IMAGES == 0 else into


def _pooled(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 2)


_OTHERS: list[Callable[[Tensor], Tensor]] = [  # poolings that halve a map too
    lambda x: F.avg_pool2d(x, 2),
    lambda x: x[..., ::2, ::2],
    lambda x: -F.max_pool2d(-x, 2),
    lambda x: F.max_pool2d(x, 3, 2, 1),
    lambda x: F.avg_pool2d(x, 3, 2, 1),
]


def _without_relu(made: Tensor, reached: Tensor) -> bool:
    """Whether nothing but a pooling stands in between."""
    poolings = [_pooled, *_OTHERS] if made.ndim == 4 else [Tensor.clone]
    return any(same_columns(reached, pool(made)) for pool in poolings)


def _same_numbers(one: Tensor, other: Tensor) -> bool:
    """Whether each row of two tables holds the same numbers, in any order."""
    if one.shape != other.shape:
        return False
    return torch.allclose(one.sort(-1).values, other.sort(-1).values, rtol=_CLOSE, atol=_CLOSE)


def features_as_asked(model: nn.Module) -> bool:
    """Whether fc1 gets what it should, computed anew from the network's own weights.

    So a convolution may be written in any way, such as by cutting a map into pieces.
    """
    seen = watch(model, scale=_SCALE)
    got = [step.into for step in seen.linears if step.takes[-1] == 320]
    if not got or got[0] is None or got[0].numel() != IMAGES * 320:
        return False
    images = _SCALE * random_images().double()
    own = [p.detach().double() for p in model.parameters()]
    zero = [torch.zeros(10, dtype=torch.float64)]
    first = [
        _pooled(F.conv2d(images, k, b).relu())
        for k, b in product(_kernels(own, 10, 1), [p.reshape(10) for p in own if p.numel() == 10] + zero)
    ]
    second = product(_kernels(own, 20, 10), [p.reshape(20) for p in own if p.numel() == 20])
    return any(
        same_columns(_rows(got[0]), _pooled(F.conv2d(x, k, b).relu())) for (k, b), x in product(second, first)
    )


def head_as_asked(model: nn.Module, seen: Watched) -> bool:
    """Whether one linear map of the ReLU of fc1's 50 numbers gives the ten outputs, however it is written.

    fc1 is made to give numbers of many kinds, and a linear map with a bias is fitted to what comes out.
    """
    place = next((i for i, step in enumerate(seen.layers) if step.gives == (IMAGES, 50)), None)
    if place is None or sum(p.numel() for p in model.parameters()) != _PARAMETERS:
        return False
    draw, given, outputs = torch.Generator().manual_seed(4), [], []
    for _ in range(8):  # 128 rows, for the 51 numbers behind each output
        wide = 10 * torch.randn(IMAGES, 50, generator=draw)
        again = watch(model, (place, wide.to(dtype_of(model)))).output
        if not isinstance(again, Tensor) or again.shape != (IMAGES, 10):
            return False
        given.append(torch.cat([wide.relu().double(), torch.ones(IMAGES, 1, dtype=torch.float64)], 1))
        again = again.double()
        outputs.append(again - again.mean(1, keepdim=True))  # log-softmax takes the same from a row's ten
    x, y = torch.cat(given), torch.cat(outputs)
    return torch.allclose(x @ torch.linalg.lstsq(x, y).solution, y, rtol=_CLOSE, atol=_CLOSE)


def _kernels(own: list[Tensor], channels: int, maps: int) -> Iterator[Tensor]:
    """The weights that may be kernels of (channels, maps, 5, 5), however they are laid out."""
    for p in own:
        if p.numel() != channels * maps * 25:
            continue
        for order in permutations(range(p.ndim)):
            turned = p.permute(order)
            if turned.shape[0] != channels:
                continue
            yield turned.reshape(channels, maps, 5, 5)
            if maps > 1 and p.ndim == 2:
                yield turned.reshape(channels, 5, 5, maps).permute(0, 3, 1, 2)
