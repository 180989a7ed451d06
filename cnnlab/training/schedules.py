"""How the learning rate changes from step to step."""

from __future__ import annotations

import math
from numbers import Real

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LRScheduler, OneCycleLR, StepLR

from cnnlab.errors import did_you_mean

SCHEDULE_NAMES = ("constant", "cosine", "one_cycle", "step")
EXTENDABLE = ("constant", "step")  # these do not depend on how many epochs there will be
_RATES = ("lr", "initial_lr", "max_lr", "min_lr")  # what a schedule keeps in the optimiser's groups


def make_schedule(
    optimizer: Optimizer, name: str, *, epochs: int, steps_per_epoch: int | None
) -> LRScheduler:
    """Build the schedule; call its `step()` after every step of the optimiser.

    Args:
        optimizer: whose learning rate is the starting point; for "one_cycle" it is the peak.
        name: "constant"; "cosine" falls to 0 along half a cosine; "one_cycle" rises to the peak and
            falls to almost 0 (a single step is made at the peak); "step" multiplies by 0.7 after every epoch.
        epochs: passes over the data.
        steps_per_epoch: batches in one pass, or None where that is not known.
    Raises:
        ValueError: the name is unknown, or the schedule needs a length that is not known.
    """
    if name not in SCHEDULE_NAMES:
        raise ValueError(f"unknown schedule {name!r}: {did_you_mean(name, SCHEDULE_NAMES)}")
    if name == "constant" or (name == "one_cycle" and epochs * (steps_per_epoch or 2) == 1):
        return ConstantLR(optimizer, factor=1.0, total_iters=0)
    if steps_per_epoch is None:
        raise ValueError(
            f"schedule={name!r} needs to know the number of batches, and len(train) is not defined: "
            "give a Split, Batches or a DataLoader, or use schedule='constant'."
        )
    if name == "cosine":
        return CosineAnnealingLR(optimizer, T_max=epochs * steps_per_epoch)
    if name == "one_cycle":
        peak = [group["lr"] for group in optimizer.param_groups]
        # momentum stays what the caller chose
        return OneCycleLR(optimizer, max_lr=peak, total_steps=epochs * steps_per_epoch, cycle_momentum=False)
    return StepLR(optimizer, step_size=steps_per_epoch, gamma=0.7)


def change_lr(optimizer: Optimizer, schedule: LRScheduler, lr: float) -> None:
    """Set the learning rate on the way; the rest of the schedule is scaled by the same factor.

    All that it changes is in the state of the optimiser and the schedule, and so in a checkpoint.

    Args:
        optimizer: its first group takes `lr`, and the others change in proportion.
        schedule: what `make_schedule` made for this optimiser.
        lr: the new learning rate, above 0.
    Raises:
        ValueError: it is not a finite number above 0, or the schedule has already ended at 0.
        TypeError: it is not a number.
    """
    if isinstance(lr, bool) or not isinstance(lr, Real):
        raise TypeError(f"lr={lr!r} is a {type(lr).__name__}: give a number.")
    if not (math.isfinite(lr) and lr > 0):
        raise ValueError(f"lr={lr} is not a finite number above 0: try half of the present one.")
    now = float(optimizer.param_groups[0]["lr"])
    if now == 0:
        raise ValueError("the schedule has come to its end, where the learning rate is 0: train anew.")
    factor = float(lr) / now
    for group in optimizer.param_groups:
        group.update({name: group[name] * factor for name in _RATES if name in group})
    schedule.base_lrs = [rate * factor for rate in schedule.base_lrs]
