"""Lab 002's fourth task: explain why fc1 takes 320 numbers."""

from __future__ import annotations

import ast
import math
import operator
import re

from cnnlab.checks.reading import not_blank, number, shown
from cnnlab.checks.runner import exercise
from cnnlab.checks.verdict import Blank, Wrong

_LAYERS = ("conv1", "pool1", "conv2", "pool2")
_WIDTHS = {  # known wrong widths after each layer, and what leads to them
    "conv1": {
        28: "without padding a convolution shrinks the map",
        23: "you forgot the place where the kernel starts",
    },
    "pool1": {14: "that is half of the image, not of what conv1 gives"},
    "conv2": {
        24: "that is conv1's",
        12: "without padding a convolution shrinks the map",
        7: "you forgot the place where the kernel starts",
        10: "that would be a smaller kernel",
    },
    "pool2": {8: "pooling halves the map", 6: "conv2 shrinks the map before it is halved"},
}
_DO = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
_DO |= {ast.FloorDiv: operator.floordiv, ast.Pow: operator.pow}
_LARGEST = 10_000  # what a power may be made of: 9**9**9 would be worked out for ever


@exercise(
    "Lab 002 Q4: explain the 320",
    25,
    "The sizes follow from the image and the layers; fc1 has no say in them.",
)
def explain_320(sizes: object = ..., product: object = ..., text: object = ...) -> None:
    """Check an explanation: the widths after four layers, the factors of the product, and a text.

    `sizes` holds the widths after conv1, pool1, conv2 and pool2; `product` the channels, height and
    width that are multiplied; `text` tells it with the arithmetic written out, such as "24 / 2 = …".
    The first is worth 40 % of the marks, the second 20 %, the text 40 %.
    """
    for judge, part, earned in ((_sizes, sizes, 0.0), (_product, product, 0.4), (_text, text, 0.6)):
        try:
            judge(part)
        except (Wrong, Blank) as said:
            raise type(said)(str(said), share=earned) from None


def _whole_numbers(answer: object) -> list[float]:
    """The numbers of a list, of a tensor, or written in a text."""
    not_blank(answer)
    if isinstance(answer, str):
        return [int(found) for found in re.findall(r"\d+", answer)]
    if isinstance(answer, dict):
        answer = list(answer.values())
    if not hasattr(answer, "__iter__"):
        raise Wrong("A list of several numbers is asked for, in brackets.")
    return [number(part, "One of the numbers") for part in list(answer)[:100]]


def _sizes(answer: object) -> None:
    given = _whole_numbers(answer)
    if len(given) != len(_LAYERS):
        raise Wrong(f"You give {len(given)} sizes: one is asked for after each of {', '.join(_LAYERS)}.")
    for layer, width, right in zip(_LAYERS, given, (24, 12, 8, 4)):
        if width == right:
            continue
        why = "use the formula for the output size"
        if width == int(width):
            why = _WIDTHS[layer].get(int(width), why)
        raise Wrong(f"{shown(width)} × {shown(width)} after {layer}: {why}.")


def _product(answer: object) -> None:
    given = [value for value in _whole_numbers(answer) if value != 320]  # the result may stand behind it
    if sorted(given) == [4, 4, 20] or sorted(given) == [16, 20]:
        return
    shares = {10: "those are the channels of conv1", 50: "that is what fc1 gives, not what it takes"}
    known = next((says for value, says in shares.items() if value in given), None)
    written = " × ".join(map(shown, given)) or "nothing"
    if known is None and 20 not in given:
        known = "how many channels does the last feature map have"
    elif known is None:
        known = f"that makes {shown(math.prod(given))}; a map has a height and a width"
    raise Wrong(f"You multiply {written}: {known}.")


def _text(answer: object) -> None:
    not_blank(answer)
    if not isinstance(answer, str):
        raise Wrong("The explanation is a text in quotes.")
    text = _as_signs(answer)
    equations = _equations(text)
    for written, holds in equations.items():
        if not holds:
            written = written.replace("-", "−").replace("*", "×")
            raise Wrong(f"“{written}” in your text does not hold: work it out again.")
    mentioned = {int(found) for found in re.findall(r"(?<![\d.])\d+(?![\d.]*\d)", text)}
    for width, what in ((24, "conv1"), (12, "pool1"), (8, "conv2"), (4, "pool2")):
        if width not in mentioned:
            raise Wrong(f"Your text does not say how large the map is after {what}.")
    if 20 not in mentioned:
        raise Wrong("Your text does not say how many channels the last feature map has.")
    if not any(_ends(equation, {24, 8}) for equation in equations):
        raise Wrong("Your text does not show the arithmetic of a convolution, such as “28 − … = …”.")
    if not any(_ends(equation, {320}) for equation in equations):
        raise Wrong("Your text does not show which product gives 320.")


def _as_signs(text: str) -> str:
    """The same text with every calculation in Python's signs: "20 maps × 4²" is "20 * 4**2"."""
    text = re.sub(r"(?m)^\s*(?:[-*•–]|\d+\)|[a-z]\))\s+", "", text)  # what a list begins with is no sign
    text = re.sub(r"\.(?=\s|$)", ";", text)  # the end of a sentence is no decimal point
    text = re.sub(r"\\(?:times|cdot)\b", "*", text).replace("\\div", "/").replace("==", "=").replace("$", " ")
    for sign, ours in {
        "×·∙⋅": "*",
        "−–": "-",
        "÷": "/",
        "²": "**2",
        "^": "**",
        "⌊⌈[": "(",
        "⌋⌉]": ")",
    }.items():
        text = re.sub(f"[{re.escape(sign)}]", ours, text)
    text = re.sub(r"\b(?:floor|int)\s*(?=\()", "", text)
    text = re.sub(r"\s*\([a-zA-Z][a-zA-Z ]*\)", "", text)  # 20 (channels)
    text = re.sub(r"(?<=[\w)])\s*(?<![a-zA-Z])(?:[xX]|times|by)(?![a-zA-Z])\s*(?=[\d(])", " * ", text)
    text = re.sub(r"(?<=\d)\s+(?:\w+\s+)?(?:channels?|maps?|filters?|kernels?) of (?=\d)", " * ", text)
    text = re.sub(r"(?<=\d)(?:\s+[a-zA-Z]+){1,2}\s*(?=\*)", " ", text)  # what is counted: 20 maps * 4
    text = re.sub(r"(\*\s*\d+)\s+[a-zA-Z]+\s*(?==)", r"\1 ", text)  # 4 * 4 columns = 16
    return re.sub(r"(?<![\w.])(\d+)\s*:\s*(\d+)(?=\s*=)", r"\1 / \2", text)  # 24 : 2 = 12


def _ends(equation: str, values: set[int]) -> bool:
    """Whether one side of an equation is one of the values, and another a calculation."""
    sides = [side.strip() for side in equation.split("=")]
    wanted = "|".join(rf"{value}(?:\s*\*\s*{value})?" for value in values)  # 24, or 24 * 24
    return any(re.fullmatch(wanted, side) for side in sides) and any(
        re.search(r"\d\D+\d", side) for side in sides
    )


def _equations(text: str) -> dict[str, bool]:
    """Every calculation that a text writes out, and whether it holds; what cannot be read is left out."""
    found: dict[str, bool] = {}
    for match in re.finditer(
        r"(?<![\w.+*/-])(?<![+*/-] )[\d(][\d+\-*/(). \t]*(?:=[\d+\-*/(). \t]*\d\)*)+", text
    ):
        written = match.group()
        sides = [side.strip(" .\t") for side in written.split("=")]
        values = [_value(side) for side in sides]
        if any(value is None for value in values):
            continue
        if re.fullmatch(r"[\d.]+", sides[0]) and text[: match.start()].rstrip(" \t")[-1:].isalpha():
            sides, values = sides[1:], values[1:]  # "half of 24 = 12": what stands before it is not read
        pairs = zip(zip(sides, values), zip(sides[1:], values[1:]))
        # "28 - 5 = 23 + 1 = 24" is careless, and everybody knows what it means
        found[written.strip()] = all(a[1] == b[1] or a[1] == _first_number(b[0]) for a, b in pairs)
    return found


def _first_number(side: str) -> float | None:
    first = re.match(r"\d+", side)
    return float(first.group()) if first else None


def _value(side: str) -> float | None:
    """The value of a calculation with + - * / ** and brackets; None if it is none."""

    def work(node: ast.expr) -> float:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return node.value
        if isinstance(node, ast.BinOp) and type(node.op) in _DO:
            left, right = work(node.left), work(node.right)
            if isinstance(node.op, ast.Pow) and not (abs(left) <= _LARGEST and 0 <= right <= 4):
                raise ValueError
            return float(_DO[type(node.op)](left, right))
        raise ValueError

    try:
        return work(ast.parse(side[:200], mode="eval").body)
    except (SyntaxError, ValueError, ArithmeticError, RecursionError):
        return None
