"""Write a run to a file after every epoch, and go on from it."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from cnnlab.errors import CheckpointError
from cnnlab.training.loop import Run
from cnnlab.training.schedules import EXTENDABLE
from cnnlab.training.seeding import random_states, restore_random_states

FORMAT = 1


def save_checkpoint(path: str | Path, settings: dict[str, Any], run: Run) -> None:
    """Replace the file in one move, so that whoever is killed leaves the old one or the new one.

    Args:
        path: the checkpoint; a file beside it with ".partial" added is used while writing.
        settings: what a resumed run must agree with.
        run: at the end of an epoch.
    """
    path = Path(path)
    partial = path.with_name(path.name + ".partial")
    generator = getattr(run.batches, "generator", None)
    content = {
        "format": FORMAT,
        "settings": settings,
        "shapes": _shapes(run),
        "model": run.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "schedule": run.schedule.state_dict(),
        "recorder": run.recorder.state_dict(),
        "random": random_states(),
        "generator": generator.get_state() if isinstance(generator, torch.Generator) else None,
    }
    with open(partial, "wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())  # the content must be on the disk before the name points to it
    os.replace(partial, path)


def load_checkpoint(path: str | Path, settings: dict[str, Any], run: Run) -> bool:
    """Bring a new run to where the file left off; without a file, do nothing.

    Args:
        path: the checkpoint.
        settings: of the run that wants to go on.
        run: freshly made, with the same model, optimiser and schedule.
    Returns:
        Whether there was a file.
    Raises:
        CheckpointError: it cannot be read, or belongs to another run. The file is left as it is.
    """
    path = Path(path)
    if not path.exists():
        return False
    content = _read(path)
    _compare(path, content, settings, run)
    run.model.load_state_dict(content["model"])
    run.optimizer.load_state_dict(content["optimizer"])
    run.schedule.load_state_dict(content["schedule"])
    run.recorder.load_state_dict(content["recorder"])
    restore_random_states(content["random"])
    if content["generator"] is not None:
        run.batches.generator.set_state(content["generator"])  # type: ignore[attr-defined]
    return True


def _read(path: Path) -> dict[str, Any]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint ({type(error).__name__}; {path.stat().st_size:,} bytes): "
            "it is cut off, corrupt or something else. It was left as it is: move it away, or give another path."
        ) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} was not written by this version of cnnlab.fit. It was left as it is: give another path."
        )
    return content


def _compare(path: Path, content: dict[str, Any], settings: dict[str, Any], run: Run) -> None:
    old, done = content["settings"], len(content["recorder"]["epochs"].get("epoch", []))
    differs = [
        f"{key} was {old.get(key)!r} and is {settings.get(key)!r}"
        for key in dict.fromkeys([*old, *settings])
        if old.get(key) != settings.get(key) and key != "epochs"
    ]
    shapes = _shapes(run)
    differs += [
        f"{name} had shape {content['shapes'].get(name)} and has {shapes.get(name)}"
        for name in dict.fromkeys([*content["shapes"], *shapes])
        if content["shapes"].get(name) != shapes.get(name)
    ]
    if differs:
        raise CheckpointError(
            f"{path} belongs to another run: {'; '.join(differs)}. It was left as it is: use the same "
            "settings to go on with it, or give another path to start anew."
        )
    if old["epochs"] != settings["epochs"]:
        schedule = settings["schedule"]
        if schedule not in EXTENDABLE:
            raise CheckpointError(
                f"{path} was made for epochs={old['epochs']}, and this run asks for {settings['epochs']}. "
                f"schedule={schedule!r} is spread over all epochs, so the first {done} would have been "
                "different: give another path to start anew, or use schedule='constant' for runs that grow."
            )
        if done > settings["epochs"]:
            raise CheckpointError(
                f"{path} has {done} epochs behind it, and this run asks for {settings['epochs']}: ask for "
                f"at least {done}, or give another path to start anew."
            )


def _shapes(run: Run) -> dict[str, list[int]]:
    return {
        name: list(value.shape) for name, value in run.model.state_dict().items() if hasattr(value, "shape")
    }
