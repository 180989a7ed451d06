"""Say in plain words where a student's code stopped, and what the error means."""

from __future__ import annotations

import dis
import linecache
import os
import re
import sysconfig
import traceback
from pathlib import Path

_LIBRARIES = tuple(
    str(folder) + os.sep
    for folder in [
        Path(__file__).resolve().parent.parent,
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    ]
)

# What the error says (a pattern) and what it means; {0}, {1} are the pattern's groups.
_MEANINGS = [
    (
        r"mat1 and mat2 shapes cannot be multiplied \(\d+x\d+ and (\d+)x\d+\)",
        "A linear layer waits for {0} numbers an image, but another number arrives.",
    ),
    (
        r"expected input.* to have (\d+) channels",
        "A convolution waits for {0} channels, but others arrive: its first number is what comes in.",
    ),
    (
        r"shape '\[(.+)\]' is invalid for input",
        "view or reshape to ({0}) does not fit the numbers that arrive.",
    ),
    (
        r"Kernel size can't be greater than actual input size",
        "A kernel is larger than the map that reaches it.",
    ),
    (r"before Module.__init__\(\) call", "super().__init__() is missing, or comes too late."),
    (r"^'(\w+)' object is not callable", "Something of the type {0} is called like a function."),
    (
        r"^name '(\w+)' is not defined",
        "The name {0} is not known here: a spelling, or a cell that was not run.",
    ),
    (r"has no attribute '(\w+)'", "There is no {0} on that object: a spelling, or it was never made."),
    (r"out of bounds|out of range", "An index points past the end: the loop runs too far."),
    (r"must match the size of tensor", "Two tensors meet whose sizes do not fit."),
    (
        r"could not infer output dtype|output type Byte",
        "Bytes hold no fractions: turn them into floats first.",
    ),
    (r"maximum recursion depth", "The code calls itself without end."),
    (r"by zero", "It divides by zero."),
]


def words_for(error: BaseException) -> str:
    """The place and the meaning of an error in a student's code, in two sentences.

    Args:
        error: what was caught.
    Returns:
        The line of the student's code, where there is one, and what the error means.
    """
    kind = type(error).__name__
    try:
        raw = str(error).strip().splitlines()
    except Exception:  # the message of a student's own exception may be broken too
        raw = []
    return f"Your code stops{_place(error)} with {kind}. {_meaning(raw[0][:200] if raw else '')}".strip()


def _meaning(message: str) -> str:
    for pattern, words in _MEANINGS:
        found = re.search(pattern, message)
        if found:
            return words.format(*found.groups())
    message = re.sub(r" at 0x[0-9a-fA-F]+", "", message)  # an address differs from run to run
    return f"Python says: {message.rstrip('.')}." if message else ""


def raised_by_the_student(error: BaseException) -> bool:
    """Whether the student's own code holds the `raise`, and not PyTorch's."""
    traced = error.__traceback__
    while traced is not None and traced.tb_next is not None:
        traced = traced.tb_next
    if traced is None or _foreign(traced.tb_frame.f_code.co_filename):
        return False
    return traced.tb_frame.f_code.co_code[traced.tb_lasti] == dis.opmap["RAISE_VARARGS"]


def _foreign(file: str) -> bool:
    return file.startswith(_LIBRARIES) or file.startswith("<frozen")


def _place(error: BaseException) -> str:
    """Where the last of the student's own lines stands; empty if none is known."""
    place = ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if _foreign(file):
            continue
        line = linecache.getline(file, number, frame.f_globals).strip()
        line = line if len(line) <= 90 else f"{line[:89]}…"
        place = f" in line {number}, “{line}”," if line else f" in line {number}"
    return place
