"""How wide a feature map comes out of a layer. Heights follow the same rules."""

from __future__ import annotations

from cnnlab.arithmetic.whole_number import whole


def w_out(w_in: int, k: int, p: int = 0, s: int = 1, d: int = 1) -> int:
    """Width of the feature map that a convolution or pooling layer makes.

    Args:
        w_in: input width in pixels, at least 1.
        k: kernel width in pixels, at least 1.
        p: zero pixels added on *each* side.
        s: step between two kernel positions, in pixels.
        d: spacing between two kernel elements, in pixels.
    Returns:
        floor((w_in + 2p - d(k - 1) - 1) / s) + 1, in pixels.
    Raises:
        TypeError: a size is not a whole number.
        ValueError: a size is out of range, or the kernel is wider than the padded input.
    Source: the "Shape" section of torch.nn.Conv2d.

    >>> w_out(28, k=5), w_out(28, k=5, p=2)
    (24, 28)
    >>> w_out(28, k=2, s=2)
    14
    """
    w_in, k, p, s, d = _checked(w_in, k, p, s, d)
    span, padded = d * (k - 1) + 1, w_in + 2 * p
    if span > padded:
        raise ValueError(_too_wide(w_in, k, p, d))
    return (padded - span) // s + 1


def pool_w_out(
    w_in: int, k: int, s: int | None = None, p: int = 0, d: int = 1, ceil_mode: bool = False
) -> int:
    """Width of the feature map that a pooling layer makes.

    Args:
        w_in: input width in pixels, at least 1.
        k: window width in pixels, at least 1.
        s: step between two windows, in pixels; left out, windows lie side by side (s = k).
        p: pixels added on *each* side, at most half the window, or a window could see padding only.
        d: spacing between two elements of the window, in pixels.
        ceil_mode: keep the last, incomplete window, if it starts inside the input or its left padding.
    Returns:
        The width in pixels.
    Raises:
        TypeError: a size is not a whole number.
        ValueError: a size is out of range, or no window fits.
    Source: the "Shape" section of torch.nn.MaxPool2d and its note on ceil_mode.

    >>> pool_w_out(7, k=2), pool_w_out(7, k=2, ceil_mode=True)
    (3, 4)
    """
    w_in, k, p, s, d = _checked(w_in, k, p, k if s is None else s, d)
    span, padded = d * (k - 1) + 1, w_in + 2 * p
    if 2 * p > k:
        raise ValueError(
            f"p={p} is more than half of the pooling window ({k} px): "
            f"use p <= {k // 2}, or pad before pooling."
        )
    if not ceil_mode:
        if span > padded:
            raise ValueError(_too_wide(w_in, k, p, d))
        return (padded - span) // s + 1
    width = -((span - padded) // s) + 1
    if (width - 1) * s >= w_in + p:
        width -= 1  # the last window would see nothing but the padding on the right
    if width < 1:
        raise ValueError(_too_wide(w_in, k, p, d))
    return width


def transposed_w_out(w_in: int, k: int, p: int, s: int = 1, d: int = 1, output_padding: int = 0) -> int:
    """Width of the feature map that a transposed convolution makes.

    Args:
        w_in: input width in pixels, at least 1.
        k: kernel width in pixels, at least 1.
        p: pixels cut off on *each* side (the padding of the convolution that this one reverses).
        s: how far apart two input pixels are spread, in pixels.
        d: spacing between two kernel elements, in pixels.
        output_padding: pixels added on the right, smaller than s or d.
    Returns:
        (w_in - 1)s - 2p + d(k - 1) + output_padding + 1, in pixels.
    Raises:
        TypeError: a size is not a whole number.
        ValueError: a size is out of range, or nothing is left of the map.
    Source: the "Shape" section of torch.nn.ConvTranspose2d.

    >>> transposed_w_out(14, k=2, p=0, s=2)
    28
    """
    w_in, k, p, s, d = _checked(w_in, k, p, s, d)
    output_padding = whole("output_padding", output_padding)
    if output_padding >= max(s, d):
        raise ValueError(
            f"output_padding={output_padding} must be smaller than s={s} or d={d}: "
            f"use output_padding <= {max(s, d) - 1}."
        )
    before = (w_in - 1) * s + d * (k - 1) + 1 + output_padding
    if before - 2 * p < 1:
        raise ValueError(f"p={p} cuts {2 * p} px off a map of {before} px: use p <= {(before - 1) // 2}.")
    return before - 2 * p


def same_padding(k: int, d: int = 1) -> tuple[int, int]:
    """Zero pixels on the left and on the right that keep the width, for a stride of 1.

    Args:
        k: kernel width in pixels, at least 1.
        d: spacing between two kernel elements, in pixels.
    Returns:
        (left, right) in pixels; an even kernel needs one more on the right.
    Raises:
        TypeError: a size is not a whole number.
        ValueError: a size is out of range.
    Source: padding="same" of torch.nn.Conv2d.

    >>> same_padding(5), same_padding(4)
    ((2, 2), (1, 2))
    """
    total = whole("d", d, 1) * (whole("k", k, 1) - 1)
    return total // 2, total - total // 2


def unread_pixels(w_in: int, k: int, p: int = 0, s: int = 1, d: int = 1) -> int:
    """Image pixels at the right edge beyond the last kernel position: what the floor leaves out.

    Args:
        w_in: input width in pixels, at least 1.
        k: kernel width in pixels, at least 1.
        p: zero pixels added on *each* side; unread ones of these do not count.
        s: step between two kernel positions, in pixels.
        d: spacing between two kernel elements, in pixels.
    Returns:
        How many columns at the right edge are never read; the gaps that a stride or a dilation
        leaves before the last column that is read do not count.
    Raises:
        TypeError, ValueError: as `w_out`.

    >>> unread_pixels(7, k=2, s=2)
    1
    """
    last = (w_out(w_in, k, p, s, d) - 1) * s + d * (k - 1)  # the rightmost column read, padding included
    return max(0, w_in + p - 1 - last)


def _checked(w_in: int, k: int, p: int, s: int, d: int) -> tuple[int, int, int, int, int]:
    return whole("w_in", w_in, 1), whole("k", k, 1), whole("p", p), whole("s", s, 1), whole("d", d, 1)


def _too_wide(w_in: int, k: int, p: int, d: int) -> str:
    """What to say about a kernel that does not fit, with a bound for each number that could change."""
    span, padded = d * (k - 1) + 1, w_in + 2 * p
    fits, needed = (padded - 1) // d + 1, -((w_in - span) // 2)
    spread = f" with d={d} spans {span} px and" if d > 1 else ""
    return f"k={k}{spread} is wider than the padded input ({padded} px): use k <= {fits}, or p >= {needed}."
