"""How many numbers a layer learns."""

from __future__ import annotations

from cnnlab.arithmetic.whole_number import whole


def conv_parameters(k_w: int, k_h: int, c_in: int, c_out: int, bias: bool = True) -> int:
    """Weights and biases of a convolution: one kernel over all input channels for each output channel.

    Args:
        k_w: kernel width in pixels.
        k_h: kernel height in pixels.
        c_in: input channels (in each group, for a grouped convolution).
        c_out: output channels.
        bias: whether each output channel has a bias.
    Returns:
        (k_w·k_h·c_in + 1)·c_out, without the 1 where there is no bias.
    Raises:
        TypeError: a size is not a whole number.
        ValueError: a size is out of range.

    >>> conv_parameters(5, 5, c_in=1, c_out=10)
    260
    """
    weights = whole("k_w", k_w, 1) * whole("k_h", k_h, 1) * whole("c_in", c_in, 1)
    return (weights + bool(bias)) * whole("c_out", c_out, 1)


def linear_parameters(n_in: int, n_out: int, bias: bool = True) -> int:
    """Weights and biases of a fully connected layer.

    Args:
        n_in: inputs.
        n_out: outputs.
        bias: whether each output has a bias.
    Returns:
        (n_in + 1)·n_out, without the 1 where there is no bias.
    Raises:
        TypeError: a size is not a whole number.
        ValueError: a size is out of range.

    >>> linear_parameters(320, 50)
    16050
    """
    return (whole("n_in", n_in, 1) + bool(bias)) * whole("n_out", n_out, 1)


def batch_norm_parameters(c: int) -> int:
    """Scales and shifts of a batch normalisation: one of each for every channel.

    Args:
        c: channels.
    Returns:
        2·c; the running mean and variance are measured, not learnt, and do not count.
    Raises:
        TypeError: the number is not whole.
        ValueError: the number is out of range.

    >>> batch_norm_parameters(16)
    32
    """
    return 2 * whole("c", c, 1)
