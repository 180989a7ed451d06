"""Honest clocks: how long a network takes, on which machine, and how sure that is."""

from cnnlab.timing.clock import Timing, synchronise, thread_count, time_call, wrong_clock
from cnnlab.timing.machine import Machine, device_name, driver_version, load, machine
from cnnlab.timing.recorded import Recorded, precisions_of, read_recorded, record, record_gpu
from cnnlab.timing.step import PRECISIONS, time_step
from cnnlab.timing.sweep import SweepRow, sweep
from cnnlab.timing.transfer import TransferRow, time_transfer
from cnnlab.timing.turns import take_turns, timing_of

__all__ = [
    "PRECISIONS",
    "Machine",
    "Recorded",
    "SweepRow",
    "Timing",
    "TransferRow",
    "device_name",
    "driver_version",
    "load",
    "machine",
    "precisions_of",
    "read_recorded",
    "record",
    "record_gpu",
    "sweep",
    "synchronise",
    "take_turns",
    "thread_count",
    "time_call",
    "time_step",
    "time_transfer",
    "timing_of",
    "wrong_clock",
]
