"""Note every step that a batch takes through a running model: layers by hooks, functions by a mode."""

from __future__ import annotations

import contextlib
import linecache
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_module
from torch.overrides import TorchFunctionMode

Shape = tuple[int, ...]
Detours = Mapping[int, Callable[..., Any]]
INPUT = -1  # stands for the model's input where the number of a step is meant

_TORCH_FOLDER = os.path.dirname(torch.__file__) + os.sep  # not a student's folder torch_lessons/ beside it
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
# These give back the same numbers: a student would not call them a step.
_NO_STEP = {"detach", "clone", "contiguous", "to", "float", "double", "half", "bfloat16", "type", "data"}
_NO_STEP |= {"cpu", "cuda", "requires_grad_", "type_as", "__deepcopy__", "alias"}
_TURNED = {"T", "mT"}  # properties that give other numbers in each place
_A_LOOK = {"size", "dim", "numel", "__len__"}  # gives no new numbers either, as x.shape does not


@dataclass(frozen=True)
class Line:
    """A line of a forward()."""

    number: int  # counted from 1 in its file or notebook cell
    text: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.text}"


@dataclass(frozen=True)
class Step:
    """One thing that happened to the batch: a layer was called, or a function of PyTorch."""

    name: str  # the layer's name in the model, else the function's name; "relu (call 2)" when repeated
    kind: str  # the layer's class, or "function"
    module: nn.Module | None  # the layer, in the copy that ran
    function: str | None  # such as "max_pool2d", for a step that is no layer
    args: tuple[Any, ...]  # what the function was called with; tensors replaced by their shapes
    kwargs: dict[str, Any]
    in_shapes: tuple[
        Shape, ...
    ]  # of the tensors that came from the input or from earlier steps, batch included
    out_shape: Shape | None  # batch included; None: the step failed, or gave no tensor
    parents: tuple[int, ...]  # numbers of the steps that made the in_shapes; INPUT for the model's input
    line: Line | None  # where forward() does it; None in an nn.Sequential
    registered: bool = True  # False for a layer that the model does not know as its own

    @property
    def path(self) -> str:
        """The layer's name in the model, without "(call 2)"."""
        return self.name.split(" (call ")[0]

    @property
    def in_shape(self) -> Shape:
        return self.in_shapes[0] if self.in_shapes else ()

    @property
    def what(self) -> str:
        """The operation in lower case, the same for a layer and a function: "conv2d", "relu"."""
        return (self.function or type(self.module).__name__).lower().strip("_")


class Recorder(TorchFunctionMode):
    """Notes layers and functions while a model runs."""

    def __init__(self, model: nn.Module, images: Tensor, instead: Detours, before: Detours) -> None:
        super().__init__()
        self._instead, self._detour = instead, before
        self.steps: list[Step] = []
        self._names = {id(module): name for name, module in model.named_modules()}
        self._owners = {id(p): name for name, p in model.named_parameters()}
        self._made: dict[int, int] = {id(images): INPUT}  # id of a tensor -> number of the step that made it
        self._alive: list[Any] = [images]  # keeps the ids from being used again
        self._inside: list[tuple[nn.Module, Line | None]] = []  # layers that are running now
        self._calls: dict[str, int] = {}

    def run(self, model: nn.Module, images: Tensor) -> Any:
        """The model's output for the images, with every step noted on the way."""
        with self._listening():
            return model(images)

    @contextlib.contextmanager
    def _listening(self) -> Iterator[None]:
        # Hooks on all modules, not on the model's, so that layers made inside forward() are seen too.
        before = torch_module.register_module_forward_pre_hook(self._before)
        after = torch_module.register_module_forward_hook(self._after, with_kwargs=True, always_call=True)
        try:
            with self:
                yield
        finally:
            before.remove()
            after.remove()

    def _before(self, module: nn.Module, args: Any) -> Any:
        if not self._inside and not is_layer(module):
            return None
        if not self._inside and len(self.steps) in self._detour:
            args = self._changed_input(args)
        self._inside.append((module, _line_of_caller()))
        return args

    def _changed_input(self, args: Any) -> Any:
        with self._unheard():
            changed = self._detour[len(self.steps)](args[0])
        self._link(changed, (self._parents(args) or [INPUT])[0])
        return (changed, *args[1:])

    def _after(self, module: nn.Module, args: Any, *rest: Any) -> None:
        # PyTorch gives (kwargs, output), but after an error only (None,).
        kwargs, output = rest if len(rest) == 2 else ({}, None)
        if not self._inside or self._inside[-1][0] is not module:
            return
        _, line = self._inside.pop()
        if self._inside:
            return  # a layer inside a layer, as in nn.MultiheadAttention
        name = self._names.get(id(module)) or type(module).__name__
        self._note(name, type(module).__name__, module, None, args, kwargs, output, line)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if self._inside:
            return func(*args, **kwargs)
        name = getattr(func, "__name__", str(func))
        if name == "__get__":  # a property, such as x.T
            name = getattr(getattr(func, "__self__", None), "__name__", name)
        owned = [self._owners[id(t)] for t in _tensors((args, kwargs)) if id(t) in self._owners]
        where = owned[0].rpartition(".")[0] if owned else ""  # self.conv1.forward(x) skips the hooks
        ours = bool(self._parents((args, kwargs)))
        same = name in _NO_STEP and not _makes_whole((*args, *kwargs.values()))
        is_property = getattr(func, "__name__", "") == "__get__" and name not in _TURNED
        is_step = not same and not is_property and name not in _A_LOOK
        try:
            if ours and is_step and len(self.steps) in self._instead:
                with self._unheard():
                    output = self._instead[len(self.steps)](*args, **kwargs)
            else:
                output = func(*args, **kwargs)
        except Exception:
            if ours:
                self._note(
                    where or _plain(name), "function", None, name, args, kwargs, None, _line_of_caller()
                )
            raise
        if ours and same:
            self._link(output, self._parents((args, kwargs))[0])
        elif ours and _tensors(output):
            self._note(where or _plain(name), "function", None, name, args, kwargs, output, _line_of_caller())
        return output

    @contextlib.contextmanager
    def _unheard(self) -> Iterator[None]:
        """Take no notes of what a detour does inside."""
        self._inside.append((nn.Identity(), None))
        try:
            yield
        finally:
            self._inside.pop()

    def _note(
        self,
        name: str,
        kind: str,
        module: nn.Module | None,
        function: str | None,
        args: Any,
        kwargs: Any,
        output: Any,
        line: Line | None,
    ) -> None:
        self._calls[name] = self._calls.get(name, 0) + 1
        if self._calls[name] > 1:
            name = f"{name} (call {self._calls[name]})"
        given = [t for t in _tensors((args, kwargs)) if id(t) in self._made] or (
            [t for t in _tensors((args, kwargs))] if module is not None else []
        )
        made = _tensors(output)
        self.steps.append(
            Step(
                name,
                kind,
                module,
                _plain(function) if function else None,
                _without_tensors(args),
                _without_tensors(kwargs),
                tuple(tuple(t.shape) for t in given),
                tuple(made[0].shape) if made else None,
                tuple(self._made[id(t)] for t in given if id(t) in self._made),
                line,
                registered=module is None or id(module) in self._names,
            )
        )
        self._link(output, len(self.steps) - 1)

    def _parents(self, values: Any) -> list[int]:
        return [self._made[id(t)] for t in _tensors(values) if id(t) in self._made]

    def _link(self, output: Any, number: int) -> None:
        for tensor in _tensors(output):
            self._made[id(tensor)] = number
            self._alive.append(tensor)


def is_layer(module: nn.Module) -> bool:
    """Whether PyTorch wrote this module's forward(), so that its inside is no concern of the student."""
    forward = getattr(type(module), "forward", None)
    if forward is nn.Module.forward or isinstance(module, _CONTAINERS):
        return False
    home = getattr(forward, "__module__", None) or ""  # None: the class was made by exec()
    return home.startswith("torch.nn.modules.")


def _makes_whole(given: Sequence[Any]) -> bool:
    """Whether x.to(…) is asked for whole numbers, which are other numbers than those of x."""
    return any(isinstance(v, torch.dtype) and not v.is_floating_point for v in given)


def _plain(name: str) -> str:
    """A function's name as a student writes it: "max_pool2d" for "_max_pool2d", "add" for "__iadd__"."""
    if name == "max_pool2d_with_indices":
        return "max_pool2d"
    return name.strip("_").removesuffix("_with_indices") or name


def _tensors(values: Any) -> list[Tensor]:
    """All tensors in nested tuples, lists and dictionaries, in order."""
    if isinstance(values, Tensor):
        return [values]
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, (tuple, list)):
        return [tensor for value in values for tensor in _tensors(value)]
    return []


def _without_tensors(values: Any) -> Any:
    """The same nested values with each tensor replaced by its shape, so that no memory is held."""
    if isinstance(values, Tensor):
        return values.shape
    if isinstance(values, dict):
        return {key: _without_tensors(value) for key, value in values.items()}
    if type(values) in (tuple, list):
        return type(values)(_without_tensors(value) for value in values)
    return values


def _line_of_caller() -> Line | None:
    """The line of the student's forward() that is running; None if only PyTorch's own code is."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code is not Recorder.run.__code__:
        file = frame.f_code.co_filename
        if file != __file__ and not file.startswith(_TORCH_FOLDER) and file != contextlib.__file__:
            return _line(file, frame.f_lineno)
        frame = frame.f_back  # type: ignore[assignment]
    return None


def line_of_error(error: BaseException) -> Line | None:
    """The innermost line outside PyTorch that an error passed through."""
    found, place = None, error.__traceback__
    while place is not None:
        code = place.tb_frame.f_code
        if code is Recorder.run.__code__:
            found = None  # what lies further out is ours
        elif code.co_filename != __file__ and not code.co_filename.startswith(_TORCH_FOLDER):
            found = _line(code.co_filename, place.tb_lineno)
        place = place.tb_next
    return found


def _line(file: str, number: int) -> Line | None:
    text = linecache.getline(file, number).strip()
    return Line(number, text.split("  #")[0].rstrip()) if text else None
