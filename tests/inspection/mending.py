"""Do what a remedy says, word by word, as a student would: the check that explain() keeps its promises."""

from __future__ import annotations

import copy
import re

import torch
from torch import nn

from cnnlab.inspection.blueprint import rebuilt
from cnnlab.inspection.tracing import trace
from cnnlab.inspection.workbench import Workbench

_LAYER = (
    r"(?:self\.(?P<name>\w+) = |layer (?P<number>[\w.]+): )(?P<code>nn\.\w+\([^()]*(?:\([^()]*\)[^()]*)*\))"
)


def mended(model: nn.Module, remedy: str) -> nn.Module | None:
    """A copy of the model with the remedy applied; None for a remedy that changes the forward()."""
    twin = copy.deepcopy(model)
    rest = remedy
    for found in re.finditer(_LAYER, remedy):
        twin.set_submodule(found["name"] or found["number"], eval(found["code"], {"nn": nn}))
        rest = rest.replace(found.group(), "")
    for name, value, places in re.findall(
        r"(\w+)=(\d+) in ((?:layers? )?[\w.]+(?:(?:, | and )(?!layer |self|and )[\w.]+)*)", remedy
    ):
        for place in re.split(r", | and ", re.sub(r"^layers? ", "", places)):
            twin.set_submodule(place, rebuilt(twin.get_submodule(place), **{name: int(value)}))
        rest = rest.replace(f"{name}={value} in {places}", "")
    for place in re.findall(r"leave out layer ([\w.]+)(?: \(\w+\))?", remedy):
        twin.set_submodule(place, nn.Identity())
        rest = re.sub(r"leave out layer [\w.]+(?: \(\w+\))?", "", rest)
    for place in re.findall(r"nn\.AdaptiveAvgPool2d\(1\) and nn\.Flatten\(\) before layer (\w+)", rest):
        before = twin.get_submodule(place)
        twin.set_submodule(place, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), before))
        rest = rest.replace(f"nn.AdaptiveAvgPool2d(1) and nn.Flatten() before layer {place}", "")
    for place in re.findall(r"nn\.Flatten\(\) before layer (\w+)", rest):
        twin.set_submodule(place, nn.Sequential(nn.Flatten(), twin.get_submodule(place)))
        rest = rest.replace(f"nn.Flatten() before layer {place}", "")
    rest = re.sub(
        r": then .*|which counts its (inputs|channels) itself|where -1 is counted by PyTorch itself|and|,|\s",
        "",
        rest,
    )
    return None if rest else twin


def runs(model: nn.Module, batch: int = 3) -> bool:
    """Whether the model gives one row for each of some images."""
    return model.eval()(torch.zeros(batch, 1, 28, 28)).shape[0] == batch


def every_remedy_works(model, found):
    """Whether there are two ways or more, and each that changes layers alone gives a model that runs."""
    applied = [mended(model, remedy) for remedy in found.remedies]
    assert len(found.remedies) >= 2
    assert any(applied)
    return all(runs(fixed) for fixed in applied if fixed is not None)


def bench_for(model):
    """A workbench at the last step of a model."""
    images = torch.zeros(2, 1, 28, 28)
    made = trace(model, images)
    return Workbench(model, images, made, len(made.steps) - 1)
