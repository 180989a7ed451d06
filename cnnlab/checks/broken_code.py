"""Say in plain words where a student's code stopped, and what the error means."""

from __future__ import annotations

import dis
import linecache
import os
import re
import sysconfig
import traceback
from pathlib import Path

import torch
from torch import nn

from cnnlab.words import counted

_LIBRARIES = tuple(
    str(folder) + os.sep
    for folder in [
        Path(__file__).resolve().parent.parent,
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    ]
)

_PRODUCT = re.compile(r"shapes cannot be multiplied|size mismatch, got|batch2 tensor|mismatch in its core")
_ANOTHER_NUMBER = "A linear layer waits for {} an image, but another number arrives."
_LAYERS_PRODUCT = re.compile(r"shapes cannot be multiplied \(\d+x\d+ and (\d+)x\d+\)")

# What the error says (a pattern) and what it means; {0}, {1} are the pattern's groups.
_MEANINGS = [
    (
        r"expected input.* to have 1 channels",
        "A convolution waits for 1 channel, but others arrive: its first number is what comes in.",
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
    (
        r"must be Tensor, not (ReLU|MaxPool2d|AvgPool2d|Flatten|Dropout|LogSoftmax|Softmax)\b",
        "nn.{0} is a layer that is made first and called then: nn.{0}(…)(x).",
    ),
    (r"has no attribute '(\w+)'", "There is no {0} on that object: a spelling, or it was never made."),
    (
        r"^Dimension out of range .* but got (-?\d+)|^axis (-?\d+) is out of bounds for array",
        "There is no axis {0}: dim and axis are counted from 0, so the last is one less than their number.",
    ),
    (r"^Target (-?\d+) is out of bounds", "The label {0} has no logit: are there too few outputs?"),
    (r"^pop from (?:an )?empty", "Something is taken out, and nothing is left."),
    (r"Numerical result out of range|too large to convert", "A number becomes too large to work with."),
    (r"out of bounds|out of range", "An index points past the end: does a loop run too far?"),
    (r"must match the size of tensor", "Two tensors meet whose sizes do not fit."),
    (
        r"^.(?:log_)?softmax\w*. not implemented for '(?:Long|Int|Byte)'",
        "Whole numbers stand where logits are waited for: a loss takes the logits first, then the labels.",
    ),
    (
        r"only batches of spatial targets",
        "Images stand where logits are waited for: does the loss get what the model gives?",
    ),
    (
        r"could not infer output dtype|output type Byte",
        "Bytes hold no fractions: turn them into floats first.",
    ),
    (r"maximum recursion depth", "The code calls itself without end."),
    (r"by zero", "It divides by zero."),
    (
        r"modified by an inplace operation",
        "Something is overwritten in place that backward() still needs: "
        "an operation whose name ends in _, or an assignment to a part of a tensor.",
    ),
    (r"numpy\(\) on Tensor that requires grad", "NumPy knows no gradients: with it nothing can be learned."),
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
    message = raw[0][:200] if raw else ""
    try:
        means = _of_what_is_empty(error) or _of_a_product(error, message) or _meaning(message)
    except Exception:  # a student's own object may refuse to be looked at
        means = _meaning(message)
    return f"Your code stops{_place(error)} with {kind}. {means}".strip()


def found_empty(error: BaseException) -> str:
    """The name of the list or dictionary without entries that the student's line looks into; "" if none."""
    if not isinstance(error, (IndexError, KeyError)):
        return ""
    for line, names in _own_lines(error)[-1:]:
        for name in re.findall(r"(\w+)\s*(?:\[|\.pop\()", line):
            value = names.get(name)
            if type(value) in (list, tuple, dict) and not value:
                return str(name)
    return ""


def _of_what_is_empty(error: BaseException) -> str:
    name = found_empty(error)
    return f"Nothing is in {name} at that moment: what should have put something in?" if name else ""


def _of_a_product(error: BaseException, message: str) -> str:
    """What it means that two matrices cannot be multiplied: in a linear layer, or written by hand."""
    if not _PRODUCT.search(message):
        return ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        layer, given = frame.f_locals.get("self"), frame.f_locals.get("input")
        if isinstance(layer, nn.Linear) and isinstance(given, torch.Tensor):
            if given.ndim > 2:
                return (
                    f"What reaches a linear layer has {given.ndim} dimensions: "
                    "it waits for one row of numbers for each image (flatten)."
                )
            return _ANOTHER_NUMBER.format(counted(layer.in_features, "number"))
    line = "".join(line for line, _ in _own_lines(error)[-1:])
    found = _LAYERS_PRODUCT.search(message)
    if found and re.search(r"\blinear\(", line):
        return _ANOTHER_NUMBER.format(counted(int(found[1]), "number"))
    written = "@" if "@" in line else next(iter(re.findall(r"\b(matmul|mm|bmm|mv|dot)\(", line)), "It")
    return (
        f"{written} makes the product of two matrices, rows times columns, and their sizes do not fit. "
        "The sign * multiplies number by number."
    )


def _meaning(message: str) -> str:
    for pattern, words in _MEANINGS:
        found = re.search(pattern, message)
        if found:
            return words.format(*[group for group in found.groups() if group is not None])
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


def _own_lines(error: BaseException) -> list[tuple[str, dict[str, object]]]:
    """The student's own lines on the way to an error, each with the names that are known there."""
    return [
        (linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip(), names)
        for frame, number in traceback.walk_tb(error.__traceback__)
        if not _foreign(frame.f_code.co_filename)
        for names in [{**frame.f_globals, **frame.f_locals}]
    ]


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
