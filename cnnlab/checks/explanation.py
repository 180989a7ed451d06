"""Lab 002's fourth task: explain why fc1 takes 320 numbers."""

from __future__ import annotations

import math
import re

from cnnlab.checks.reading import not_blank, number, shown
from cnnlab.checks.runner import exercise
from cnnlab.checks.verdict import Blank, Wrong
from cnnlab.checks.written import Calculation, as_typed, wrapped_lines, written

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
_CONVOLVED = {  # what conv1 and conv2 give along a side and on the whole map, and from which numbers
    24: {28, 27, 23},
    24 * 24: {28, 27, 23},
    8: {12, 11, 7},
    8 * 8: {12, 11, 7},
}
_POOLED_BY_MINUS = re.compile(r"(?<![\d.])(?:24\s*-\s*12\s*=\s*12|8\s*-\s*4\s*=\s*4)(?!\s*[-+*/\d])")


@exercise(
    "Lab 002 Q4: explain the 320",
    25,
    "The sizes follow from the image and the layers; fc1 has no say in them.",
)
def explain_320(sizes: object = ..., product: object = ..., text: object = ...) -> str | None:
    """Check an explanation: the widths after four layers, the factors of the product, and a text.

    `sizes` holds the widths after conv1, pool1, conv2 and pool2; `product` the channels, height and
    width that are multiplied; `text` tells it with the arithmetic written out, such as "24 / 2 = …".
    The first is worth 40 % of the marks, the second 20 %, the text 40 %.
    """
    remark = None
    for judge, part, earned in ((_sizes, sizes, 0.0), (_product, product, 0.4), (_text, text, 0.6)):
        try:
            remark = judge(part)
        except (Wrong, Blank) as said:
            raise type(said)(str(said), share=earned) from None
    return remark


def _whole_numbers(answer: object) -> list[float]:
    """The numbers of a list, of a tensor, or written in a text."""
    not_blank(answer)
    if isinstance(answer, str):
        spelt = re.sub(r"(\d+)\s*(?:²|(?:\^|\*\*)\s*2\b)", r"\1 \1", answer)
        return [int(found) for found in re.findall(r"(?<![a-zA-Z\d])\d+", spelt)]  # not the 1 of conv1
    if isinstance(answer, dict):
        answer = list(answer.values())
    if not hasattr(answer, "__iter__"):
        raise Wrong("A list of several numbers is asked for, in brackets.")
    given: list[float] = []
    for part in list(answer)[:100]:
        several = isinstance(part, (str, tuple, list))  # "24", "24 × 24" or (24, 24)
        given += _whole_numbers(part) if several else [number(part, "One of the numbers")]
    return given


def _sizes(answer: object) -> None:
    given = _whole_numbers(answer)
    if len(given) == 2 * len(_LAYERS) and given[::2] == given[1::2]:
        given = given[::2]  # heights and widths
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
    if not given:
        raise Wrong("You give 320 alone: the three factors that make it are asked for.")
    shares = {10: "those are the channels of conv1", 50: "that is what fc1 gives, not what it takes"}
    known = next((says for value, says in shares.items() if value in given), None)
    written = " × ".join(map(shown, given))
    if known is None and 20 not in given:
        known = "how many channels does the last feature map have"
    elif known is None:
        known = f"that makes {shown(math.prod(given))}; a map has a height and a width"
    raise Wrong(f"You multiply {written}: {known}.")


def _text(answer: object) -> str | None:
    """What is to be said of a text that is right all the same."""
    not_blank(answer)
    if not isinstance(answer, str):
        raise Wrong("The explanation is a text in quotes.")
    text = _as_signs(answer)
    found = written(text)
    if found.false:
        raise Wrong(f"“{found.false[0]}” in your text does not hold: work it out again.")
    mentioned = {int(number) for number in re.findall(r"(?<![\d.])\d+(?![\d.]*\d)", text)}
    for width, what in ((24, "conv1"), (12, "pool1"), (8, "conv2"), (4, "pool2")):
        if width not in mentioned:
            raise Wrong(f"Your text does not say how large the map is after {what}.")
    if 20 not in mentioned:
        raise Wrong("Your text does not say how many channels the last feature map has.")
    _judge_convolutions([one for one in found.calculations if one.signs & {"+", "-"}], 28 in mentioned)
    if _POOLED_BY_MINUS.search(text) and not re.search(r"[/¦]|hal[fv]", text):
        raise Wrong("Pooling takes nothing away in your text: why does it leave half of the width?")
    products = [one for one in found.calculations if "*" in one.signs and one.value == 320]
    if not products or 320 not in mentioned:
        raise Wrong("Your text does not show which product gives 320.")
    if not any(_of_the_last_map(one) for one in products):
        raise Wrong(
            f"“{as_typed(products[0].text)}” in your text makes 320, "
            "and those are not the channels, height and width of the last feature map."
        )
    if not found.careless:
        return None
    return (
        f"A remark: “{found.careless[0]}” is not so as it stands. Give each step an equals sign of its own."
    )


def _judge_convolutions(steps: list[Calculation], from_the_image: bool) -> None:
    """Raise `Wrong` unless a sum or difference shows how a convolution shrinks a map.

    That of conv2 will do where the text begins with the image: "28 reduced by 4", then 12 − 4.
    """
    for one in steps:
        known = _CONVOLVED.get(int(one.value), set()) if one.value == int(one.value) else set()
        goes_on = one.text.strip()[0] in "+-"  # 28 - 5 = 23, + 1 = 24
        if known and (goes_on or known & _numbers(one)) and (one.value in {24, 24 * 24} or from_the_image):
            return
    for one in steps:
        if re.match(r"\W*(?:28|12)\b", one.text) and "-" in one.signs and one.value not in _CONVOLVED:
            begun = f"“{as_typed(one.text)}” in your text makes {shown(one.value)}"
            raise Wrong(f"{begun}: no convolution here gives a map of that width.")
    raise Wrong("Your text does not show the arithmetic of a convolution, such as “28 − … = …”.")


def _of_the_last_map(product: Calculation) -> bool:
    """Whether a product is one of channels, height and width, some of them perhaps multiplied before."""
    numbers = _numbers(product)
    parts = bool(numbers & {4, 16}) or "/" in product.signs  # 20 * (8 / 2) * (8 / 2)
    return numbers == {20} or (bool(numbers & {20, 80}) and parts)  # 4 * 4 = 16, * 20 = 320


def _numbers(one: Calculation) -> set[int]:
    """The whole numbers of a calculation, but for exponents."""
    return {int(found) for found in re.findall(r"(?<![\d.])\d+", re.sub(r"\*\*\s*\d+", " ", one.text))}


def _as_signs(text: str) -> str:
    """The same text with every calculation in Python's signs: "20 maps × 4²" is "20 * 4**2"."""
    text = re.sub(r"(?m)^\s*(?:[-*•–]|\d+\)|[a-z]\))\s+", "", text)  # what a list begins with is no sign
    text = re.sub(r"\.(?=\s|$)", ";", text)  # the end of a sentence is no decimal point
    text = re.sub(r"-*[->=]>", ";", text)  # an arrow leads on, it says nothing of equality
    text = (
        re.sub(r"\\(?:times|cdot)(?![a-zA-Z])", "*", text)
        .replace("\\div", "/")
        .replace("==", "=")
        .replace("$", " ")
    )
    signs = {"×·∙⋅∗": "*", "−–": "-", "÷": "/", "²": "**2", "^": "**", "[": "(", "]": ")"}
    for sign, ours in signs.items():
        text = re.sub(f"[{re.escape(sign)}]", ours, text)
    words = {"divided by": "/", "multiplied by": "*", "times": "*", "minus": "-", "plus": "+"}
    for word, ours in words.items():
        text = re.sub(rf"\b{word}\b(?=\s*[\d(])", f" {ours} ", text)
    text = re.sub(r"\b(?:is equal to|equals)\b", "=", text)
    text = re.sub(r"(?<=\d)\s*(?:px|pixels?)\b", " ", text)
    text = re.sub(r"(?<=\d)\.0+(?!\d)", "", text)
    text = re.sub(r"\(\s*=", " = ", text)  # 24 (= 28 - 5 + 1)
    text = re.sub(r"\s*\([a-zA-Z][a-zA-Z ]*\)", "", text)  # 20 (channels)
    text = re.sub(r"(?<=[\w)])\s*(?<![a-zA-Z])[xX](?![a-zA-Z])\s*(?=[\d(])", " * ", text)
    text = re.sub(r"(?<=[\d)])\s*by\s*(?=[\d(])", " * ", text)
    text = re.sub(r"(?<=\d)(?:\s+[a-zA-Z]+){1,2}\s*(?=\*)", " ", text)  # what is counted: 20 maps * 4
    text = re.sub(r"(\*\s*\d+)\s+[a-zA-Z]+\s*(?==)", r"\1 ", text)  # 4 * 4 columns = 16
    text = re.sub(r"(?<![\w.])(\d+)\s*:\s*(\d+)(?=\s*=)", r"\1 ¦ \2", text)  # 24 : 2 = 12
    return wrapped_lines(text)
