"""Text for people: numbers with their nouns, and lines that fit a page."""

from __future__ import annotations

import re
import textwrap

_WIDTH = 100  # characters in a line; a notebook beside an open sidebar shows about as many


def counted(number: int, thing: str) -> str:
    """A number with its noun: thousands apart, one in the singular.

    >>> counted(1, "channel"), counted(3136, "number")
    ('1 channel', '3,136 numbers')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def wrapped(text: str, indent: str = "") -> str:
    """The text with its long lines broken between words, never inside a short pair of brackets.

    JupyterLab breaks a long line wherever it ends, inside a word too.

    Args:
        text: any text; lines that fit stay as they are.
        indent: what the second line of a broken one begins with, after the first one's own spaces.

    >>> print(wrapped("The shape of the images " + "is no shape " * 6 + "(1, 28, 28) at all."))
    The shape of the images is no shape is no shape is no shape is no shape is no shape is no shape
    (1, 28, 28) at all.
    """
    return "\n".join(_broken(line, indent) for line in text.split("\n"))


def _broken(line: str, indent: str) -> str:
    if len(line) <= _WIDTH:
        return line
    whole = re.sub(r"\([^()]{1,40}\)", lambda found: found.group().replace(" ", "\0"), line)
    begin = line[: len(line) - len(line.lstrip())] + indent
    parts = textwrap.wrap(
        whole, _WIDTH, subsequent_indent=begin, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(parts).replace("\0", " ")
