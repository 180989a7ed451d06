"""Lab 002's first three tasks: conv2, fc2 and log-softmax of the 320 network."""

from __future__ import annotations

import math

import torch

from cnnlab.checks.in_between import (
    cut_into_pieces,
    features_as_asked,
    gets_the_images,
    head_as_asked,
    relu_and_pool,
)
from cnnlab.checks.logits import must_be_logits, only_shifted
from cnnlab.checks.reading import network
from cnnlab.checks.runner import exercise
from cnnlab.checks.trainable import trainable
from cnnlab.checks.verdict import Blank, Wrong
from cnnlab.checks.watching import IMAGES, Step, Unfinished, Watched, watch
from cnnlab.words import counted


def _stopped(seen: Watched, layer: str | None) -> None:
    """Say what stopped the network, if it stopped.

    Raises:
        Blank, Wrong: it stopped.
    """
    if isinstance(seen.error, Unfinished) and (layer is None or layer not in str(seen.error)):
        raise Blank(f"{seen.error} Do that exercise first.")
    if seen.error is not None or seen.output is None:
        seen.finished()


def _after(seen: Watched, layer: Step) -> list[Step]:
    return seen.steps[seen.steps.index(layer) :]


@exercise("Lab 002 Q1: add conv2", 5, "The second convolution looks at all maps of the first at once.")
def add_conv2(answer: object = ...) -> None:
    """Check a network: conv2 has 20 channels and 5 × 5 kernels; then come pooling and ReLU."""
    model = network(answer)
    seen = watch(model)
    found = seen.convolutions
    usual = len(found) == 2 and all(len(step.weight) == 4 for step in found)
    if not usual and seen.linears and features_as_asked(model):
        return trainable(model)
    if len(found) < 2 and cut_into_pieces(seen) and any(p.numel() == 5000 for p in model.parameters()):
        _stopped(seen, "conv2")
        raise Wrong(
            "With your own weights the two convolutions, each with max pooling and ReLU, "
            "give other numbers than those that reach fc1."
        )
    if len(found) < 2:
        spare = any(p.ndim == 4 and p.shape[1] > 1 for p in model.parameters())
        if seen.last not in {"addmm", "mm", "linear", "view"}:  # there fc1 only suffers from what is missing
            _stopped(seen, "conv2")
        unused = "conv2 is made, but forward() never calls it." if spare else "there is no second one."
        raise Wrong(f"Your network runs {counted(len(found), 'convolution')}: {unused}")
    if len(found) > 2:
        raise Wrong(f"Your network runs {len(found)} convolutions: two are asked for, each called once.")
    first, second = found
    kernel = second.weight[-2:]
    if first.gives[1:] != (10, 24, 24) or first.weight[-2:] != (5, 5) or not first.plain:
        maps = counted(first.gives[1], "map")
        raise Wrong(f"conv1 gives {maps} of {first.map_size}: leave conv1 as it was.")
    if second.takes[-1] != 12:
        raise Wrong(f"conv2 gets maps of {second.takes[-1]} × {second.takes[-1]}: pool after conv1 first.")
    if kernel != (5, 5):
        size = f"{kernel[0]} × {kernel[1]}"
        raise Wrong(f"{second.map_size} after conv2: its kernels are {size}, others are asked for.")
    if second.gives[-1] != 8:
        raise Wrong(f"{second.map_size} after conv2: it has a padding or a stride that was not asked for.")
    if second.gives[1] != 20:
        raise Wrong(f"conv2 makes {counted(second.gives[1], 'channel')}: another number is asked for.")
    if second.weight[1] != first.gives[1]:
        raise Wrong(f"A kernel of conv2 looks at {second.weight[1]} of conv1's maps: it has groups.")
    if not second.plain:
        raise Wrong("conv2 has a stride or a dilation that was not asked for.")
    after = seen.steps[seen.steps.index(second) : seen.steps.index((seen.linears or seen.steps[-1:])[0])]
    if not second.bias and not any(step.name in {"add", "add_", "sub", "sub_"} for step in after):
        raise Wrong("conv2 has no bias: it was not asked to do without one.")
    into = seen.linears[0].into if seen.linears else None
    if (into.numel() if into is not None else seen.begun) == IMAGES * 20 * 8 * 8:
        raise Wrong(f"Maps of {second.map_size} go on to fc1: pool after conv2 as well.")
    if not seen.linears:
        _stopped(seen, "conv2")
        raise Wrong("After conv2 comes no linear layer: fc1 is never called.")
    fc1 = seen.linears[0]
    rows = math.prod(fc1.takes[:-1])
    if rows != second.gives[0]:
        raise Wrong(f"fc1 gets {rows} rows for {second.gives[0]} images: they were cut into pieces.")
    if fc1.takes[-1] != 320:
        raise Wrong(f"fc1 gets {counted(fc1.takes[-1], 'number')} an image: look at the pooling after conv2.")
    gets_the_images(seen)
    relu_and_pool(model, seen, 0, ("conv1", "conv2"))
    relu_and_pool(model, seen, 1, ("conv2", "fc1"))
    trainable(model)


@exercise(
    "Lab 002 Q2: add fc2", 5, "One number comes out for each digit, and a ReLU keeps the two layers apart."
)
def add_fc2(answer: object = ...) -> None:
    """Check a network: its last layer is linear, from fc1's 50 numbers to 10, with a ReLU in between."""
    model = network(answer)
    seen = watch(model)
    found = seen.linears
    if cut_into_pieces(seen):  # a convolution by hand ends in a matrix product too
        found = found[next((i for i, step in enumerate(found) if step.takes[-1] == 320), 0) :]
    if (len(found) != 2 or not found[-1].bias) and head_as_asked(model, seen):
        return trainable(model)
    if len(found) < 2:
        _stopped(seen, "fc2")
        if len(seen.convolutions) > 2:
            raise Wrong("A convolution stands where a linear layer is asked for (nn.Linear).")
        runs = counted(len(found), "linear layer")
        raise Wrong(f"Your network runs {runs}: fc2 is missing, or never called.")
    if len(found) > 2:
        raise Wrong(f"Your network runs {len(found)} linear layers: two are asked for.")
    fc1, fc2 = found
    if fc1.gives[-1] != 50:
        raise Wrong(f"fc1 gives {counted(fc1.gives[-1], 'number')} an image: leave fc1 as it was.")
    if fc2.gives[-1] != 10:
        given = counted(fc2.gives[-1], "number")
        raise Wrong(f"fc2 gives {given} an image: one for each digit is asked for.")
    if not fc2.bias and not any(step.name in {"add", "add_"} for step in _after(seen, fc2)):
        raise Wrong("fc2 has no bias: it was not asked to do without one.")
    if not seen.bends_between(fc1, fc2):
        raise Wrong("There is no ReLU between fc1 and fc2: together they are one linear layer in disguise.")
    relu_and_pool(model, seen, seen.layers.index(fc1), ("fc1", "fc2"))
    if seen.error is not None or not isinstance(seen.output, torch.Tensor):
        return trainable(model)  # the next exercise is still blank
    last = fc2.out
    if last is not None and bool((last < 0).any()) and last.shape == seen.output.shape and _cut(seen.output):
        raise Wrong("There is a ReLU after fc2: it takes away all negative logits.")
    must_be_logits(seen, log_softmax_too=True)  # the next exercise may be written already
    trainable(model)


def _cut(output: torch.Tensor) -> bool:
    """Whether negative numbers were set to 0."""
    return bool(output.min() == 0) and bool((output == 0).sum() > 1)


@exercise(
    "Lab 002 Q3: log-softmax", 5, "The ten numbers are log-probabilities: their exponentials add up to 1."
)
def log_softmax(answer: object = ...) -> None:
    """Check a network: it returns the log-softmax over the ten digits of what its last layer gives."""
    model = network(answer)
    seen = watch(model)
    if not seen.linears:
        _stopped(seen, None)
    out = seen.finished()
    logits = seen.linears[-1].out if seen.linears else None
    if logits is None or logits.numel() != out.numel():
        if bool((out.exp().sum(1) - 1).abs().max() < 1e-3) and head_as_asked(model, seen):
            return trainable(model)
        raise Wrong("The output does not come from a linear layer with ten outputs.")
    logits = logits.double().reshape(out.shape)
    if bool(out.isnan().any()):
        raise Wrong("Some of the numbers are nan: that is what a logarithm makes of a negative number.")
    bent = seen.only_adds(but_for_rows=True) is False  # large logits show it, even where small ones do not
    if _close(out, logits.log_softmax(dim=1)) and not bent:
        return trainable(model)
    for words, expected in _other_ends(logits):
        if _close(out, expected):
            raise Wrong(words)
    low, high = out.exp().sum(dim=1).aminmax()
    if abs(low - 1) < 1e-3 and abs(high - 1) < 1e-3:
        if not bent and only_shifted(*(t - t.mean(dim=1, keepdim=True) for t in (out, logits))):
            return trainable(model)  # a last layer that adds its bias by hand
        raise Wrong("The exponentials of a row add up to 1, but something changed the logits first.")
    raise Wrong(f"The exponentials of a row add up to {low.item():.4g} to {high.item():.4g}, not to 1.")


def _other_ends(z: torch.Tensor) -> list[tuple[str, torch.Tensor]]:
    """What else may be done to the logits z, (N, 10), and what to say to it."""
    return [
        (
            "The rows are probabilities that add up to 1: that is softmax, without its logarithm.",
            z.softmax(1),
        ),
        ("The columns add up to 1, not the rows: it runs over the images (look at dim).", z.log_softmax(0)),
        ("The columns add up to 1: softmax over the images, and without its logarithm.", z.softmax(0)),
        ("The output is what the last layer gives, the logits: nothing was done to them.", z),
        (
            "Each number is squeezed by itself, with a sigmoid: the ten do not know of each other.",
            z.sigmoid(),
        ),
        ("Each number is squeezed by itself, with a log-sigmoid.", torch.nn.functional.logsigmoid(z)),
        ("These are the negative log-probabilities: the loss adds the minus.", -z.log_softmax(1)),
        ("Softmax is applied twice, once without its logarithm.", z.softmax(1).log_softmax(1)),
        ("Negative logits were cut off by a ReLU first.", z.relu().log_softmax(1)),
    ]


def _close(one: torch.Tensor, other: torch.Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-3, atol=1e-4)
