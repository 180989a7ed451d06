"""Choose an image, a layer and a channel; point at a unit, and what it sees lights up in the image."""

from __future__ import annotations

from typing import Any

import traitlets
from torch import Tensor, nn

from cnnlab.data import Split
from cnnlab.inspection.activations import check_initialised, weights_now
from cnnlab.inspection.strongest import Peaks, StrongUnit, peaks
from cnnlab.table import Table
from cnnlab.training.guards import check_model
from cnnlab.widgets.explorer import Whole
from cnnlab.widgets.image_source import ImageSource
from cnnlab.widgets.layer_choice import LayerChoice, Reading

SEARCHED = 1_000  # images in which strong units are looked for: a second at most
STRONGEST = 9


class ActivationBrowser(LayerChoice):
    """What every layer of a network makes of an image, down to the single unit.

    Args:
        model: any network.
        images: a Split; or (N, 1, H, W), floats that are normalised already, or bytes or floats in
            [0, 1] together with `mean` and `std`.
        layer: the layer to begin with; None takes the first that sees more than single pixels.
        mean: mean of the training pixels, in units of [0, 1]; a Split knows its own.
        std: standard deviation of the training pixels, in units of [0, 1].
    Raises:
        TypeError: model is no network, or images are neither a Split nor a tensor.
        ValueError: the images are no grey images, or cannot be normalised; or a lazy layer has no weights.
        traitlets.TraitError: the layer is unknown.

    A network that does not take the images is explained in the widget. Once another image was chosen,
    forward() also runs for the one after and the one before it, so that the next key shows them at once.

    >>> import torch
    >>> from cnnlab import models
    >>> browser = ActivationBrowser(models.build("cnn_320"), torch.rand(5, 1, 28, 28))
    >>> browser.layer = "pool2"
    >>> browser.activation.shape
    torch.Size([4, 4])
    """

    script = "activation_browser.js"
    style = ("layer_view.css", "activation_browser.css")

    index = Whole(help="the image shown, counted from 0").tag(sync=True)
    count = Whole().tag(sync=True, python_only=True)  # images
    searching = traitlets.Bool(help="whether the images with the strongest units are shown").tag(sync=True)
    found: Any = traitlets.Dict().tag(sync=True, python_only=True)  # these images

    def __init__(
        self,
        model: nn.Module,
        images: Split | Tensor,
        layer: str | None = None,
        mean: float | None = None,
        std: float | None = None,
    ) -> None:
        check_model(model)
        check_initialised(model)
        self._model, self._source = model, ImageSource(images, mean, std)
        self._peaks: dict[object, Peaks] = {}
        self._ready = False
        self._asked = False  # whether another image was: before, none is sent ahead
        super().__init__(count=len(self._source))
        self._watch(model, self._source.normalised([0]), own=isinstance(images, Tensor))
        self.layer = self._first_layer() if layer is None or not self._found else layer
        self._keep_place("")
        self._ready = True
        self._refresh()

    def strongest(self, n: int = STRONGEST) -> Table[StrongUnit]:
        """The images, among the first 1,000, in which the chosen channel answers most strongly.

        Args:
            n: how many.
        Returns:
            A table with the image, the unit's row and column, and its number; the largest first.
        """
        chosen = self._chosen()
        if chosen is None:
            raise ValueError(f"there is no layer to read: {self.explanation.splitlines()[0]}")
        trained = weights_now(self._model)
        if (self.layer, trained) not in self._peaks:
            images = self._source.normalised(range(min(SEARCHED, self.count)))
            self._peaks = {(self.layer, trained): peaks(self._model, images, self.layer)}
        row_of_units = len(chosen.shape) == 1
        return self._peaks[self.layer, trained].strongest(self.unit[1] if row_of_units else self.channel, n)

    def _refresh(self) -> None:
        """Show the image, and then send what stands beside it for the next key."""
        self._show_image(self.index)
        self._send_beside()

    def _send_beside(self) -> None:
        beside = (self.index + 1, self.index - 1) if self._asked else ()
        self._look_ahead([index for index in beside if 0 <= index < self.count])

    def _normalised(self, index: int) -> Tensor:
        return self._source.normalised([index])

    def _view_of(self, index: int, reading: Reading) -> dict[str, Any]:
        said = _said(self._source.label(index), reading.output, self._source.classes)
        return self._picture(index, reading.made, self._source.size, self._source.shown(index), said=said)

    @traitlets.validate("index")
    def _index_exists(self, proposal: Any) -> int:
        if not 0 <= proposal.value < self.count:
            raise traitlets.TraitError(
                f"index={proposal.value}, but there are {self.count:,} images: "
                f"choose 0 to {self.count - 1:,}."
            )
        return int(proposal.value)

    @traitlets.observe("index")
    def _new_image(self, _change: object) -> None:
        if self._ready:
            self._asked, trained = True, self._trained_since()
            self._refresh()
            if trained:
                self._search()

    @traitlets.observe("channel", "unit", "searching")
    def _new_choice(self, change: Any) -> None:
        if self._ready:
            trained = self._trained_since()
            with self.hold_sync():
                if trained:
                    self._show_image(self.index)
                row_of_units = self._found and len(self._made[self.layer].shape) == 2
                if trained or change.name != "unit" or row_of_units:  # a map was searched as a whole
                    self._search()
            if trained:
                self._send_beside()

    @traitlets.observe("layer")
    def _new_layer(self, change: Any) -> None:
        if self._ready:
            with self.hold_sync():
                self._ready = False  # channel and unit change one after the other, and belong together
                try:
                    self._keep_place(change.old)
                finally:
                    self._ready = True
                self._show_image(self.index)
                self._search()
            self._send_beside()  # in a message of its own: the image does not wait for it

    def _search(self) -> None:
        if not self.searching or not self._found:
            return
        entries = self.strongest()
        self.found = {
            "layer": self.layer,
            "searched": min(SEARCHED, self.count),
            "entries": [[entry.index, entry.row, entry.col, entry.value] for entry in entries],
            "pixels": b"".join(self._source.shown(entry.index) for entry in entries),
        }

    def __repr__(self) -> str:
        # without the image's class: it would differ between data sets
        height, width = self._source.size
        where = f"{self.layer}, channel {self.channel}" if self._found else "no layer to show"
        return f"ActivationBrowser({type(self._model).__name__}: {height}×{width}, {where})"


def _said(label: str, output: Tensor | None, classes: tuple[str, ...]) -> str:
    """What the image is, and what the network takes it for."""
    parts = [f"label {label}"] if label else []
    if output is not None and not bool(output.isfinite().all()):
        parts.append(
            "the network's answer is not finite: its weights are spoilt, build it anew and train it with a "
            "smaller learning rate"
        )
    elif output is not None and len(output) > 1:
        best = int(output.argmax())
        name = classes[best] if best < len(classes) else str(best)
        sure = 100 * float(output.softmax(dim=0)[best])
        parts.append(f"the network answers {name} ({'> 99.9' if sure >= 99.95 else f'{sure:.1f}'} %)")
    return "; ".join(parts)
