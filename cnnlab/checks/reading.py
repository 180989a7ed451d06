"""Read what students hand in: numbers, tables of numbers, functions, networks."""

from __future__ import annotations

import contextlib
import copy
import inspect
import math
import numbers
from collections.abc import Callable, Iterator, ValuesView
from decimal import Decimal
from itertools import islice
from types import BuiltinFunctionType, FunctionType, MethodType

import numpy as np
import torch
from torch import Tensor, nn

from cnnlab.checks.runner import BLANK
from cnnlab.checks.verdict import Blank, Wrong
from cnnlab.words import counted

_MOST_IN_A_ROW = 10_000  # a generator may never end
_MOST_NUMBERS = 10_000_000  # more than any exercise asks for


def listed(answer: object) -> object:
    """What a map, a generator or the values of a dictionary give, as a list; anything else as it is."""
    if isinstance(answer, (Iterator, ValuesView)):
        return list(islice(answer, _MOST_IN_A_ROW))
    return answer


def not_blank(answer: object) -> None:
    """Raise `Blank` for None, `...`, an empty text or an empty container."""
    empty_text = isinstance(answer, str) and answer.strip(" .…_?") == ""
    empty = isinstance(answer, (list, tuple, dict, set)) and len(answer) == 0
    if answer is None or answer is ... or empty_text or empty:
        raise Blank(BLANK)


def shown(value: float) -> str:
    """A number as the messages write it: a true minus, thousands apart, at most four digits of a fraction.

    >>> shown(-13.5), shown(870634), shown(25641.03), shown(float("nan"))
    ('−13.5', '870,634', '25,641', 'nan')
    """
    if not math.isfinite(value):
        return str(value).replace("-", "−")
    text = f"{value:.4g}" if value != int(value) or abs(value) >= 1e15 else str(int(value))
    if 10_000 <= abs(value) < 1e15:
        text = f"{value:,.0f}"
    return text.replace("-", "−")


def told(given: str, says: str) -> str:
    """What the answer gives and what is wrong with it, with one colon at most in a sentence.

    >>> told("11 × 11 after conv2", "you counted padding on one side only.")
    '11 × 11 after conv2: you counted padding on one side only.'
    >>> told("You give 25", "that is the sum: each pixel has a weight.")
    'You give 25. That is the sum: each pixel has a weight.'
    """
    return f"{given}. {says[0].upper()}{says[1:]}" if ":" in says else f"{given}: {says}"


def kind(answer: object) -> str:
    """What something is, in a word or two, with its article; the same on every machine."""
    if isinstance(answer, Tensor):
        return f"a tensor of shape {tuple(answer.shape)}"
    if isinstance(answer, np.ndarray):
        return f"an array of shape {answer.shape}"
    if isinstance(answer, type):
        return "a class"
    if isinstance(answer, (FunctionType, BuiltinFunctionType, MethodType)):
        return "a function"
    names = {str: "a text", bool: "True or False", dict: "a dictionary", list: "a list", tuple: "a tuple"}
    name = type(answer).__name__
    return names.get(type(answer), f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}")


def number(answer: object, what: str = "Your answer") -> float:
    """One finite number out of an int, a float, or a tensor or array with one element.

    Args:
        answer: what the student gave.
        what: how the messages call it.
    Raises:
        Blank: there is no answer.
        Wrong: it is not one finite number.
    """
    not_blank(answer)
    if isinstance(answer, Decimal):
        answer = float(answer)
    if isinstance(answer, (Tensor, np.ndarray)) and math.prod(answer.shape) == 1:
        answer = answer.item()
    if isinstance(answer, (bool, np.bool_)) or not isinstance(answer, numbers.Real):
        hint = "are its brackets missing?" if kind(answer) == "a function" else "a number is asked for."
        raise Wrong(f"{what} is {kind(answer)}: {hint}")
    try:
        value = int(answer) if isinstance(answer, numbers.Integral) else float(answer)
        finite = math.isfinite(value)
    except OverflowError:
        raise Wrong(_far_too_large(answer, what)) from None
    if not finite:
        raise Wrong(f"{what} is {shown(value)}: that is no number to work with.")
    return value


def table(answer: object, what: str = "Your answer") -> Tensor:
    """A float64 tensor out of a tensor, an array or (nested) lists of numbers.

    Args:
        answer: what the student gave.
        what: how the messages call it.
    Raises:
        Blank: there is no answer.
        Wrong: it is no table of finite numbers.
    """
    if answer is None or answer is ...:
        raise Blank(BLANK)
    if isinstance(answer, (list, tuple)) and any(part is None or part is ... for part in answer):
        raise Blank(BLANK)
    if isinstance(answer, (Tensor, np.ndarray)) and math.prod(answer.shape) > _MOST_NUMBERS:
        raise Wrong(f"{what} holds {math.prod(answer.shape):,} numbers: far too many.")
    try:
        if isinstance(answer, Tensor):
            made = answer.detach().cpu().to(torch.float64)
        else:
            made = torch.as_tensor(np.asarray(_plain(answer), dtype=np.float64))
    except OverflowError:
        raise Wrong(_far_too_large(answer, what)) from None
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"{what} is {_no_numbers(answer)}") from None
    if not made.isfinite().all():
        raise Wrong(f"{what} holds a nan or an infinity.")
    return made


_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def _no_numbers(answer: object) -> str:
    """What something is that holds no numbers; of a list or tuple, which of its parts is to blame."""
    if isinstance(answer, (list, tuple)):
        for place, part in zip(_PLACES, answer):
            number_like = isinstance(part, (numbers.Real, Decimal, np.generic)) and not isinstance(part, bool)
            if number_like or isinstance(part, (Tensor, np.ndarray, list, tuple)):
                continue
            hint = ": are its brackets missing?" if kind(part) == "a function" else ": a number is asked for."
            return (
                f"{kind(answer)}, and the {place} of its {counted(len(answer), 'part')} is {kind(part)}{hint}"
            )
        shapes = list(dict.fromkeys(kind(part) for part in answer[:100]))
        if len(shapes) > 1:
            return f"{kind(answer)} that holds {shapes[0]} and {shapes[1]}: they do not fit together."
    hint = "are its brackets missing?" if kind(answer) == "a function" else "numbers are asked for."
    return f"{kind(answer)}: {hint}"


def _far_too_large(answer: object, what: str) -> str:
    """What to say to a whole number that no float can hold."""
    parts = answer if isinstance(answer, (list, tuple)) else [answer]
    digits = max(
        (int(part.bit_length() * math.log10(2)) + 1 for part in parts if isinstance(part, int)), default=309
    )
    return f"{what} has about {digits:,} digits: far too large. Does ** stand where * should?"


def _plain(answer: object) -> object:
    """Lists of tensors as lists of numbers; texts are refused, although NumPy would read them."""
    if isinstance(answer, (str, bytes)):
        raise TypeError
    if isinstance(answer, (list, tuple)):
        return [_plain(part) for part in answer]
    return answer.detach().cpu().numpy() if isinstance(answer, Tensor) else answer


def function(answer: object, usage: str, arguments: int) -> Callable[..., object]:
    """The student's function, once it is sure that it can be called with so many arguments.

    Args:
        answer: what the student gave.
        usage: how the check calls it, such as "output_size(w_in, k, p, s)".
        arguments: how many arguments that is.
    Raises:
        Blank: there is no answer.
        Wrong: it is no function, or takes other arguments.
    """
    not_blank(answer)
    if not callable(answer) or isinstance(answer, type):
        name = usage.partition("(")[0]
        raise Wrong(f"Your answer is {kind(answer)}: give the function itself, {name}, without brackets.")
    try:
        inspect.signature(answer).bind(*[None] * arguments)
    except TypeError:
        raise Wrong(f"Your function takes other arguments: it is called as {usage}.") from None
    except ValueError:  # a function of C that does not tell
        pass
    return answer


def call(student: Callable[..., object], *arguments: object) -> object:
    """What the student's function returns, given copies, so that it can change nothing of ours.

    Raises:
        Blank: it returns nothing.
    """
    given = [copy.deepcopy(a) if isinstance(a, (Tensor, list)) else a for a in arguments]
    answer = student(*given)
    if answer is None or answer is ... or answer is NotImplemented:
        raise Blank(
            "Your function gives no answer yet: do the dots still stand in it, or is the return missing?"
        )
    return answer


def network(answer: object, returned: bool = False) -> nn.Module:
    """The student's network in eval mode: a copy of an instance, or an instance of a class.

    Args:
        answer: what the student gave.
        returned: whether it is what the student's function returned.
    Raises:
        Blank: there is no answer.
        Wrong: it is no network.
    """
    not_blank(answer)
    if isinstance(answer, type) and issubclass(answer, nn.Module):
        answer = answer()
    elif isinstance(answer, nn.Module):
        with contextlib.suppress(RuntimeError, ValueError):  # no copy of a history, nor of a lazy batch norm
            answer = copy.deepcopy(answer)
            if any(p.dtype in {torch.float16, torch.bfloat16} for p in answer.parameters()):
                answer = answer.float()  # a processor takes seconds for what it has no 16-bit code for
    if not isinstance(answer, nn.Module) and returned:
        hint = " That is what draws numbers." if isinstance(answer, torch.Generator) else ""
        raise Wrong(f"Your function returns {kind(answer)}: a network is asked for.{hint}")
    if not isinstance(answer, nn.Module):
        raise Wrong(
            f"Your answer is {kind(answer)}: give the class of your network, or one network made of it."
        )
    return answer.cpu().eval()
