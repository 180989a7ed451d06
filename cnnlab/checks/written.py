"""Calculations that a text writes out: which there are, and which of its equations do not hold."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import accumulate, pairwise

_LARGEST = 10_000  # what a power may be made of: 9**9**9 would be worked out for ever
_TOKEN = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3})+(?![\d,])|\d+(?:\.\d+)?)(?![^\W\d]|\w)"
    r"|(?P<word>\w[\w']*)|(?P<sign>\*\*|//|[-+*/])|(?P<equals>=)|(?P<bracket>[()⌊⌋⌈⌉])|(?P<other>[^ \t])"
)
_CLOSING = {"(": ")", "⌊": "⌋", "⌈": "⌉"}
_BETWEEN = 5  # words at most between a count and what is counted: 20 channels of 4 * 4


@dataclass(frozen=True)
class Calculation:
    """A calculation in a text, such as 28 - 5 + 1."""

    text: str
    value: float
    signs: frozenset[str]  # of + - * / ** //


@dataclass(frozen=True)
class Written:
    """What a text writes out."""

    calculations: tuple[Calculation, ...]
    false: tuple[str, ...]  # equations that do not hold
    careless: tuple[str, ...]  # 28 - 5 = 23 + 1: what is meant is clear, but the two sides differ


def written(text: str) -> Written:
    """Read the calculations of a text, generously; only what leaves no doubt is called false.

    Between a number and a calculation words may stand, "20 channels of 4 * 4 = …": what stands before the
    equals sign is then the calculation or its product with the number, whichever holds.
    """
    without_words = re.sub(r"(?<![^\W\d_])(?!(?:floor|int)\b)[^\W\d_]\w*", " ", text)
    strict, loose = _Reader(text), _Reader(without_words)
    try:
        strict.read()
        loose.read()
    except RecursionError:  # thousands of brackets
        return Written((), (), ())
    return Written((*strict.calculations, *loose.calculations), tuple(strict.false), tuple(strict.careless))


def as_typed(text: str) -> str:
    """A calculation in the signs of the messages."""
    text = re.sub(r"\s*(?<!\*)\*(?!\*)\s*", " × ", text.strip()).replace("**", "^").replace("¦", ":")
    return " ".join(text.replace("-", "−").split())


def wrapped_lines(text: str) -> str:
    """The text with the lines joined that end or begin in the middle of a calculation."""
    return re.sub(r"(?<=[-+*/=])[ \t]*\n\s*|\s*\n[ \t]*(?=[=+*/])", " ", text)


@dataclass(frozen=True)
class _Side:
    """One side of an equation."""

    text: str
    before: tuple[float, ...]  # what it may be worth to an equals sign before it
    after: tuple[float, ...]  # and to one after it
    first: float | None  # the number that it begins with
    alone: bool  # a number and nothing else
    vague: bool  # numbers with words between them, and no sign

    def equals(self, other: _Side) -> bool:
        near = 0.006 if "." in self.text + other.text else 1e-9
        return any(abs(a - b) <= near for a in self.after for b in other.before)

    def goes_on_with(self, other: _Side) -> bool:
        """Whether the other side begins with the result of this one: 28 - 5 = 23 + 1."""
        return other.first is not None and any(abs(a - other.first) < 1e-9 for a in self.after)


@dataclass
class _Found:
    """A part of a side, and where it ends."""

    value: float
    end: int
    signs: frozenset[str] = frozenset()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [
            (match.lastgroup or "", match.group(), match.span()) for match in _TOKEN.finditer(text)
        ]
        self.calculations: list[Calculation] = []
        self.false: list[str] = []
        self.careless: list[str] = []

    def read(self) -> None:
        place, last = 0, None  # the last number that was worked out in this sentence
        while place < len(self.tokens):
            kind, sign, _ = self.tokens[place]
            if sign in {";", "\n"}:
                last = None
            goes_on = kind == "sign" and last is not None and self._kind(place - 1) in {"other", ""}
            if goes_on:  # ", + 1 = 24" goes on with the number before the comma
                self.tokens.insert(place, ("number", f"{last:.12g}", (self.tokens[place][2][0],) * 2))
            sides, end, dangling = self._chain(place)
            if not sides:
                place += 1
                continue
            if not goes_on or sign != "-":  # a minus after a comma may be a dash
                self._judge(sides, self._before(place), dangling)
            last = sides[-1].after[-1]
            place = end

    def _kind(self, place: int) -> str:
        return self.tokens[place][0] if 0 <= place < len(self.tokens) else ""

    def _before(self, place: int) -> str:
        """What stands before a chain: a "word", a "sign" (before words, too: 28 - kernel 5 + 1), or else."""
        behind = place - 1
        while self._kind(behind) == "word":
            behind -= 1
        return "sign" if self._kind(behind) == "sign" else self._kind(place - 1)

    def _is(self, place: int, *texts: str) -> bool:
        return 0 <= place < len(self.tokens) and self.tokens[place][1] in texts

    def _quote(self, start: int, end: int) -> str:
        return self.text[self.tokens[start][2][0] : self.tokens[end - 1][2][1]]

    def _judge(self, sides: list[_Side], before: str, dangling: bool) -> None:
        """Note the equations of a chain that do not hold."""
        if len(sides) > 1 and not sides[0].equals(sides[1]):
            again = sides[1].alone or sides[0].goes_on_with(sides[1])
            lone = before == "word" and sides[0].alone and again  # half of 24 = 12, half of 24 = 24 / 2
            sides = sides[1:] if before == "sign" or lone else sides  # S + 1 = …
        if dangling and len(sides) > 1 and not sides[-2].equals(sides[-1]):
            sides = sides[:-1]  # … = 24 - and so on
        for one, other in pairwise(sides):
            if one.equals(other) or one.vague or other.vague:
                continue
            quote = as_typed(f"{one.text} = {other.text}")
            if not one.goes_on_with(other):
                self.false.append(quote)
            elif other is not sides[-1]:  # at the end, "= 24 - 20 maps", that may be a dash
                self.careless.append(quote)

    def _chain(self, place: int) -> tuple[list[_Side], int, bool]:
        """Sides with equals signs between them; where they end; whether a sign follows that leads nowhere."""
        sides: list[_Side] = []
        end = place
        while True:
            found = self._side(place)
            if found is None:
                break
            side, end = found
            sides.append(side)
            if not self._is(end, "="):
                break
            place = end + 1
        return sides, end, self._kind(end) == "sign"

    def _side(self, start: int) -> tuple[_Side, int] | None:
        found = self._sum(start)
        if found is None:
            return None
        parts, end = [found], found.end
        self._keep(start, found)
        while (following := self._joined(start, end, parts)) is not None:
            begin, part = following
            self._keep(begin, part)
            parts.append(part)
            end = part.end
        values = [part.value for part in parts]
        after = list(accumulate(reversed(values), lambda a, b: a * b))
        before = list(accumulate(values, lambda a, b: a * b))
        if self._is(found.end, "¦") and len(values) == 2:  # 24 : 2 = 12
            before = [values[0] / values[1]] if values[1] else []
            after = [values[1], *before]
        elif len(parts) > 1:
            said = [value for value in after[1:] if self._is_said(start, end, value)]
            self.calculations += [Calculation(self._quote(start, end), v, frozenset("*")) for v in said]
        first = float(self.tokens[start][1].replace(",", "")) if self._kind(start) == "number" else None
        bare = not any(part.signs for part in parts)
        alone, vague = bare and len(parts) == 1, bare and self._kind(found.end) == "word" and len(parts) > 1
        return _Side(self._quote(start, end), tuple(before), tuple(after), first, alone, vague), end

    def _is_said(self, start: int, end: int, value: float) -> bool:
        """Whether a text says what a product in words makes: 20 maps of 4 * 4 = 320, … make 320."""
        behind = re.match(r"[^\d;,.:=\n]*(\d+)", self.text[self.tokens[end - 1][2][1] :])
        return (
            self._is(start - 1, "=")
            or self._is(end, "=")
            or (behind is not None and float(behind[1]) == value)
        )

    def _joined(self, start: int, end: int, parts: list[_Found]) -> tuple[int, _Found] | None:
        """What follows a number without a sign: a bracket, or words and a number; and where it begins."""
        begin = end
        if self._is(end, "¦"):
            begin = end + 1
        elif not self._is(end, *_CLOSING):
            while self._kind(begin) == "word" and begin - end < _BETWEEN:
                begin += 1
            if begin == end or parts[-1].signs:
                return None
        if len(parts) >= 3:
            return None
        found = self._sum(begin)
        return None if found is None else (begin, found)

    def _keep(self, start: int, found: _Found) -> None:
        if found.signs:
            self.calculations.append(Calculation(self._quote(start, found.end), found.value, found.signs))

    def _sum(self, place: int) -> _Found | None:
        return self._signs(place, ("+", "-"))

    def _signs(self, place: int, signs: tuple[str, ...]) -> _Found | None:
        """Terms with + and -, or factors with * and / between them."""
        inner = self._power if "*" in signs else self._product
        left = inner(place)
        while left is not None and self._is(left.end, *signs):
            sign = self.tokens[left.end][1]
            right = inner(left.end + 1)
            value = None if right is None else _worked_out(left.value, sign, right.value)
            if right is None or value is None:
                break
            left = _Found(value, right.end, left.signs | right.signs | {sign})
        return left

    def _product(self, place: int) -> _Found | None:
        return self._signs(place, ("*", "/", "//"))

    def _power(self, place: int) -> _Found | None:
        base = self._primary(place)
        if base is None or not self._is(base.end, "**"):
            return base
        by = self._power(base.end + 1)
        value = None if by is None else _worked_out(base.value, "**", by.value)
        if by is None or value is None:
            return base
        return _Found(value, by.end, base.signs | by.signs | {"**"})

    def _primary(self, place: int) -> _Found | None:
        if self._kind(place) == "number":
            return _Found(float(self.tokens[place][1].replace(",", "")), place + 1)
        if self._is(place, "-") and (self._is(place - 1, "(") or self._kind(place - 1) == "sign"):
            found = self._primary(place + 1)
            return None if found is None else _Found(-found.value, found.end, found.signs | {"-"})
        down = self._is(place, "floor", "int") and self._is(place + 1, "(")
        opening = place + down
        if not self._is(opening, *_CLOSING):
            return None
        found = self._sum(opening + 1)
        if found is None or not self._is(found.end, _CLOSING[self.tokens[opening][1]]):
            return None
        value = found.value
        if down or self._is(opening, "⌊"):
            value = math.floor(value)
        elif self._is(opening, "⌈"):
            value = math.ceil(value)
        return _Found(value, found.end + 1, found.signs)


def _worked_out(a: float, sign: str, b: float) -> float | None:
    """The value of a calculation with one sign; None where it has none, or would take for ever."""
    try:
        if sign == "**":
            return a**b if abs(a) <= _LARGEST and 0 <= b <= 4 else None
        made = {"+": a + b, "-": a - b, "*": a * b}
        value = made[sign] if sign in made else a // b if sign == "//" else a / b
    except ArithmeticError:
        return None
    return value if math.isfinite(value) else None
