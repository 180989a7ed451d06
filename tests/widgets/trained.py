"""A network and its images for the tests of explorers: a second of training on the bundled digits."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from torch import nn

from cnnlab import fit, load_data, models, set_seed
from cnnlab.data import ImageData

ROOT = Path(__file__).resolve().parent.parent.parent
IMPORT = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.widgets.trained import digits, network
"""  # for a notebook's first cell


@cache
def digits() -> ImageData:
    """1,437 training and 360 test images."""
    return load_data("digits")


@cache
def network(name: str = "cnn_320") -> nn.Module:
    """A network that reads most digits, not all: the same in every test, so leave it as it is."""
    set_seed(0)
    model = models.build(name)
    fit(model, digits().train, epochs=2, batch_size=64, lr=3e-3, progress=False)
    return model.eval()
