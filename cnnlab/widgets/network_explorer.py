"""A whole network as volumes drawn to scale, and all that follows from its sizes."""

from __future__ import annotations

import copy
import math
from numbers import Integral
from typing import Any, ClassVar

import torch
import traitlets
from torch import nn

from cnnlab.errors import did_you_mean
from cnnlab.inspection import explain
from cnnlab.inspection.explanation import Explanation
from cnnlab.models.block_net import BlockNet
from cnnlab.widgets.explorer import Explorer
from cnnlab.widgets.network_settings import PRESETS, Totals, checked, network, preset_of, totals

MOST_INPUTS = 999_999  # of fc1; more cannot come out of any settings
# Remedies are tried on some forty copies of the network. The browser's question must be answered in a
# moment, so networks beyond this are not tried then.
MOST_MULTIPLY_ADDS, MOST_WEIGHTS, MOST_TRIED = 30_000_000, 4_000_000, 20_000


class _Copied(traitlets.Any):
    """A dictionary that is given out as a copy: what is changed in it counts only when it is set."""

    def get(self, obj: Any, cls: Any = None) -> Any:
        return copy.deepcopy(super().get(obj, cls))


class NetworkExplorer(Explorer):
    """See how every size, parameter and multiply-add of a network follows from its settings.

    The drawing, the table and the code are made in the browser. Python follows, so that
    `explorer.build()` is the network that is seen.

    Args:
        preset: the lab network to begin with: "cnn_320", "cnn_wide", "lenet_dropout", "cnn_padded" or
            "cnn_deep".
        settings: the sizes to begin with instead, as in `explorer.settings`.
    Raises:
        ValueError: no lab network with convolutions has this name.
        traitlets.TraitError: a setting is out of range.

    >>> explorer = NetworkExplorer("cnn_320")
    >>> explorer.flatten, explorer.parameters
    (320, 21840)
    >>> explorer.settings = {"blocks": [{"channels": 8, "kernel": 3, "padding": "same"}], "hidden": 0}
    >>> explorer.build().fc1
    Linear(in_features=1568, out_features=10, bias=True)
    """

    script = "network_explorer.js"
    style: ClassVar[tuple[str, ...]] = ("network_explorer.css",)

    settings: Any = _Copied().tag(sync=True)  # {"blocks": […], "hidden": …}; set it to change the network
    presets = traitlets.Dict(read_only=True).tag(sync=True, python_only=True)
    fc1 = traitlets.Any(None).tag(sync=True)  # what a student says that fc1 takes; None is the right number
    asked = traitlets.Dict().tag(sync=True)  # {"key": …, "inputs": …}: the browser's question
    answer = traitlets.Dict().tag(sync=True, python_only=True)  # {"key": …, "text": …}: what `explain` says

    def __init__(self, preset: str = "cnn_320", settings: dict[str, Any] | None = None) -> None:
        if preset not in PRESETS:
            raise ValueError(f"no network with blocks is called {preset!r}: {did_you_mean(preset, PRESETS)}")
        super().__init__(settings=copy.deepcopy(PRESETS[preset]) if settings is None else settings)
        self.set_trait("presets", copy.deepcopy(PRESETS))

    @property
    def flatten(self) -> int | None:
        """How many numbers fc1 gets; None if a layer does not fit."""
        made = self._totals()
        return None if made is None else made.flatten

    @property
    def parameters(self) -> int | None:
        """All parameters of the network; None if a layer does not fit."""
        made = self._totals()
        return None if made is None else made.parameters

    def build(self) -> nn.Module:
        """The network with these settings and new random weights; its output is the logits (N, 10).

        Raises:
            ValueError: a layer does not fit what arrives at it; the message says how to mend it.
        """
        return network(self.settings)

    def explain(self, inputs: int) -> Explanation:
        """What `cnnlab.explain` says of this network, if fc1 took so many numbers.

        Args:
            inputs: the number of inputs that fc1 is made with.
        Raises:
            ValueError: a layer before fc1 does not fit, or no layer can have so many inputs.
        """
        inputs = _inputs(inputs)
        with torch.random.fork_rng(devices=[]):  # a question changes no later result
            asked = _Throwaway.of(self.settings)
            asked.fc1 = nn.Linear(inputs, asked.fc1.out_features)
        return explain(asked, (1, 28, 28))

    def _totals(self) -> Totals | None:
        try:
            return totals(self.settings)
        except ValueError:
            return None

    @traitlets.validate("settings")
    def _check_settings(self, proposal: Any) -> dict[str, Any]:
        return checked(proposal["value"])

    @traitlets.validate("fc1")
    def _check_fc1(self, proposal: Any) -> int | None:
        return None if proposal["value"] is None else _inputs(proposal["value"])

    @traitlets.observe("asked")
    def _reply(self, change: Any) -> None:
        """Answer the browser; it keeps its own words where there is nothing to add."""
        key, inputs = change["new"].get("key"), _inputs(change["new"].get("inputs"))
        made = self._totals()
        text = str(self.explain(inputs)) if made is not None and _answered_soon(made, inputs) else ""
        self.answer = {"key": key, "text": text}

    def __repr__(self) -> str:
        name = preset_of(self.settings)
        if name is None:
            count = len(self.settings["blocks"])
            blocks = f"{count} block{'s' if count > 1 else ''}"
            name = f"{blocks}, flatten {self.flatten or 'impossible'}"
        return f"NetworkExplorer({name}: 28×28 → 10)"


class _Throwaway(BlockNet):
    """A network that is asked about once. Copies share its layers, so that forty of them cost little."""

    @classmethod
    def of(cls, settings: dict[str, Any]) -> _Throwaway:
        made = network(settings)
        made.__class__ = cls
        return made  # type: ignore[return-value]

    def __deepcopy__(self, memo: dict[int, Any]) -> _Throwaway:
        twin = copy.copy(self)
        twin._modules = dict(self._modules)
        memo[id(self)] = twin
        return twin


def _answered_soon(made: Totals, inputs: int) -> bool:
    """Whether forty trials of a network take a moment only."""
    small = made.parameters <= MOST_WEIGHTS and made.multiply_adds <= MOST_MULTIPLY_ADDS
    return small and inputs <= MOST_TRIED


def _inputs(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or not 1 <= int(value) <= MOST_INPUTS:
        shown = f"{value:g}" if isinstance(value, float) and math.isfinite(value) else repr(value)
        raise traitlets.TraitError(
            f"fc1={shown} cannot be: a layer takes a whole number of inputs, 1 to {MOST_INPUTS:,}."
        )
    return int(value)
