"""An error in a student's code is told with its line and its meaning."""

from __future__ import annotations

import linecache

import pytest
import torch
from torch import nn

from cnnlab.checks.broken_code import raised_by_the_student, words_for


def error_of(code: str, name: str = "<cell>") -> BaseException:
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    with pytest.raises(Exception) as caught:  # noqa: PT011
        exec(compile(code, name, "exec"), {"torch": torch, "nn": nn})
    return caught.value


def test_the_line_of_the_student_is_named_not_that_of_pytorch() -> None:
    words = words_for(error_of("layer = nn.Linear(321, 50)\nx = layer(torch.zeros(2, 320))\n"))
    assert words.startswith("Your code stops in line 2, “x = layer(torch.zeros(2, 320))”, with RuntimeError.")
    assert words.endswith("A linear layer waits for 321 numbers an image, but another number arrives.")


def test_only_the_students_own_raise_means_not_yet() -> None:
    assert raised_by_the_student(error_of("def f():\n    raise NotImplementedError\nf()"))
    assert not raised_by_the_student(error_of("torch.ones(2, dtype=torch.uint8).mean()"))
    assert not raised_by_the_student(error_of("nn.Module()(1)"))


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("1 / 0", "It divides by zero."),
        ("w_oot", "The name w_oot is not known here"),
        ("[1][3]", "An index points past the end"),
        ("kept = []\nkept[0]", "Nothing is in kept at that moment"),
        ("kept = {}\nkept['out']", "Nothing is in kept at that moment"),
        ("[].pop()", "Something is taken out, and nothing is left."),
        ("torch.zeros(2, 3).sum(dim=2)", "There is no axis 2: dim and axis are counted from 0"),
        ("torch.zeros(2, 3).numpy().sum(axis=2)", "There is no axis 2"),
        ("torch.zeros(2)[5]", "An index points past the end"),
        ("torch.zeros(2, 3) @ torch.zeros(2, 3)", "@ makes the product of two matrices"),
        ("torch.zeros(2, 3).numpy() @ torch.zeros(2, 3).numpy()", "@ makes the product of two matrices"),
        ("torch.mm(torch.zeros(2, 3), torch.zeros(2, 3))", "mm makes the product of two matrices"),
        ("torch.zeros(2, 3).mv(torch.zeros(2))", "mv makes the product"),
        ("torch.zeros(1, 2, 3).bmm(torch.zeros(1, 2, 3))", "bmm makes the product"),
        (
            "nn.functional.linear(torch.zeros(2, 3), torch.zeros(4, 1))",
            "A linear layer waits for 1 number an",
        ),
        ("nn.Linear(3, 4)(torch.zeros(2, 5, 5, 5))", "has 4 dimensions: it waits for one row of numbers"),
        ("nn.Conv2d(1, 20, 5)(torch.zeros(1, 10, 9, 9))", "waits for 1 channel, but"),
        ("nn.functional.cross_entropy(torch.zeros(1, 3), torch.tensor([7]))", "The label 7 has no logit"),
        ("2.0 ** 5000", "A number becomes too large to work with."),
        ("def f(): f()\nf()", "The code calls itself without end."),
        ("nn.Linear(1, 1).weigth", "There is no weigth on that object"),
        ("three = 3\nthree(4)", "Something of the type int is called like a function."),
        ("nn.Conv2d(20, 20, 5)(torch.zeros(1, 10, 9, 9))", "A convolution waits for 20 channels"),
        ("torch.zeros(5).view(2, 3)", "view or reshape to (2, 3) does not fit"),
        ("nn.Conv2d(1, 1, 5)(torch.zeros(1, 1, 3, 3))", "A kernel is larger than the map"),
        ("raise ValueError(f'{object()}')", "Python says: <object object>."),
        (
            "class A(nn.Module):\n  def __init__(self): self.fc = nn.ReLU()\nA()",
            "super().__init__() is missing",
        ),
        ("raise ValueError", "with ValueError."),
    ],
)
def test_a_common_error_is_told_in_words(code: str, meaning: str) -> None:
    assert meaning in words_for(error_of(code))
