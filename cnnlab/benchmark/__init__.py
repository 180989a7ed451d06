"""What cnnlab costs on this machine: beside the labs' own loops, and beside what the processor can do."""

from cnnlab.benchmark.floor import FloorRow, step_cost
from cnnlab.benchmark.loops import lab_002_epoch, lab_004_epoch
from cnnlab.benchmark.report import benchmark
from cnnlab.benchmark.rows import Measured
from cnnlab.benchmark.words import BY_HAND, with_words

__all__ = [
    "BY_HAND",
    "FloorRow",
    "Measured",
    "benchmark",
    "lab_002_epoch",
    "lab_004_epoch",
    "step_cost",
    "with_words",
]
