"""Change one thing: train over seeds, keep every result on disk, and say what made a difference."""

from cnnlab.experiments.differences import Difference, differences
from cnnlab.experiments.run import BASE, Result
from cnnlab.experiments.store import read_results
from cnnlab.experiments.sweep import sweep

__all__ = ["BASE", "Difference", "Result", "differences", "read_results", "sweep"]
