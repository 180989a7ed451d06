"""The network to experiment with: every size is an argument, and fc1's input follows from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real

from torch import Tensor, nn

from cnnlab.arithmetic import pool_w_out, w_out, whole
from cnnlab.errors import did_you_mean

ACTIVATIONS: dict[str, Callable[[], nn.Module] | None] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "none": None,
}
POOLINGS: dict[str, Callable[[int], nn.Module] | None] = {
    "max": nn.MaxPool2d,
    "avg": nn.AvgPool2d,
    "none": None,
}


class ConvNet(nn.Module):
    """Blocks of convolution, activation and pooling, then fully connected layers.

    A block is conv → batch norm → activation → pooling; a fully connected layer is
    dropout → linear → activation, and the last one is linear only: it gives the logits.
    The defaults are the sizes of the 320 network.

    Args:
        channels: feature maps of each block, so its length is the number of blocks; () makes an MLP.
        kernel: kernel width in pixels.
        padding: zero pixels added on *each* side, or "same" to keep the size.
        stride: step between two kernel positions, in pixels.
        pooling: "max", "avg" or "none".
        pool_size: width of the pooling window and its step, in pixels.
        activation: "relu", "leaky_relu", "elu", "gelu", "tanh", "sigmoid" or "none".
        dropout: the chance that an input of a fully connected layer is set to 0 in training.
        batch_norm: normalise every feature map over the batch.
        hidden: units of the hidden fully connected layers; 0 or () for none.
    Raises:
        TypeError: a size is not a whole number, dropout no number, or batch_norm no yes or no.
        ValueError: a name is unknown, a number is out of range, or a block leaves no pixel.

    >>> ConvNet(channels=(8, 16), kernel=3, padding="same").fc1.in_features  # 16 channels × 7 × 7
    784
    """

    def __init__(
        self,
        channels: Sequence[int] = (10, 20),
        kernel: int = 5,
        padding: int | str = 0,
        stride: int = 1,
        pooling: str = "max",
        pool_size: int = 2,
        activation: str = "relu",
        dropout: float = 0.0,
        batch_norm: bool = False,
        hidden: int | Sequence[int] = 50,
    ) -> None:
        super().__init__()
        _check(channels, kernel, padding, stride, pooling, pool_size, activation)
        check_chance("dropout", dropout)
        if batch_norm not in (True, False):
            raise TypeError(
                f"batch_norm={batch_norm!r} is a {type(batch_norm).__name__}: use batch_norm=True or False."
            )
        if not isinstance(hidden, Sequence):
            hidden = (hidden,) if whole("hidden", hidden) else ()
        make_activation, make_pooling = ACTIVATIONS[activation], POOLINGS[pooling]

        c_in, width = 1, 28
        for i, c_out in enumerate(channels, start=1):
            width = width_after_convolution(f"conv{i}", width, kernel, padding, stride)
            self.add_module(f"conv{i}", nn.Conv2d(c_in, c_out, kernel, stride, padding))
            if batch_norm:
                self.add_module(f"norm{i}", nn.BatchNorm2d(c_out))
            if make_activation:
                self.add_module(f"{activation}{i}", make_activation())
            if make_pooling:
                width = width_after_pooling(i, width, pool_size)
                self.add_module(f"pool{i}", make_pooling(pool_size))
            c_in = c_out  # (N, c_out, width, width)

        self.flatten = nn.Flatten()  # (N, c_in * width * width)
        n_in = c_in * width * width
        for i, n_out in enumerate([*hidden, 10], start=1):
            if dropout:
                self.add_module(f"dropout{i}", nn.Dropout(dropout))
            self.add_module(f"fc{i}", nn.Linear(n_in, whole("hidden", n_out, 1)))
            if make_activation and i <= len(hidden):
                self.add_module(f"{activation}{len(channels) + i}", make_activation())
            n_in = n_out  # (N, n_out)

    def forward(self, x: Tensor) -> Tensor:  # (N, 1, 28, 28)
        for layer in self.children():  # in the order in which they were added
            x = layer(x)
        return x  # (N, 10), the logits


def _check(
    channels: Sequence[int],
    kernel: int,
    padding: int | str,
    stride: int,
    pooling: str,
    pool_size: int,
    activation: str,
) -> None:
    """Refuse what no network can have, before the first layer is made."""
    if not isinstance(channels, Sequence):
        raise TypeError(f"channels={channels!r} is not a tuple: write channels=({channels},) for one block.")
    for c_out in channels:
        whole("channels", c_out, 1)
    whole("kernel", kernel, 1)
    whole("stride", stride, 1)
    whole("pool_size", pool_size, 1)
    if not isinstance(padding, str):
        whole("padding", padding)
    elif padding != "same":
        raise ValueError(f"padding={padding!r}: give a number of pixels, or 'same'.")
    elif stride != 1:
        raise ValueError(
            f"padding='same' keeps the size, which stride={stride} does not: "
            f"use stride=1, or padding={kernel // 2}."
        )
    if pooling not in POOLINGS:
        raise ValueError(f"unknown pooling {pooling!r}: {did_you_mean(pooling, POOLINGS)}")
    if activation not in ACTIVATIONS:
        raise ValueError(f"unknown activation {activation!r}: {did_you_mean(activation, ACTIVATIONS)}")


def check_chance(name: str, value: float) -> None:
    """Refuse what is no number from 0 up to, but not including, 1."""
    remedy = f"a chance: use 0 <= {name} < 1."
    if not isinstance(value, Real):
        raise TypeError(f"{name}={value!r} is a {type(value).__name__}: it is {remedy}")
    if not 0 <= value < 1:
        raise ValueError(f"{name}={value} is {remedy}")


def width_after_convolution(name: str, w_in: int, kernel: int, padding: int | str, stride: int) -> int:
    """Width of the map behind a convolution, in pixels.

    Args:
        name: the layer's, for the message.
        w_in: width of the map that it gets, in pixels.
        kernel: its width in pixels.
        padding: zero pixels on each side, or "same".
        stride: pixels between two kernel positions.
    Raises:
        ValueError: the kernel does not fit; the message names the layer and says how to mend it.
    """
    if padding == "same" and stride > 1:
        raise ValueError(
            f"{name} does not fit: padding='same' keeps the size, which stride={stride} does not: "
            f"use stride=1, or padding={kernel // 2}."
        )
    if isinstance(padding, str):
        return w_in
    try:
        return w_out(w_in, kernel, padding, stride)
    except ValueError as error:
        raise ValueError(f"{name} does not fit: it gets {w_in}×{w_in} pixels, and {error}") from error


def width_after_pooling(number: int, w_in: int, size: int) -> int:
    """Width of the map behind the pooling of a block, in pixels.

    Args:
        number: the block's, counted from 1.
        w_in: width of the map that it gets, in pixels.
        size: of the window, in pixels.
    Raises:
        ValueError: the window is wider than the map.
    """
    if size > w_in:
        earlier = f", or stop after block {number - 1}" if number > 1 else ""
        raise ValueError(
            f"pool{number} does not fit: it has a {size}×{size} window and gets {w_in}×{w_in} pixels: "
            f"use pool_size <= {w_in} or more padding{earlier}."
        )
    return pool_w_out(w_in, size)
