"""How much work a layer does on one image."""

from __future__ import annotations

from cnnlab.arithmetic.whole_number import whole


def conv_multiply_adds(k_w: int, k_h: int, c_in: int, c_out: int, w_out: int, h_out: int) -> int:
    """Multiplications (each with its addition) of a convolution on one image.

    Args:
        k_w: kernel width in pixels.
        k_h: kernel height in pixels.
        c_in: input channels (in each group, for a grouped convolution).
        c_out: output channels.
        w_out: width of the output in pixels.
        h_out: height of the output in pixels.
    Returns:
        k_w·k_h·c_in for every one of the c_out·w_out·h_out outputs.
    Raises:
        TypeError: a size is not a whole number.
        ValueError: a size is out of range.

    >>> conv_multiply_adds(5, 5, c_in=32, c_out=64, w_out=14, h_out=14)
    10035200
    """
    each = whole("k_w", k_w, 1) * whole("k_h", k_h, 1) * whole("c_in", c_in, 1)
    return each * whole("c_out", c_out, 1) * whole("w_out", w_out, 1) * whole("h_out", h_out, 1)


def linear_multiply_adds(n_in: int, n_out: int) -> int:
    """Multiplications (each with its addition) of a fully connected layer on one image.

    Args:
        n_in: inputs.
        n_out: outputs.
    Returns:
        n_in·n_out.
    Raises:
        TypeError: a size is not a whole number.
        ValueError: a size is out of range.

    >>> linear_multiply_adds(3136, 128)
    401408
    """
    return whole("n_in", n_in, 1) * whole("n_out", n_out, 1)
