"""Training: seeds, the loop, histories, checkpoints and evaluation."""

from cnnlab.training.callbacks import Callback, Start, State
from cnnlab.training.evaluation import ClassAccuracy, Evaluation, evaluate
from cnnlab.training.fitting import fit
from cnnlab.training.history import EpochRecord, History, StepRecord
from cnnlab.training.intervals import wilson_interval
from cnnlab.training.optimisers import OPTIMIZER_NAMES, make_optimizer
from cnnlab.training.schedules import SCHEDULE_NAMES, make_schedule
from cnnlab.training.seeding import set_seed

__all__ = [
    "OPTIMIZER_NAMES",
    "SCHEDULE_NAMES",
    "Callback",
    "ClassAccuracy",
    "EpochRecord",
    "Evaluation",
    "History",
    "Start",
    "State",
    "StepRecord",
    "evaluate",
    "fit",
    "make_optimizer",
    "make_schedule",
    "set_seed",
    "wilson_interval",
]
