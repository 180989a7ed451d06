"""Which input pixels one unit of a feature map can see."""

from __future__ import annotations

from dataclasses import dataclass

from cnnlab.arithmetic.whole_number import whole


@dataclass(frozen=True)
class ReceptiveField:
    """The field of view of the units in one row of a feature map.

    `ReceptiveField()` is the input itself: every pixel sees itself.

    Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016).

    >>> after_conv = ReceptiveField().after(k=5)
    >>> after_pool = after_conv.after(k=2, s=2)
    >>> after_pool
    ReceptiveField(size=6, jump=2, start=3.0)
    >>> after_pool.pixels(1)
    range(2, 8)
    """

    size: int = 1  # input pixels that one unit sees, along one side
    jump: int = 1  # input pixels between the fields of two neighbouring units
    start: float = 0.5  # centre of the first unit's field, in input pixels; 0.5 is the first pixel's centre

    def after(self, k: int, s: int = 1, p: int = 0, d: int = 1) -> ReceptiveField:
        """The field behind one more convolution or pooling layer.

        Args:
            k: kernel width in pixels, at least 1.
            s: step between two kernel positions, in pixels.
            p: pixels added on the left.
            d: spacing between two kernel elements, in pixels.
        Returns:
            The field of the units that this layer makes.
        Raises:
            TypeError: a size is not a whole number.
            ValueError: a size is out of range.
        """
        k, s, p, d = whole("k", k, 1), whole("s", s, 1), whole("p", p), whole("d", d, 1)
        reach = d * (k - 1)
        return ReceptiveField(
            self.size + reach * self.jump, self.jump * s, self.start + (reach / 2 - p) * self.jump
        )

    def pixels(self, unit: int) -> range:
        """Input pixels that unit number `unit` sees; those below 0 or beyond the image are padding.

        Args:
            unit: the unit's place along the row, counted from 0.
        """
        first = int(self.start - self.size / 2) + whole("unit", unit) * self.jump  # start - size/2 is whole
        return range(first, first + self.size)
