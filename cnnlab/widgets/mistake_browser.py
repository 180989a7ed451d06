"""Choose among the mistakes of a network, and see what speaks for and against each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import traitlets
from torch import Tensor, nn

from cnnlab.data import Split
from cnnlab.inspection.activations import check_initialised, evaluating, output_of
from cnnlab.inspection.mistakes import ChosenMistake, Mistake, mistakes_of
from cnnlab.inspection.nearest import Neighbour, nearest_images
from cnnlab.table import Table
from cnnlab.training import Evaluation, evaluate
from cnnlab.training.guards import check_model
from cnnlab.widgets.explaining import explained_here
from cnnlab.widgets.explorer import Number, Whole
from cnnlab.widgets.layer_choice import LayerChoice, Reading, floats

SHOWN = 200  # mistakes that travel to the browser, with their images and logits
NEAREST = 5
EVALUATED = 250  # images at a time: their maps stay in the processor's cache


class MistakeBrowser(LayerChoice):
    """The images that a network got wrong, by digit and confidence, and one of them in full.

    Args:
        model: a network that returns logits.
        split: labelled images, the test set as a rule.
        train: the training images, to find those that are most like a mistake; None leaves that out.
        evaluation: what `evaluate(model, split)` returned, if it is at hand; None evaluates.
    Raises:
        TypeError: model is no network, or split or train is no Split.
        ValueError: the evaluation belongs to other images; or a lazy layer has no weights yet.

    A network that was trained further is evaluated anew as soon as something else is chosen. Once another
    mistake was chosen, forward() also runs for those before and after it, so that the next key shows them
    at once.
    A network that does not take the images is explained in the widget.

    >>> from cnnlab import load_data, models
    >>> browser = MistakeBrowser(models.build("cnn_320"), load_data("digits").test)
    >>> browser.true = 4
    >>> {mistake.label for mistake in browser.mistakes}
    {4}
    """

    script = "mistake_browser.js"
    style = ("layer_view.css", "mistake_browser.css")

    true = Whole(None, allow_none=True, help="only this class; None for all").tag(sync=True)
    predicted = Whole(None, allow_none=True, help="only taken for this class").tag(sync=True)
    confidence = traitlets.Tuple(
        Number(), Number(), default_value=(0.0, 100.0), help="lowest and highest, percent"
    ).tag(sync=True)
    index = Whole(None, allow_none=True, help="the mistake shown: an image of the split").tag(sync=True)
    summary = traitlets.Dict().tag(sync=True, python_only=True)  # of the evaluation
    gallery: Any = traitlets.Dict().tag(sync=True, python_only=True)  # the mistakes under the filter
    nearest_of = Whole(None, allow_none=True).tag(sync=True, aside=True)  # asked for by the page
    nearest: Any = traitlets.Dict().tag(sync=True, python_only=True)

    def __init__(
        self,
        model: nn.Module,
        split: Split,
        train: Split | None = None,
        evaluation: Evaluation | None = None,
    ) -> None:
        check_model(model)
        check_initialised(model)
        _check(split, train, evaluation)
        self._model, self._split, self._train = model, split, train
        self._evaluation = evaluation
        self._mistakes: Table[Mistake] = Table([])  # under the filter
        self._all: dict[int, Mistake] = {}
        self._filtered: object = None
        self._ready = False
        self._asked = False  # whether another mistake was: before, none is sent ahead
        super().__init__()
        if evaluation is None:
            try:
                self._evaluation = evaluate(model, split, batch_size=EVALUATED)
            except Exception:  # a student's forward can fail in any way
                explained = explained_here(model, split.take(1).normalised())
                if explained.works:
                    raise
                self.explanation = str(explained)
        if self._evaluation is not None:
            self._watch(model, split.take(1).normalised())
            self.layer = self._first_layer()
            self._keep_place("")
            self._take(self._evaluation)
        self._ready = True

    @property
    def mistakes(self) -> Table[Mistake]:
        """The mistakes under the filter, the most confident first; all of them, also beyond those shown."""
        return self._mistakes

    @property
    def chosen(self) -> ChosenMistake | None:
        """The mistake that is shown, in full; None if there is none."""
        if self.index is None or self._evaluation is None:
            return None
        mistake = self._all[self.index]
        return ChosenMistake(
            self.index,
            self._split.images[self.index].clone(),
            mistake.label,
            mistake.predicted,
            mistake.confidence,
            self._logits([self.index])[0],
            self._neighbours(self.index),
        )

    def reset(self) -> None:
        """Show all mistakes again."""
        with self.hold_trait_notifications():
            self.true = self.predicted = None
            self.confidence = (0.0, 100.0)

    def _logits(self, indices: list[int]) -> Tensor:
        images = self._split.take(indices).normalised()
        with evaluating(self._model):
            return torch.cat(
                [output_of(self._model, part).float().cpu() for part in torch.split(images, 100)]
            )

    def _neighbours(self, index: int) -> Table[Neighbour] | None:
        if self._train is None:
            return None
        return nearest_images(self._split.images[index], self._train.images, NEAREST)

    def _take(self, evaluation: Evaluation) -> None:
        """Show the mistakes of an evaluation."""
        self._evaluation = evaluation
        self._note_weights()
        self._all = {mistake.index: mistake for mistake in mistakes_of(evaluation)}
        self.summary = _summary(evaluation, self._split, self._train)
        self._filter()

    def _evaluate_anew(self) -> bool:
        """Take the mistakes that a network makes after further training; False if it was not trained."""
        if self._evaluation is None or not self._trained_since():
            return False
        with self.hold_sync():
            before = self.index
            self._take(evaluate(self._model, self._split, batch_size=EVALUATED))
            if self.index == before:
                self._show()
        return True

    def _filter(self) -> None:
        """Find the mistakes under the filter, and send the first of them."""
        assert self._evaluation is not None  # only then is there anything to filter
        self._filtered = (self.true, self.predicted, self.confidence)
        self._mistakes = mistakes_of(self._evaluation, self.true, self.predicted, self.confidence)
        shown = self._mistakes[:SHOWN]
        indices = [mistake.index for mistake in shown]
        pixels, logits = b"", b""
        if indices:
            pixels = self._split.images[indices].numpy().tobytes()
            logits = floats(self._logits(indices))
        self.gallery = {
            "matching": len(self._mistakes),
            "entries": [[m.index, m.label, m.predicted, m.confidence] for m in shown],
            "pixels": pixels,
            "logits": logits,
        }
        if self.index not in {mistake.index for mistake in self._mistakes}:
            self.index = indices[0] if indices else None
            if not self._ready:
                self._show()

    def _show(self) -> None:
        """Send the chosen image and its maps, and then what stands beside it for the next key."""
        if self.index is None:
            self.view = {}
            return
        self._show_image(self.index)
        self._send_beside()

    def _send_beside(self) -> None:
        if self.index is not None:
            shown = [mistake.index for mistake in self._mistakes[:SHOWN]] if self._asked else []
            place = shown.index(self.index) if self.index in shown else len(shown) + 1
            self._look_ahead(shown[place + 1 : place + 2] + shown[max(0, place - 1) : place])

    def _normalised(self, index: int) -> Tensor:
        return self._split.take([index]).normalised()

    def _view_of(self, index: int, reading: Reading) -> dict[str, Any]:
        assert reading.output is not None  # evaluate() refused anything but logits
        image = self._split.images[index, 0]
        mistake = self._all[index]
        return self._picture(
            index,
            reading.made,
            (image.shape[0], image.shape[1]),
            image.numpy().tobytes(),
            entry=[mistake.index, mistake.label, mistake.predicted, mistake.confidence],
            logits=floats(reading.output),
        )

    @traitlets.validate("true", "predicted")
    def _class_exists(self, proposal: Any) -> int | None:
        n = len(self._split.classes if self._evaluation is None else self._evaluation.confusion)
        if proposal.value is not None and not 0 <= proposal.value < n:
            raise traitlets.TraitError(
                f"{proposal.trait.name}={proposal.value}, but the classes are 0 to {n - 1}: "
                "choose one of them, or None for all."
            )
        return None if proposal.value is None else int(proposal.value)

    @traitlets.validate("confidence")
    def _confidence_is_a_range(self, proposal: Any) -> tuple[float, float]:
        low, high = proposal.value
        if not 0 <= low <= high <= 100:
            raise traitlets.TraitError(
                f"confidence=({low:g}, {high:g}): give the lowest and the highest, in percent, "
                "such as (90, 100)."
            )
        return float(low), float(high)

    @traitlets.validate("index")
    def _is_a_mistake(self, proposal: Any) -> int | None:
        if proposal.value is None or self._evaluation is None:
            return None
        if proposal.value not in self._all:
            hint = f"choose one of them, such as {next(iter(self._all))}" if self._all else "there is none"
            raise traitlets.TraitError(
                f"index={proposal.value} is none of the {len(self._all):,} mistakes: {hint}."
            )
        return int(proposal.value)

    @traitlets.observe("true", "predicted", "confidence")
    def _new_filter(self, _change: object) -> None:
        asked = (self.true, self.predicted, self.confidence)
        if self._ready and self._evaluation is not None and asked != self._filtered:
            before = self.index
            with self.hold_sync():
                if not self._evaluate_anew():
                    self._filter()
            if self.index == before:
                self._send_beside()  # other mistakes stand beside it now; another index has sent its own

    @traitlets.observe("index")
    def _new_mistake(self, _change: object) -> None:
        if self._ready:
            self._asked = True
            if not self._evaluate_anew():
                self._show()

    @traitlets.observe("channel", "unit")
    def _new_choice(self, _change: object) -> None:
        if self._ready:
            self._evaluate_anew()

    @traitlets.observe("layer")
    def _new_layer(self, change: Any) -> None:
        if self._ready and self.index is not None:
            with self.hold_sync():
                self._keep_place(change.old)
                if not self._evaluate_anew():
                    self._show_image(self.index)
            self._send_beside()  # in a message of its own: the image does not wait for it

    @traitlets.validate("nearest_of")
    def _is_an_image(self, proposal: Any) -> int | None:
        if proposal.value is not None and not 0 <= proposal.value < len(self._split):
            raise traitlets.TraitError(
                f"nearest_of={proposal.value} is none of the {len(self._split):,} images: choose another one."
            )
        return None if proposal.value is None else int(proposal.value)

    @traitlets.observe("nearest_of")
    def _find_nearest(self, _change: object) -> None:
        if self._train is None or self.nearest_of is None:
            return
        found: Sequence[Neighbour] = self._neighbours(self.nearest_of) or ()
        rows = [entry.index for entry in found]
        self.nearest = {
            "index": self.nearest_of,
            "entries": [[e.index, int(self._train.labels[e.index]), e.distance] for e in found],
            "pixels": self._train.images[rows].numpy().tobytes(),
        }

    def __repr__(self) -> str:
        # without the number of mistakes: it would differ between data sets
        kinds = [
            f"{name} {value}"
            for name, value in (("label", self.true), ("predicted", self.predicted))
            if value is not None
        ]
        low, high = self.confidence
        if (low, high) != (0, 100):
            kinds.append(f"confidence {low:g} to {high:g} %")
        return f"MistakeBrowser({type(self._model).__name__}: {', '.join(kinds) or 'all mistakes'})"


def _summary(evaluation: Evaluation, split: Split, train: Split | None) -> dict[str, Any]:
    return {
        "n": evaluation.n,
        "correct": evaluation.correct,
        "accuracy": evaluation.accuracy,
        "classes": list(split.classes),
        "confusion": evaluation.confusion.tolist(),
        "size": list(split.images.shape[2:]),
        "train": 0 if train is None else len(train),
    }


def _check(split: object, train: object, evaluation: Evaluation | None) -> None:
    for name, given in (("split", split), ("train", train)):
        if not isinstance(given, Split) and (name == "split" or given is not None):
            raise TypeError(f"{name} is a {type(given).__name__}: give a Split, such as load_data().test.")
    if evaluation is not None and isinstance(split, Split):
        same = evaluation.n == len(split) and torch.equal(evaluation.labels, split.labels)
        if not same:
            raise ValueError(
                f"the evaluation is of {evaluation.n:,} other images than the {len(split):,} of the split: "
                "leave evaluation= out, or give that of the same split."
            )
