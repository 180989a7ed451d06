"""cnnlab: see how a convolutional network reads digits, and change it.

The names in `__all__` are what the notebooks and other programs rely on. They are
imported when first used, so `import cnnlab` costs nothing, the arithmetic works
without PyTorch, and `cnnlab doctor` runs even where PyTorch does not.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# On Linux, PyTorch's threads spin at the end of every operation until the last one is done. Where another
# program has a core, they spin for whole time slices: an epoch took 370 s in place of 4. A shorter spin
# bounds that. It is read when PyTorch is loaded; `make lab` sets it, too.
if "torch" not in sys.modules:
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")

_HOME = {  # public name -> the module that defines it
    "w_out": "cnnlab.arithmetic",
    "conv_parameters": "cnnlab.arithmetic",
    "linear_parameters": "cnnlab.arithmetic",
    "claim": "cnnlab.claims",
    "predict": "cnnlab.predictions",
    "calibration": "cnnlab.predictions",
    "load_data": "cnnlab.data",
    "hold_out": "cnnlab.data",
    "Batches": "cnnlab.data",
    "set_seed": "cnnlab.training",
    "fit": "cnnlab.training",
    "evaluate": "cnnlab.training",
    "trace_shapes": "cnnlab.inspection",
    "count_parameters": "cnnlab.inspection",
    "receptive_field": "cnnlab.inspection",
    "explain": "cnnlab.inspection",
}
_SUBPACKAGES = ("checks", "models", "plots")

__all__ = [
    "Batches",
    "calibration",
    "checks",
    "claim",
    "conv_parameters",
    "count_parameters",
    "evaluate",
    "explain",
    "fit",
    "hold_out",
    "linear_parameters",
    "load_data",
    "models",
    "plots",
    "predict",
    "receptive_field",
    "set_seed",
    "trace_shapes",
    "w_out",
]

if TYPE_CHECKING:
    from cnnlab import checks as checks
    from cnnlab import models as models
    from cnnlab import plots as plots
    from cnnlab.arithmetic import conv_parameters, linear_parameters, w_out
    from cnnlab.claims import claim
    from cnnlab.data import Batches, hold_out, load_data
    from cnnlab.inspection import count_parameters, explain, receptive_field, trace_shapes
    from cnnlab.predictions import calibration, predict
    from cnnlab.training import evaluate, fit, set_seed


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(_HOME[name]), name)
    elif name in _SUBPACKAGES:
        value = importlib.import_module(f"cnnlab.{name}")
    else:
        from cnnlab.errors import did_you_mean

        raise AttributeError(f"cnnlab has no {name!r}: {did_you_mean(name, __all__)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
