"""Draw a digit, and watch what networks make of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import traitlets
from torch import Tensor, nn

from cnnlab import models as networks
from cnnlab.data import PREPARATIONS, prepare_drawing
from cnnlab.data.drawing import as_sheet, resized
from cnnlab.errors import did_you_mean
from cnnlab.timing import thread_count
from cnnlab.training.guards import check_model
from cnnlab.widgets.digit_reader import Reading, read_digit
from cnnlab.widgets.explorer import Explorer, Whole

SIDE = 140  # pixels of the ink, each way: five for each of the network's 28


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
    asked = Whole(0).tag(sync=True, echo_update=False)  # the browser's number for these pixels
    preparation = traitlets.Unicode("mnist").tag(sync=True)
    # From Python only.
    answered = Whole(0).tag(sync=True, python_only=True)  # the `asked` that all below belongs to
    seen = traitlets.Bytes(bytes(28 * 28)).tag(sync=True, python_only=True)  # uint8 (28, 28)
    # float32 (models, 10); empty if nothing is drawn
    answer = traitlets.Bytes(b"").tag(sync=True, python_only=True)
    maps = traitlets.Bytes(b"").tag(sync=True, python_only=True)  # uint8, all layers in a row; or empty
    names = traitlets.List(traitlets.Unicode()).tag(sync=True, python_only=True)  # of the models
    layers = traitlets.List(traitlets.Dict()).tag(sync=True, python_only=True)  # of which maps are shown

    def __init__(
        self,
        models: nn.Module | Mapping[str, nn.Module] | None = None,
        preparation: str = "mnist",
        mean: float | None = None,
        std: float | None = None,
        **keywords: Any,
    ) -> None:
        unknown = [name for name in keywords if not self.has_trait(name)]
        if unknown:
            known = ("models", "preparation", "mean", "std")
            raise TypeError(f"DrawDigit knows no {unknown[0]!r}: {did_you_mean(unknown[0], known)}")
        self._models = _named(models)
        recipe = networks.trained_recipe("cnn_320")
        self._mean = _finite("mean", mean, recipe.mean)
        self._std = _finite("std", std, recipe.std)
        if not self._std > 0:
            raise ValueError(f"std={self._std:g}, but pixels are divided by it: give a number above 0.")
        self._probabilities: dict[str, Tensor] = {}
        self._shown: tuple[Any, ...] | None = None
        layers = _layers(self._read(torch.zeros(1, 28, 28)))
        super().__init__(preparation=preparation, names=list(self._models), layers=layers, **keywords)
        self.on_msg(self._hear)
        self.observe(self._look, names=["asked", "pixels", "preparation"])

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
        self._shown = None  # the same ink is read again: the model may have learnt
        with self.hold_sync():  # one message, so that the page never sees half of it
            self.pixels = resized(sheet, SIDE, SIDE).numpy().tobytes()
            self._look()

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

    def _hear(self, _widget: object, asked: dict[str, Any], buffers: Sequence[memoryview]) -> None:
        """Take a question of the page.

        It is no change of the state as ipywidgets sends it, because that waits until the last one is dealt
        with.
        """
        if "asked" in asked:
            self.set_state({**asked, **({"pixels": buffers[0]} if buffers else {})})

    def _look(self, _change: Any = None) -> None:
        """Prepare the ink, ask the networks, and send what they say."""
        now = (self.asked, self.pixels, self.preparation)
        if now == self._shown:  # two of the three changed in one message
            return
        self._shown = now
        with self.hold_sync():
            self.answered = self.asked
            self._probabilities = {}
            self.seen, self.answer, self.maps = bytes(28 * 28), b"", b""  # empty, or an error is raised
            if not any(self.pixels):
                return
            # One image is too little work to share among threads, which would wait for one another.
            with thread_count(1):
                image = self.image
                readings = self._read(image.float() / 255)
            self.seen = image.numpy().tobytes()
            self.layers = _layers(readings)
            self.maps = b"".join(reading.maps for reading in readings)
            self._probabilities = {name: found.probabilities for name, found in zip(self._models, readings)}
            self.answer = torch.stack(list(self._probabilities.values())).numpy().tobytes()

    def _read(self, image: Tensor) -> list[Reading]:
        """What the networks make of an image, float32 (1, 28, 28) in [0, 1]."""
        batch = (image[None] - self._mean) / self._std
        return [read_digit(name, model, batch) for name, model in self._models.items()]

    def __repr__(self) -> str:
        return f"DrawDigit({', '.join(self._models)})"


def _named(models: nn.Module | Mapping[str, nn.Module] | None) -> dict[str, nn.Module]:
    if models is None:
        return {"CNN": networks.trained("cnn_320"), "MLP": networks.trained("mlp")}
    given = models if isinstance(models, Mapping) else {type(models).__name__: models}
    if not 1 <= len(given) <= 2:
        raise ValueError(f"{len(given)} models were given: give one, or two to compare.")
    if isinstance(models, (list, tuple)):
        raise TypeError(
            f"models is a {type(models).__name__}: give a network, or two by name, such as "
            '{"CNN": cnn, "MLP": mlp}.'
        )
    for model in given.values():
        if isinstance(model, str):
            name = "mlp" if "mlp" in model.lower() else "cnn_320"
            raise TypeError(
                f'{model!r} is a name, and a network is needed: write models.trained("{name}"), after '
                "from cnnlab import models."
            )
        check_model(model)
    return {str(name): model for name, model in given.items()}


def _finite(name: str, given: float | None, usual: float) -> float:
    """The mean or std that was given, or the usual one."""
    try:
        number = usual if given is None else float(given)
    except (TypeError, ValueError):
        raise TypeError(f"{name}={given!r} is no number: give one such as {usual:.4f}.") from None
    if not math.isfinite(number):
        raise ValueError(f"{name}={number:g} is not finite: give a number such as {usual:.4f}.")
    return number


def _layers(readings: Sequence[Reading]) -> list[dict[str, Any]]:
    return [row for reading in readings for row in reading.layers]
