"""What every pytest run here shares: strict notebooks by a bare `pytest --nbval`, and seeded tests.

nbval's options are set here and not in pyproject.toml: options there would break pytest
where nbval is not installed, and would not know where this folder is.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
CELL_SECONDS = 900  # a cell takes a minute at most; two busy cores can make that ten

# Between two operations PyTorch's OpenMP threads spin and wait. Where another program needs the core, that
# makes everything slower (an epoch took 7.0 s instead of 4.7 s); a short spin bounds that.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

# What a reader has predicted must change no test, and no test what a reader has predicted.
_no_predictions = tempfile.TemporaryDirectory(prefix="cnnlab-")
os.environ["CNNLAB_PREDICTIONS"] = str(Path(_no_predictions.name) / "predictions.json")

# The scripts are the notebooks' source and train networks: they are built, never imported.
collect_ignore_glob = ["notebooks/scripts/*", "tools/*", "benchmarks/*"]


def pytest_configure(config: pytest.Config) -> None:
    """Make `pytest --nbval` strict, and the same from every folder."""
    options = config.option
    if not getattr(options, "nbval", False):
        return
    if options.nbval_lax:
        raise pytest.UsageError(
            "--nbval-lax beside --nbval compares no output at all: leave --nbval-lax out for the strict test."
        )
    if not options.nbval_kernel_name:
        options.nbval_current_env = True
    if options.nbval_cell_timeout == 2000:  # nbval's default
        options.nbval_cell_timeout = CELL_SECONDS
    options.nbval_sanitize_with = options.nbval_sanitize_with or str(ROOT / "tests" / "nbval_sanitize.cfg")
    os.environ["TQDM_DISABLE"] = "1"  # a progress bar prints times
    os.environ.pop("MPLBACKEND", None)  # "agg" there would leave every figure out of the outputs
    if os.environ.get("CNNLAB_DATA"):  # notebooks run in their own folder
        os.environ["CNNLAB_DATA"] = os.path.abspath(os.environ["CNNLAB_DATA"])


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Start every test from the same random numbers."""
    random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)
