"""Try a change of a model on a copy of it before anybody is told to make it."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from cnnlab.inspection.blueprint import code, lazy, lazy_code, rebuilt
from cnnlab.inspection.shapes import product
from cnnlab.inspection.tracing import Detours, Step, Trace, copy_of, trace
from cnnlab.inspection.windows import is_conv

_METHODS = ("view", "reshape", "flatten", "ravel", "squeeze", "unflatten", "permute", "transpose", "relu")
_OTHER_BATCH = 3  # images; the first trial is made with two
_TRIALS = 40  # of one idea; a trial runs the model on two images


@dataclass(frozen=True)
class Change:
    """One way to mend a model."""

    text: str  # what the student writes
    layers: dict[str, nn.Module] = field(default_factory=dict)  # layers to put in place of others, by name
    instead: Detours = field(default_factory=dict)  # as in `trace`
    before: Detours = field(default_factory=dict)
    then: str = ""  # such as "{product} = 320", told with the product that the trial gave
    lazily: bool = False  # a linear layer that no longer fits becomes a lazy one
    follows: bool = False  # the linear layer at which it fails may change with it


@dataclass(frozen=True)
class Remedies:
    """Ways to mend a model, the simplest first."""

    texts: tuple[str, ...] = ()
    mend: Literal["all", "part", "untried"] = (
        "all"  # the model works / this mistake is gone, but there is another
    )

    def or_else(self, *texts: str) -> Remedies:
        """These remedies, or advice that could not be tried, if there are none."""
        return self if self.texts else Remedies(texts, "untried")


class Workbench:
    """Tries changes of one model on a small batch.

    Args:
        model: the network that does not fit together.
        images: (N, ...) a small batch.
        broken: the trace that shows how it fails.
        number: the step that fails, or that goes wrong without failing.
    """

    def __init__(self, model: nn.Module, images: Tensor, broken: Trace, number: int) -> None:
        self.model, self.images, self.broken, self.number = model, images, broken, number
        self.step = broken.steps[number]
        self.shape = broken.image_shape(self.step.in_shape)  # of what arrives there, without the batch
        self._modules = dict(model.named_modules())

    def choose(self, *ideas: Iterable[Change]) -> Remedies:
        """The first change of each idea after which the whole model works.

        A linear layer whose width follows from the change is changed with it. If nothing makes
        the whole model work, because there is another mistake, the first change of each idea
        that gets past this one.
        """
        whole: list[str] = []
        part: list[str] = []
        for idea in ideas:
            longer = partly = ""
            for change in _possible(idea):
                made = self.trial(change)
                if made is not None and fits(made) and self._fits_another_batch(change):
                    whole.append(self._told(change, made))
                    break
                if made is None or not (self._past(made) or change.before or change.follows):
                    continue
                longer = longer or self._with_linear_layer(change, made)
                if self._past(made):
                    partly = partly or change.text
            else:
                if longer:
                    whole.append(longer)
                elif partly:
                    part.append(partly)
        if whole:
            whole += [f"{text}, and then explain again" for text in part[: 2 - len(whole)]]
        return Remedies(tuple(dict.fromkeys(whole or part))[:3], "all" if whole else "part")

    def trial(self, change: Change, images: Tensor | None = None) -> Trace | None:
        """What the model does with a change, on the small batch or on others; None if it cannot be made."""
        twin = copy_of(self.model)
        if twin is self.model and change.layers:
            return None
        try:
            for name, layer in change.layers.items():
                one = copy_of(layer)
                for every in self._names_of(name):  # a layer that has two names stays one layer
                    twin.set_submodule(every, one)
        except (AttributeError, ValueError, TypeError):
            return None
        images = self.images if images is None else images
        return trace(twin, images, change.instead, change.before)

    def _fits_another_batch(self, change: Change) -> bool:
        """Whether the changed model takes a batch of another size too: x.reshape(2, -1) would not."""
        if self.images.ndim < 2:
            return True
        made = self.trial(change, self.another_batch())
        return made is not None and fits(made)

    def another_batch(self) -> Tensor:
        """The first image, as a batch of another size than the one that was traced."""
        size = _OTHER_BATCH if len(self.images) != _OTHER_BATCH else _OTHER_BATCH + 1
        return self.images[:1].expand(size, *self.images.shape[1:]).contiguous()

    def _names_of(self, name: str) -> list[str]:
        """All names that the model has for a layer: two after self.c = self.b."""
        layer = self.model.get_submodule(name)
        return [other for other, same in self.model.named_modules(remove_duplicate=False) if same is layer]

    def layer(self, step: Step) -> nn.Module | None:
        """The layer of a step, if the model knows it by name, so that it can be changed."""
        found = self._modules.get(step.path) if step.path else None
        return found if found is not None and found is not self.model and step.registered else None

    def before(self, number: int) -> list[int]:
        """The numbers of all steps that a step depends on, nearest first."""
        found: set[int] = set()
        waiting = list(self.broken.steps[number].parents)
        while waiting:
            parent = waiting.pop()
            if parent >= 0 and parent not in found:
                found.add(parent)
                waiting += self.broken.steps[parent].parents
        return sorted(found, reverse=True)

    def convolutions(self) -> list[tuple[str, nn.Module]]:
        """The convolutions before the step, from the first to the last."""
        return self._upstream(is_conv)

    def poolings(self) -> list[tuple[str, nn.Module]]:
        """The pooling layers before the step, from the first to the last."""
        return self._upstream(lambda layer: isinstance(layer, (nn.MaxPool2d, nn.AvgPool2d)))

    def _upstream(self, wanted: Callable[[nn.Module], bool]) -> list[tuple[str, nn.Module]]:
        steps = [self.broken.steps[n] for n in reversed(self.before(self.number))]
        found = {step.path: self.layer(step) for step in steps}
        return [(name, layer) for name, layer in found.items() if layer is not None and wanted(layer)]

    def _with_linear_layer(self, change: Change, made: Trace) -> str:
        """The change and the linear layer that must follow it; "" if that is not enough."""
        step = made.failed
        layer = self.layer(step) if step is not None else None
        if step is None or step.path in change.layers or not isinstance(layer, nn.Linear):
            return ""
        if len(step.in_shape) != 2 or step.in_shape[0] != made.batch:
            return ""
        new = lazy(layer) if change.lazily else rebuilt(layer, in_features=step.in_shape[1])
        if new is None:
            return ""
        line = assigned(step.path, lazy_code(layer) if change.lazily else code(new))
        both = replace(
            change, text=f"{change.text}, and {line}", layers={**change.layers, step.path: new}, then=""
        )
        again = self.trial(both)
        works = again is not None and fits(again) and self._fits_another_batch(both)
        return both.text if works else ""

    def _past(self, made: Trace) -> bool:
        """Whether the step that went wrong is behind us."""
        step = made.steps[self.number] if self.number < len(made.steps) else None
        return step is not None and step.out_shape is not None and step.out_shape[0] == made.batch

    def _told(self, change: Change, made: Trace) -> str:
        if not change.then:
            return change.text
        flattened = ""
        for step in made.steps:
            shape = made.image_shape(step.in_shape)
            if len(shape) > 1 and len(made.image_shape(step.out_shape or ())) == 1:
                flattened = product(shape)
        return f"{change.text}: then {change.then.format(product=flattened)}" if flattened else change.text


def _possible(idea: Iterable[Change]) -> Iterator[Change]:
    """The changes of an idea, up to one that PyTorch refuses to make."""
    with contextlib.suppress(ValueError):  # such as channels that the groups of a convolution do not divide
        yield from itertools.islice(idea, _TRIALS)


def fits(made: Trace) -> bool:
    """Whether the model went through and gave one row for each image."""
    output = made.output[0] if isinstance(made.output, (tuple, list)) and made.output else made.output
    return made.error is None and isinstance(output, Tensor) and output.ndim > 0 and len(output) == made.batch


def call(step: Step) -> str:
    """A function step as a student writes it: "x.view(-1, 320)", "F.max_pool2d(x, 2)"."""
    if step.function in ("T", "mT"):
        return f"x.{step.function}"
    line = step.line.text.replace(" ", "") if step.line is not None else ""
    named_ones = [f"{key}={value}" for key, value in step.kwargs.items() if f"{key}={value}" in line]
    numbers = [*map(str, step.args[1:]), *named_ones]
    if step.what in ("view", "reshape") and step.in_shape and step.args[1:2] == step.in_shape[:1]:
        literal = f"{step.what}({','.join(numbers)})"
        if literal not in line:
            numbers[0] = "x.size(0)"  # the batch of the trial would be wrong for any other
    if step.what in _METHODS or not hasattr(F, step.what):
        return f"x.{step.what}({', '.join(numbers)})"
    return f"F.{step.what}({', '.join(['x', *numbers])})"


def named(name: str) -> str:
    """A layer's name in a sentence.

    >>> named("conv1"), named("features.3"), named("1.conv2")
    ('conv1', 'layer features.3', 'layer 1.conv2')
    """
    return f"layer {name}" if _has_number(name) else name


def _has_number(name: str) -> bool:
    """Whether one of a name's parts is the place in a list, which no self.name = … can be written for."""
    return any(part.isdigit() for part in name.split("."))


def assigned(name: str, layer_code: str) -> str:
    """The line that makes a layer.

    >>> assigned("fc1", "nn.Linear(980, 50)"), assigned("3", "nn.Linear(980, 50)")
    ('self.fc1 = nn.Linear(980, 50)', 'layer 3: nn.Linear(980, 50)')
    """
    if _has_number(name):
        return f"layer {name}: {layer_code}"
    return f"self.{name} = {layer_code}"
