"""Write a run to a file after every epoch, and go on from it."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from cnnlab.errors import CheckpointError
from cnnlab.training.run import Run
from cnnlab.training.schedules import EXTENDABLE
from cnnlab.training.seeding import random_states, restore_random_states
from cnnlab.training.sources import generators_of
from cnnlab.whole_file import partial_name, whole_file

FORMAT = "cnnlab checkpoint 2"
COMPILED = "_orig_mod."  # how every name in torch.compile(model) begins
MOST_DIFFERENCES = 4  # that a message lists
KEYS = ("settings", "layers", "shapes", "model", "optimizer", "schedule", "recorder", "random", "order")


def check_place(path: Path) -> None:
    """Refuse, before the training and not after its first epoch, a place that cannot be written."""
    if os.path.islink(path):
        path = Path(os.path.realpath(path))  # where it is written
    if not os.path.isdir(path.parent):
        raise CheckpointError(
            f"checkpoint={str(path)!r}: there is no folder {str(path.parent)!r}: make it first, or give "
            "another path."
        )
    partial = partial_name(path)
    try:
        with open(partial, "wb"):
            pass
        partial.unlink()
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise CheckpointError(
            f"checkpoint={str(path)!r} cannot be written ({error}): give a path that you may write to."
        ) from error


def save_checkpoint(path: Path, run: Run) -> None:
    """Replace the file in one move: whoever is killed meanwhile leaves the old one or the new one.

    Args:
        path: the checkpoint; a file beside it with ".cnnlab-partial" added is used while writing.
        run: at the end of an epoch.
    Raises:
        CheckpointError: the file cannot be written; the one before it is still there.
    """
    content = {
        "format": FORMAT,
        "settings": run.settings,
        "layers": repr(run.model),
        "shapes": _shapes(run.model.state_dict()),
        "model": run.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "schedule": run.schedule.state_dict(),
        "recorder": run.recorder.state_dict(),
        "random": random_states(),
        "order": [generator.get_state() for generator in generators_of(run.batches)],
    }
    try:
        with whole_file(path) as file:
            torch.save(content, file)
    except (OSError, RuntimeError) as error:
        kept = "an earlier checkpoint is still there" if path.exists() else "no checkpoint was written"
        raise CheckpointError(
            f"{path} could not be written after epoch {run.epochs_done} ({error}): free some space or "
            f"give another path. The model keeps its weights; {kept}."
        ) from error


def load_checkpoint(path: Path, run: Run) -> bool:
    """Bring a new run to where the file left off; without a file, do nothing.

    Args:
        path: the checkpoint. It is only read.
        run: freshly made, from the same model, data and settings.
    Returns:
        Whether there was a file.
    Raises:
        CheckpointError: it cannot be read, belongs to another run, or holds weights that are not finite.
    """
    if os.path.isdir(path):  # of os.path, which says no where pathlib raises: of a name that is too long
        raise CheckpointError(f"checkpoint={str(path)!r} is a folder: name a file in it, such as 'run.pt'.")
    if not os.path.exists(path):
        return False
    if not os.path.isfile(path):
        kind = "pipe" if path.is_fifo() else "device"
        raise CheckpointError(
            f"checkpoint={str(path)!r} is no ordinary file, but a {kind}: name another, such as 'run.pt'."
        )
    content = _read(path)
    try:
        _compare(path, content, run)
        _load_all_but_the_model(content, run)
    except CheckpointError:
        raise
    except Exception as error:  # a file that was made by hand can hold anything
        raise CheckpointError(
            f"{path} is not as fit writes it ({type(error).__name__}: {_first_line(error)}). It was left as "
            "it is: move it away to start anew, or give another path."
        ) from error
    run.model.load_state_dict(content["model"])
    return True


def _compare(path: Path, content: dict[str, Any], run: Run) -> None:
    """Refuse the checkpoint of another run, and one from which no run can go on."""
    differences = _differences(content, run)
    if differences:
        raise CheckpointError(
            f"{path} belongs to another run: {'; '.join(differences)}. It was left as it is: go on with the "
            "old settings, or give another path to start anew."
        )
    _compare_epochs(path, content, run)
    if _shapes(content["model"]) != content["shapes"]:
        raise ValueError("its weights have other shapes than it says")
    for name, _ in run.model.named_parameters():  # a buffer may be infinite, such as a mask
        weight = content["model"][name]
        wrong = int((~weight.isfinite()).sum())
        if wrong:
            raise CheckpointError(
                f"{path} holds weights from which nothing can be learnt: {wrong:,} of the {weight.numel():,} "
                f"numbers of {name} are not finite (NaN or infinite). It was left as it is: give another "
                "path, and start anew with a smaller learning rate."
            )


def _load_all_but_the_model(content: dict[str, Any], run: Run) -> None:
    """The model comes last, so that its weights stay where something else cannot be loaded."""
    order = content["order"]
    if not isinstance(order, list) or not all(isinstance(state, torch.Tensor) for state in order):
        raise TypeError(f"the order is of type {type(order).__name__}")
    if "last_epoch" not in content["schedule"]:  # PyTorch would take it without a word
        raise KeyError("last_epoch")
    run.optimizer.load_state_dict(content["optimizer"])
    run.schedule.load_state_dict(content["schedule"])
    run.recorder.load_state_dict(content["recorder"])
    restore_random_states(content["random"])
    for generator, state in zip(generators_of(run.batches), order):
        generator.set_state(state)


def _read(path: Path) -> dict[str, Any]:
    try:
        if not os.access(path, os.R_OK):
            raise OSError("no permission to read it")
        with zipfile.ZipFile(path) as file:
            damaged = file.testzip()  # PyTorch writes checksums, but does not look at them
            if damaged is not None:
                raise ValueError(f"the checksum of {damaged} is wrong")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can make the unpickler raise anything
        reason = f"it is cut off, corrupt or something else ({type(error).__name__}: {_first_line(error)})"
        if isinstance(error, pickle.UnpicklingError):  # PyTorch's own words teach how to run what is in it
            reason = "it holds Python objects, as torch.save(model) writes them, which cnnlab does not run"
        raise CheckpointError(
            f"{path} ({path.stat().st_size:,} bytes) cannot be read as a checkpoint: {reason}. It was left "
            "as it is: move it away to start anew, or give another path."
        ) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} is not a checkpoint of this version of cnnlab: it was left as it is: give another path."
        )
    missing = [key for key in KEYS if key not in content]
    if missing:
        raise CheckpointError(
            f"{path} is an incomplete checkpoint: it has no {', '.join(missing)}. It was left as it is: move "
            "it away to start anew, or give another path."
        )
    return content


def _differences(content: dict[str, Any], run: Run) -> list[str]:
    """What the checkpoint and the run disagree on, in words; the number of epochs is looked at apart."""
    old, new = content["settings"], run.settings
    found = [
        f"{key} was {old[key]!r}, now {new[key]!r}"
        for key in new
        if key in old and key != "epochs" and old[key] != new[key]
    ]
    shapes, now = content["shapes"], _shapes(run.model.state_dict())
    compiled = [bool(names) and all(name.startswith(COMPILED) for name in names) for names in (shapes, now)]
    if compiled[0] != compiled[1]:
        was, became = ("compiled (torch.compile)" if one else "plain" for one in compiled)
        return [*found, f"the model was {was}, now it is {became}"]
    found += [
        f"{name} had shape {shapes.get(name, 'none')}, now {now.get(name, 'none')}"
        for name in dict.fromkeys([*shapes, *now])
        if shapes.get(name) != now.get(name)
    ]
    if not found and content["layers"] != repr(run.model):
        lines = zip(content["layers"].splitlines(), repr(run.model).splitlines())
        found += [f"the model had {a.strip()}, now {b.strip()}" for a, b in lines if a != b][:1]
    if len(found) > MOST_DIFFERENCES:
        found[MOST_DIFFERENCES:] = [f"and {len(found) - MOST_DIFFERENCES} more"]
    return found


def _compare_epochs(path: Path, content: dict[str, Any], run: Run) -> None:
    old, schedule = content["settings"]["epochs"], run.settings["schedule"]
    done = len(content["recorder"]["epochs"].get("epoch", []))
    if old != run.epochs and schedule not in EXTENDABLE:
        raise CheckpointError(
            f"{path} was made with epochs={old}, now {run.epochs}: schedule={schedule!r} spreads the "
            f"learning rate over all of them, so the {done} done would have gone differently. It was left as "
            "it is: ask for the same number, or give another path; with schedule='constant' a run can grow."
        )
    if done > run.epochs:
        raise CheckpointError(
            f"{path} has {done} epochs behind it, and epochs={run.epochs} was asked for. It was left as it "
            f"is: ask for at least {done}, or give another path to start anew."
        )


def _shapes(state: dict[str, Any]) -> dict[str, list[int]]:
    return {name: list(value.shape) for name, value in state.items() if hasattr(value, "shape")}


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:200]
