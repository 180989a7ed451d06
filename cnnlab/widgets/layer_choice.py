"""The part that explorers of activations share: a layer, a channel and a unit to choose."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import traitlets
from torch import Tensor, nn

from cnnlab.errors import did_you_mean
from cnnlab.inspection.activations import activations_and_output, evaluating, output_of, weights_now
from cnnlab.inspection.unit_fields import LayerUnits, unit_fields
from cnnlab.timing import thread_count
from cnnlab.widgets.explaining import explained_here
from cnnlab.widgets.explorer import Explorer, Whole

_NO_CONVOLUTION = (
    "This network has no convolution, so there are no feature maps to show. What it has are rows of units, "
    "drawn as a block: every unit of a linear layer sees the whole image."
)
_NO_LAYER = (
    "This network has no layer whose output could be shown. Layers are seen if they are attributes of the "
    "network, such as self.conv1 = nn.Conv2d(…), if forward() calls them, and if they make maps (C, H, W) or "
    "a row of numbers for each image."
)
_COMPILED = (
    "This network was traced or scripted by torch.jit, and its layers cannot be watched: give the network "
    "that it was made of."
)

AHEAD = 500_000  # bytes of images and maps that are sent before they are asked for, at most


@dataclass(frozen=True)
class Reading:
    """What a network makes of one image."""

    made: dict[str, Tensor]  # the output of each layer, (1, ...)
    output: Tensor | None  # (n,) float; None if the network fails or makes no row of numbers


class LayerChoice(Explorer):
    """State of an explorer that shows what the layers of a network make of one image.

    An explorer says how an image goes into the network (`_normalised`) and what the browser draws of
    it (`_view_of`); `_model` is its network. What is chosen is always read anew. The images and the layers
    before and after it are sent as well, after it was sent, and wait in the page for the next key.
    """

    # every layer that can be chosen, for the browser
    layers: Any = traitlets.List().tag(sync=True, python_only=True)
    layer = traitlets.Unicode(help="the layer shown, by name").tag(sync=True)
    channel = Whole(help="the map shown, counted from 0").tag(sync=True)
    unit = traitlets.Tuple(Whole(), Whole(), default_value=(0, 0)).tag(sync=True)  # row, column
    # the image and the maps of the layer, in one message
    view: Any = traitlets.Dict().tag(sync=True, python_only=True)
    # the same of the images and layers before and after it: shown until Python has answered
    ahead: Any = traitlets.List().tag(sync=True, python_only=True)
    # what this network or these images lack
    explanation = traitlets.Unicode().tag(sync=True, python_only=True)

    _found: tuple[LayerUnits, ...] = ()
    _model: nn.Module
    _made: dict[str, Tensor]  # the outputs of all layers for the image that is shown
    _weights: tuple[object, ...] = ()  # those of the model when it was read
    _sent: frozenset[str] = frozenset()  # what the page changes in one message
    _trainings = 0  # how often they were other ones: the page shows no view beside one of other weights

    def _normalised(self, index: int) -> Tensor:
        """Image number `index` as the model takes it, (1, 1, H, W)."""
        raise NotImplementedError

    def _view_of(self, index: int, reading: Reading) -> dict[str, Any]:
        """What the browser draws of image number `index`."""
        raise NotImplementedError

    def _watch(self, model: nn.Module, image: Tensor, own: bool = False) -> None:
        """Find the layers of a model.

        Args:
            model: the network.
            image: (1, 1, H, W) as the model takes it.
            own: whether the reader gave the images as a tensor.
        """
        self._made = {}
        self._runs = True
        try:
            found = tuple(unit_fields(model, image))
            if not found:  # nothing has run yet
                with evaluating(model):
                    output_of(model, image)
        except Exception:  # a student's forward can fail in any way
            explained = explained_here(model, image, own)
            if explained.works:
                raise
            self._found, self.explanation, self._runs = (), str(explained), False
        else:
            convolution = any(type(m).__name__.lower().find("conv") >= 0 for m in model.modules())
            self._found = found
            self.explanation = "" if convolution and found else _NO_CONVOLUTION if found else _no_layer(model)
        self.layers = [_as_state(entry) for entry in self._found]

    def _first_layer(self) -> str:
        """The first layer whose units see more than one pixel; without one, the first."""
        for entry in self._found:
            if entry.rows is not None and entry.rows.size > 1:
                return entry.name
        return self._found[0].name if self._found else ""

    def _read(self, index: int) -> Reading:
        """What all layers make of image number `index`."""
        if not self._runs:
            return Reading({}, None)
        image, made = self._normalised(index), dict[str, Tensor]()
        with thread_count(1):  # for one image, waiting for a second thread takes longer than the work
            if self._found:
                made, output = activations_and_output(self._model, image)
                self._same_layers(made)
            else:
                with evaluating(self._model):
                    output = output_of(self._model, image)
        # a forward that ends in squeeze() makes (n,) of one image
        is_row = isinstance(output, Tensor) and output.ndim in (1, 2) and output.numel() > 0
        return Reading(made, output.flatten().float().cpu() if is_row else None)

    def _show_image(self, index: int) -> None:
        """Send what there is to draw of image number `index`."""
        try:
            reading = self._read(index)
        except Exception:
            self.ahead = []  # they are of the network as it was before
            raise
        self._made = reading.made
        self._note_weights()
        self.view = self._view_of(index, reading)

    def _look_ahead(self, indices: Sequence[int]) -> None:
        """Send what the next key may choose, as much of it as fits: other images, then the layers beside.

        Args:
            indices: of the images, the likeliest first. Each is a run of the network; the layers are at hand.
        """
        room, ahead = AHEAD, []
        for index in indices:
            size = self._bytes_of(self.layer)
            if size <= room:
                # nobody has asked for this image: what is wrong with it is told when somebody does
                with contextlib.suppress(Exception):
                    ahead.append(self._view_of(index, self._read(index)))
                    room -= size
        for name in self._layers_beside():
            size = self._bytes_of(name)
            if size <= room:
                ahead.append(self.view | self._maps_of(name, self._made))
                room -= size
        self.ahead = ahead

    def _layers_beside(self) -> list[str]:
        """The layers after and before the chosen one, by name."""
        names = [entry.name for entry in self._found] if self._made else []
        if self.layer not in names:
            return []
        place = names.index(self.layer)
        return names[place + 1 : place + 2] + names[max(0, place - 1) : place]

    def _bytes_of(self, layer: str) -> int:
        """Bytes of a view of a layer: the image and the maps."""
        maps = next((4 * torch.Size(entry.shape).numel() for entry in self._found if entry.name == layer), 0)
        return len(self.view["pixels"]) + maps

    def _same_layers(self, made: dict[str, Tensor]) -> None:
        """Refuse a network that was rebuilt since its layers were listed."""
        for entry in self._found:
            now = tuple(made[entry.name].shape[1:]) if entry.name in made else None
            if now != entry.shape:
                is_now = "is called no more" if now is None else f"made {entry.shape} and now makes {now}"
                raise ValueError(f"the network was rebuilt: {entry.name!r} {is_now}. Run this cell again.")

    def _note_weights(self) -> None:
        """Remember the weights with which the network was read."""
        now = weights_now(self._model)
        self._trainings += now != self._weights
        self._weights = now

    def _trained_since(self) -> bool:
        """Whether the network has other weights than those that were read."""
        return self._runs and weights_now(self._model) != self._weights

    def _picture(
        self, index: int, made: dict[str, Tensor], size: tuple[int, int], pixels: bytes, **more: Any
    ) -> dict[str, Any]:
        """What the browser draws of an image and the chosen layer."""
        shown = {"index": index, "size": list(size), "pixels": pixels, "weights": self._trainings}
        return shown | self._maps_of(self.layer, made) | more

    def _maps_of(self, layer: str, made: dict[str, Tensor]) -> dict[str, Any]:
        """A layer and its maps, float32 (C, H, W) or (n,)."""
        return {"layer": layer, "maps": floats(made[layer][0]) if made else b""}

    @property
    def activation(self) -> Tensor:
        """The numbers of the chosen map, (H, W) float; (n,) for a layer that makes a row.

        Raises:
            ValueError: there is no layer to read.
        """
        if not self._made:
            raise ValueError(f"there is no layer to read: {self.explanation.splitlines()[0]}")
        output = self._made[self.layer][0]
        return (output[self.channel] if output.ndim == 3 else output).clone()

    def _chosen(self) -> LayerUnits | None:
        return next((entry for entry in self._found if entry.name == self.layer), None)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the page chose: a channel or unit that comes with a layer is of that layer."""
        self._sent = frozenset(sync_data)
        try:
            super().set_state(sync_data)
        finally:
            self._sent = frozenset()

    def _keep_place(self, before: str) -> None:
        """After a change of the layer: the same channel, if there is one, and about the same place."""
        old = next((entry for entry in self._found if entry.name == before), None)
        new = self._chosen()
        if new is None:
            return
        if self.channel >= _channels(new):
            self.channel = 0
        if "unit" not in self._sent:
            self.unit = _same_place(self.unit, old, new)

    @traitlets.validate("layer")
    def _layer_exists(self, proposal: Any) -> str:
        names = [entry.name for entry in self._found]
        if proposal.value not in names and (names or proposal.value):
            raise traitlets.TraitError(f"no layer {proposal.value!r}: {did_you_mean(proposal.value, names)}")
        return str(proposal.value)

    @traitlets.validate("channel")
    def _channel_exists(self, proposal: Any) -> int:
        entry = self._chosen()
        n = 1 if entry is None else _channels(entry)
        if not 0 <= proposal.value < n:
            raise traitlets.TraitError(
                f"channel={proposal.value}, but {self.layer!r} has {n}: choose 0 to {n - 1}."
                if n > 1
                else f"channel={proposal.value}, but {self.layer!r} makes one row of numbers: use channel 0."
            )
        return int(proposal.value)

    @traitlets.validate("unit")
    def _unit_exists(self, proposal: Any) -> tuple[int, int]:
        entry = self._chosen()
        height, width = (1, 1) if entry is None else _extent(entry)
        row, column = proposal.value
        if not (0 <= row < height and 0 <= column < width):
            raise traitlets.TraitError(
                f"unit ({row}, {column}) lies outside {self.layer!r}: choose rows 0 to {height - 1} and "
                f"columns 0 to {width - 1}."
            )
        return int(row), int(column)


def floats(values: Tensor) -> bytes:
    """Numbers as the browser takes them: float32, little-endian."""
    return values.detach().to("cpu", torch.float32).contiguous().numpy().astype("<f4").tobytes()


def _no_layer(model: nn.Module) -> str:
    """Why there is no layer to choose."""
    if isinstance(model, torch.jit.ScriptModule):
        return _COMPILED
    if not list(model.children()) and type(model).__module__.startswith("torch.nn"):
        kind = type(model).__name__
        return (
            f"This is a single nn.{kind}, and an explorer shows the layers inside a network: "
            f"give nn.Sequential(model), whose only layer it is."
        )
    return _NO_LAYER


def _as_state(entry: LayerUnits) -> dict[str, Any]:
    sides = {
        name: None if side is None else {"first": side.pixels(0).start, "size": side.size, "jump": side.jump}
        for name, side in (("rows", entry.rows), ("columns", entry.columns))
    }
    folds = None if entry.folds is None else list(entry.folds)
    return {"name": entry.name, "kind": entry.kind, "shape": list(entry.shape), "folds": folds, **sides}


def _channels(entry: LayerUnits) -> int:
    return entry.shape[0] if len(entry.shape) == 3 else 1


def _extent(entry: LayerUnits) -> tuple[int, int]:
    return (entry.shape[1], entry.shape[2]) if len(entry.shape) == 3 else (1, entry.shape[0])


def _same_place(unit: tuple[int, int], old: LayerUnits | None, new: LayerUnits) -> tuple[int, int]:
    """The unit of another layer that stands in about the same part of the image."""
    if old is None or len(old.shape) != len(new.shape):
        return (new.shape[1] // 2, new.shape[2] // 2) if len(new.shape) == 3 else (0, 0)
    before, after = _extent(old), _extent(new)
    if len(new.shape) == 1:
        return 0, min(unit[1], after[1] - 1)
    row, column = ((2 * unit[i] + 1) * after[i] // (2 * before[i]) for i in (0, 1))
    return row, column
