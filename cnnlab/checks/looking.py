"""Lab 003 Q5 and Q6: find the wrongly classified samples, look at a layer's output."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Set
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlab.checks.broken_code import found_empty, words_for
from cnnlab.checks.functions import same
from cnnlab.checks.reading import call, function, kind, table
from cnnlab.checks.runner import exercise
from cnnlab.checks.steps import weights_of
from cnnlab.checks.verdict import Blank, Wrong


@exercise(
    "Lab 003 Q5: the wrongly classified samples: wrong_indices(model, images, labels)",
    10,
    "With the indices you can look at every mistake.",
)
def wrong_indices(answer: object = ...) -> None:
    """Check a function wrong_indices(model, images, labels): the places of the images that it gets wrong."""
    student = function(answer, "wrong_indices(model, images, labels)", 3)
    torch.default_generator.manual_seed(8)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).eval()
    images = torch.randn(230, 1, 28, 28)
    with torch.no_grad():
        predicted = model(images).argmax(dim=1)
    labels = torch.where(torch.rand(230) < 0.3, (predicted + torch.randint(1, 10, (230,))) % 10, predicted)
    wrong = (predicted != labels).nonzero().flatten()
    theirs = copy.deepcopy(model)
    given = call(student, theirs, images, labels)
    if isinstance(given, (Iterator, Set)):  # such as a generator, or the keys of a dictionary
        given = list(islice(given, 10 * len(images)))
    value = table(given, "What your function returns")
    said = f"For {len(images)} images with {len(wrong)} mistakes, your function returns"
    if value.numel() == 0:
        raise Wrong(f"{said} no place at all.")
    if value.ndim == 0:
        raise Wrong(f"{said} one number: the places of all mistakes are asked for.")
    if value.ndim == 4:
        raise Wrong(f"{said} images: their places are asked for.")
    if value.ndim == 2 and value.shape[1] == 2 and set(value[:, 0].tolist()) == set(wrong.tolist()):
        raise Wrong(f"{said} pairs: the places alone are asked for, one number for each mistake.")
    value = value.flatten()
    if set(value.tolist()) == set(wrong.tolist()):
        if theirs.training:
            raise Wrong(
                "The places are right, but the network came in eval mode and is left in training mode."
            )
        if not torch.equal(weights_of(theirs), weights_of(model)):
            raise Wrong("The places are right, but the network's weights are others now: leave it as it was.")
        if len(value) != len(wrong):
            raise Wrong(f"{said} {len(value)} places: some of them twice.")
        return
    right = (predicted == labels).nonzero().flatten()
    mask = table(predicted != labels)
    first = next((size for size in (10, 32, 50, 64, 100, 128) if _within(value, wrong, size)), None)
    anew = next((size for size in range(2, len(images)) if same(value, table(wrong % size))), None)
    if value.shape == mask.shape and set(value.tolist()) <= {0.0, 1.0}:
        raise Wrong(f"{said} a True or False for each image: the places of the True are asked for.")
    if set(value.tolist()) == set(right.tolist()):
        raise Wrong(f"{said} the places of the {len(right)} right ones.")
    if same(value, table(predicted[wrong])) or same(value, table(labels[wrong])):
        raise Wrong(f"{said} digits: not what was read, but where it stands, is asked for.")
    if first is not None:
        raise Wrong(f"{said} those of the first {first} images only: is there a batch or a limit in it?")
    if anew is not None:
        raise Wrong(f"{said} places that start anew after {anew} images: count on through all batches.")
    if len(value) == len(wrong) and not set(value.tolist()) & set(wrong.tolist()):
        raise Wrong(f"{said} places that are all off: do you count from 0?")
    raise Wrong(
        f"{said} {len(value)} places, and not the right ones. "
        "Over which dimension do you look for the largest logit, and from where do you count?"
    )


def _within(value: torch.Tensor, wrong: torch.Tensor, size: int) -> bool:
    return set(value.tolist()) == set(wrong[wrong < size].tolist())


class _Layers(nn.Module):
    """A network as students write it: ReLU and pooling are no layers of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2, self.fc = nn.Conv2d(1, 3, 5), nn.Conv2d(3, 4, 3), nn.Linear(400, 10)

    def all_of_it(self, x: Tensor) -> dict[str, Tensor]:
        """What there is at every place, from the images to the logits."""
        found = {"images": x, "conv1": self.conv1(x)}
        found["the pooling after conv1"] = F.max_pool2d(F.relu(found["conv1"]), 2)
        found["conv2"] = self.conv2(found["the pooling after conv1"])
        found["flatten"] = F.relu(found["conv2"]).flatten(1)
        return {**found, "fc": self.fc(found["flatten"])}

    def forward(self, x: Tensor) -> Tensor:
        return self.all_of_it(x)["fc"]


@exercise(
    "Lab 003 Q6: the output of a layer: layer_output(model, images, name)",
    10,
    "A forward hook sees what a layer gives, without a change to the network.",
)
def layer_output(answer: object = ...) -> None:
    """Check a function layer_output(model, images, name): what the layer of that name gives."""
    student = function(answer, "layer_output(model, images, name)", 3)
    torch.default_generator.manual_seed(9)
    model = _Layers().eval()
    images = torch.randn(3, 1, 28, 28)
    with torch.no_grad():
        outputs = model.all_of_it(images)
        chained = model.conv2(model.conv1(images))
    names = list(outputs)
    theirs = copy.deepcopy(model)
    for name in ("conv2", "conv1", "fc"):
        try:
            given = student(theirs, images.clone(), name)
        except (IndexError, KeyError) as error:
            if not found_empty(error):
                raise
            raise Wrong(
                f"{words_for(error)} A hook keeps something only if the network runs while it hangs there."
            ) from None
        except RuntimeError as error:
            if "channels" not in str(error):
                raise
            raise Wrong(
                f"{name} was given the images themselves: it takes what the layers before it make of them."
            ) from None
        if given is None or given is ...:
            raise Blank(
                "Your function gives no answer yet: do the dots still stand in it, or is the return missing?"
            )
        if isinstance(given, nn.Module):
            raise Wrong(f"For {name} you return the layer itself: what it gives for the images is asked for.")
        if isinstance(given, (list, tuple, dict)) and len(given) != len(images):
            raise Wrong(f"For {name} you return {kind(given)}: one tensor is asked for.")
        value = table(given, f"What you return for {name}")
        if same(value, table(outputs[name]), rtol=1e-3):
            continue
        for other in names:
            if same(value, table(outputs[other]), rtol=1e-3):
                raise Wrong(f"For {name} you return {_told(other, name, names)}.")
        if same(value, table(chained)):
            raise Wrong(
                "You call the layers one after the other, but forward() does more between them, "
                "here ReLU and pooling: let the network run by itself."
            )
        weight = getattr(model.get_submodule(name), "weight", None)
        if weight is not None and same(value, table(weight)):
            raise Wrong(f"For {name} you return its weights: what it gives for the images is asked for.")
        raise Wrong(f"For {name} you return {kind(value)}, and not what the layer gives.")
    if any(module._forward_hooks or module._forward_pre_hooks for module in theirs.modules()):
        raise Wrong("The numbers are right, but your hook stays in the network: take it out with remove().")
    if _parts(theirs) != _parts(model) or any(_patched(module) for module in theirs.modules()):
        raise Wrong("The numbers are right, but the network is left changed: put back what you replaced.")


def _parts(model: nn.Module) -> list[tuple[str, type]]:
    return [(name, type(module)) for name, module in model.named_modules()]


def _patched(module: nn.Module) -> bool:
    """Whether forward of a layer is another function than its class says."""
    own = vars(module).get("forward")
    return own is not None and getattr(own, "__func__", None) is not type(module).forward


def _told(other: str, name: str, names: list[str]) -> str:
    if other == names[-1]:
        return "the output of the whole network"
    if names.index(other) == names.index(name) - 1:
        return "what goes into it, not what comes out"
    return f"what {other} gives"
