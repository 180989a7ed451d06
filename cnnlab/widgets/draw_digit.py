"""Draw a digit, and watch what networks make of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import traitlets
from torch import Tensor, nn

from cnnlab import models as networks
from cnnlab.data import PREPARATIONS, prepare_drawing
from cnnlab.data.drawing import as_sheet, resized
from cnnlab.errors import did_you_mean
from cnnlab.inspection import activations, explain
from cnnlab.inspection.activations import evaluating, output_of
from cnnlab.timing import thread_count
from cnnlab.widgets.explorer import Explorer

SIDE = 140  # pixels of the ink, each way: five for each of the network's 28
MOST_LAYERS = 4  # convolutions to choose from, of each network
MOST_MAPS = 20  # feature maps of a layer that are shown
DIGITS = 10


class DrawDigit(Explorer):
    """A pad to draw on, and the ten probabilities of one or two networks, live.

    The drawing is prepared as MNIST's digits were, or naively: `preparation` and a switch in the widget
    choose. `ink`, `image` and `probabilities` give in Python what is shown.

    Args:
        models: None for the two networks that ship with cnnlab; or a network; or up to two by name. They
            take (N, 1, 28, 28) and give ten logits (or probabilities, which are shown as they are).
        preparation: "mnist" or "naive".
        mean: taken from pixels in [0, 1] before dividing by `std`, as in the training of the models; None
            takes MNIST's.
        std: of the training pixels, in units of [0, 1]; None takes MNIST's.
    Raises:
        TypeError, ValueError: a model, the mean or the std cannot be used; the message says why.

    >>> digit = DrawDigit()
    >>> digit
    DrawDigit(CNN, MLP)
    >>> ink = torch.zeros(140, 140, dtype=torch.uint8)
    >>> ink[20:120, 65:75] = 255
    >>> digit.ink = ink
    >>> digit.probabilities["CNN"].argmax().item()
    1
    """

    script = "draw_digit.js"
    style = ("draw_digit.css",)

    # From the browser or from Python. The ink is large, so the browser needs no echo of it.
    pixels = traitlets.Bytes(bytes(SIDE * SIDE)).tag(  # uint8 (140, 140)
        sync=True, echo_update=False, from_json=lambda value, widget: bytes(value)
    )
    asked = traitlets.Int(0).tag(sync=True)  # the browser's number for these pixels
    preparation = traitlets.Unicode("mnist").tag(sync=True)
    # From Python.
    put = traitlets.Int(0).tag(sync=True)  # how often Python put ink on the pad
    answered = traitlets.Int(0).tag(sync=True)  # the `asked` that all below belongs to
    seen = traitlets.Bytes(bytes(28 * 28)).tag(sync=True)  # uint8 (28, 28)
    answer = traitlets.Bytes(b"").tag(sync=True)  # float32 (models, 10); empty if nothing is drawn
    maps = traitlets.Bytes(b"").tag(sync=True)  # uint8, all layers one behind the other
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)  # of the models
    layers = traitlets.List(traitlets.Dict()).tag(sync=True)  # of which maps are shown

    def __init__(
        self,
        models: nn.Module | Mapping[str, nn.Module] | None = None,
        preparation: str = "mnist",
        mean: float | None = None,
        std: float | None = None,
        **keywords: Any,
    ) -> None:
        self._models = _named(models)
        recipe = networks.trained_recipe("cnn_320")
        self._mean = recipe.mean if mean is None else float(mean)
        self._std = recipe.std if std is None else float(std)
        if not self._std > 0:
            raise ValueError(f"std={self._std:g}, but pixels are divided by it: give a number above 0.")
        self._probabilities: dict[str, Tensor] = {}
        self._shown: tuple[Any, ...] | None = None
        layers = _check(self._models)
        super().__init__(preparation=preparation, names=list(self._models), layers=layers, **keywords)
        self.observe(self._look, names=["asked", "put", "preparation"])

    @traitlets.validate("preparation")
    def _known_preparation(self, proposal: Any) -> str:
        if proposal["value"] not in PREPARATIONS:
            hint = did_you_mean(proposal["value"], PREPARATIONS)
            raise traitlets.TraitError(f"unknown preparation {proposal['value']!r}: {hint}")
        return str(proposal["value"])

    @traitlets.validate("pixels")
    def _whole_sheet(self, proposal: Any) -> bytes:
        if len(proposal["value"]) != SIDE * SIDE:
            raise traitlets.TraitError(
                f"{len(proposal['value']):,} bytes of ink came, and {SIDE} × {SIDE} = {SIDE * SIDE:,} were "
                "expected: run this cell again."
            )
        return bytes(proposal["value"])

    @property
    def ink(self) -> Tensor:
        """The drawing, uint8 (140, 140): 0 = background, 255 = full ink. Set it to put ink on the pad.

        What is set may have any square size, (H, H) or (1, H, H), such as an image of MNIST.
        """
        return torch.frombuffer(bytearray(self.pixels), dtype=torch.uint8).view(SIDE, SIDE)

    @ink.setter
    def ink(self, ink: Tensor) -> None:
        sheet = as_sheet(ink)
        if sheet.shape[0] != sheet.shape[1]:
            height, width = sheet.shape
            raise ValueError(f"ink is {height}×{width} pixels, and the pad is square: add an empty edge.")
        with self.hold_sync():  # one message, so that the page never sees half of it
            self.pixels = resized(sheet, SIDE, SIDE).numpy().tobytes()
            self.put += 1

    def clear(self) -> None:
        """Take all ink off the pad."""
        self.ink = torch.zeros(SIDE, SIDE, dtype=torch.uint8)

    @property
    def image(self) -> Tensor:
        """What the networks see, uint8 (1, 28, 28); a copy that you may keep."""
        self._must_be_drawn()
        return prepare_drawing(self.ink, self.preparation)

    @property
    def probabilities(self) -> dict[str, Tensor]:
        """For each network by name its ten probabilities, float32 (10,)."""
        self._must_be_drawn()
        return {name: found.clone() for name, found in self._probabilities.items()}

    def _must_be_drawn(self) -> None:
        if not any(self.pixels):
            raise ValueError("nothing is drawn yet: draw a digit on the pad, or set .ink from Python.")

    def _look(self, _change: Any = None) -> None:
        """Prepare the ink, ask the networks, and send what they say."""
        now = (self.asked, self.put, self.preparation)
        if now == self._shown:  # two of the three changed in one message
            return
        self._shown = now
        # One image is too little work to share among threads, which would wait for one another.
        with self.hold_sync(), thread_count(1):
            self.answered = self.asked
            self._probabilities = {}
            if not any(self.pixels):
                self.seen, self.answer, self.maps = bytes(28 * 28), b"", b""
                return
            image = self.image
            self.seen = image.numpy().tobytes()
            try:
                self._ask((image[None].float() / 255 - self._mean) / self._std)
            except (ValueError, RuntimeError, TypeError) as error:  # a model that was changed since
                self._probabilities, self.answer, self.maps = {}, b"", b""
                raise ValueError(str(error)) from error

    def _ask(self, batch: Tensor) -> None:
        """Keep and send what the networks make of one normalised image, (1, 1, 28, 28)."""
        maps = b""
        for name, model in self._models.items():
            self._probabilities[name] = _probabilities(name, model, batch)
            maps += _maps(model, batch, [row for row in self.layers if row["model"] == name])
        self.maps = maps
        self.answer = torch.stack(list(self._probabilities.values())).numpy().tobytes()

    def __repr__(self) -> str:
        return f"DrawDigit({', '.join(self._models)})"


def _named(models: nn.Module | Mapping[str, nn.Module] | None) -> dict[str, nn.Module]:
    if models is None:
        return {"CNN": networks.trained("cnn_320"), "MLP": networks.trained("mlp")}
    if isinstance(models, nn.Module):
        return {type(models).__name__: models}
    if not isinstance(models, Mapping):
        raise TypeError(
            f"models is a {type(models).__name__}: give a network, or two by name, such as "
            '{"CNN": cnn, "MLP": mlp}.'
        )
    if not 1 <= len(models) <= 2:
        raise ValueError(f"{len(models)} models were given: give one, or two to compare.")
    return {str(name): model for name, model in models.items()}


def _check(models: Mapping[str, nn.Module]) -> list[dict[str, Any]]:
    """Refuse a model that cannot read a drawing; the convolutions whose maps can be shown."""
    layers: list[dict[str, Any]] = []
    for name, model in models.items():
        blank = torch.zeros(1, 1, 28, 28)
        try:
            with evaluating(model):
                output = output_of(model, blank)
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"{name} cannot read a drawing. {explain(model, blank)}") from error
        if not isinstance(output, Tensor) or tuple(output.shape) != (1, DIGITS):
            shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
            raise ValueError(
                f"{name} gives {shape} for one image, and ten logits (1, 10) are needed: let its last layer "
                "have 10 outputs."
            )
        convolutions = [key for key, part in model.named_modules() if isinstance(part, nn.Conv2d)]
        made = activations(model, blank) if convolutions else {}
        for layer in [key for key in convolutions if key in made][:MOST_LAYERS]:
            channels, height, width = made[layer].shape[1:]
            shown = min(channels, MOST_MAPS)
            row = {"layer": layer, "channels": channels, "shown": shown, "height": height, "width": width}
            layers.append({"model": name, **row})
    return layers


def _probabilities(name: str, model: nn.Module, batch: Tensor) -> Tensor:
    """Ten probabilities, float32 (10,) on the CPU, outside inference mode."""
    with evaluating(model):
        output: Tensor = output_of(model, batch)[0].float().cpu()
    output = output.clone()
    if not output.isfinite().all():
        raise ValueError(
            f"{name} gives numbers that are not finite: its weights are spoilt, so train it anew."
        )
    already = bool((output >= 0).all()) and abs(float(output.sum()) - 1) < 1e-4  # it ends in a softmax
    return output if already else output.softmax(dim=0)


def _maps(model: nn.Module, batch: Tensor, layers: list[dict[str, Any]]) -> bytes:
    """The feature maps after ReLU, 255 being the largest number of a layer."""
    if not layers:
        return b""
    made = activations(model, batch, [row["layer"] for row in layers])
    parts = []
    for row in layers:
        values = made[row["layer"]][0, : row["shown"]].float().relu()
        values = 255 * values / values.max().clamp(min=1e-9)
        parts.append(values.round().to(torch.uint8).numpy().tobytes())
    return b"".join(parts)
