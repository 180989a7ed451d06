"""`fit`: check the arguments, prepare a run, hand it to the loop, and keep what it learnt."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence, Sized
from contextlib import closing
from numbers import Real
from pathlib import Path

import torch
from torch import nn

from cnnlab.device import has_bfloat16, pick_device
from cnnlab.errors import did_you_mean, names_the_nearest
from cnnlab.memory import keep_memory
from cnnlab.training import guards
from cnnlab.training.callbacks import check_callbacks, tell_end, told_of_errors
from cnnlab.training.checkpoint import check_place, load_checkpoint, save_checkpoint
from cnnlab.training.evaluation import EVALUATION_BATCH_SIZE
from cnnlab.training.history import History
from cnnlab.training.loop import train_epoch
from cnnlab.training.modes import keep_mode, on_device
from cnnlab.training.optimisers import OptimizerChoice, describe_optimizer, make_optimizer
from cnnlab.training.progress import Progress
from cnnlab.training.run import PRECISIONS, Run
from cnnlab.training.schedules import make_schedule
from cnnlab.training.seeding import check_seed, own_random_numbers, set_seed
from cnnlab.training.sources import (
    DEFAULT_BATCH_SIZE,
    Source,
    all_labels,
    check_batch_size,
    class_names,
    describe_data,
    describe_validation,
    open_batches,
    warn_if_unlike,
)


@names_the_nearest
def fit(
    model: nn.Module,
    train: Source,
    *,
    epochs: int,
    batch_size: int = DEFAULT_BATCH_SIZE,
    optimizer: OptimizerChoice = "adam",
    lr: float | None = None,
    momentum: float | None = None,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    schedule: str = "constant",
    label_smoothing: float = 0.0,
    validation: Source | None = None,
    device: str | torch.device = "auto",
    precision: str = "float32",
    compile: bool = False,
    seed: int = 0,
    progress: bool = True,
    checkpoint: str | Path | None = None,
    callbacks: Sequence[object] = (),
) -> History:
    """Train a model in place, by cross-entropy, and return what happened step by step.

    Convolutions on the CPU work channels-last meanwhile: the same numbers in another order in memory,
    faster. The losses of the first steps are those of a plain loop to 1e-5; batch norm over large maps sums
    in another order, too, and may differ in the fifth digit. A model made by `torch.compile` can be given.

    The same model, data, settings and machine give the same weights every time (on a GPU up to rounding, as
    its kernels may add in any order): `fit` seeds PyTorch,
    NumPy and Python, shuffles a Split by the same seed, and starts Batches at their first order. The
    caller's generators are put back afterwards. The model's first weights are the caller's: call
    `set_seed` before building it.

    Args:
        model: maps images (N, C, H, W) to logits (N, classes). Log-probabilities train just the same,
            because log-softmax of log-probabilities changes nothing; probabilities do not.
        train: a Split, Batches, or a DataLoader that yields (images float32, labels int64).
        epochs: passes over the data.
        batch_size: images per step, for a Split; Batches and loaders have their own.
        optimizer: one of `OPTIMIZER_NAMES`, or a function from parameters to an optimiser.
        lr: learning rate; None takes the optimiser's default.
        momentum: share of the last step that is kept, below 1; sgd, rmsprop and muon only. None takes the
            optimiser's default: 0, but muon's is 0.8.
        nesterov: look ahead along the momentum; sgd only.
        weight_decay: pull of the weights towards zero.
        schedule: "constant", "cosine", "one_cycle" or "step"; see `make_schedule`.
        label_smoothing: share of the target that is spread evenly over all classes, 0 to below 1: 0.1 asks
            for 91 % on the label and 1 % on each other digit, so that the network need not become surer
            and surer. The training loss is measured against these targets, the validation loss is not.
        validation: measured after every epoch, like `train` in form; it never changes the training.
        device: "auto", "cpu", "cuda", "mps" or a `torch.device`; the model works there and comes back.
        precision: "float32", or "bfloat16" for automatic mixed precision: faster where the processor
            multiplies 16-bit numbers in hardware, with a warning where it does not.
        compile: let `torch.compile` build a program for the model's steps. It takes seconds to minutes and,
            on a CPU, a C++ compiler; it made no lab network faster on the CPUs it was measured on.
        seed: a whole number, for dropout and the order of the images.
        progress: show a bar; TQDM_DISABLE=1 hides it everywhere.
        checkpoint: file that is written after every epoch. If it is there already, the run goes on from
            it, to the same weights, bit for bit on the CPU, as one that was never stopped.
        callbacks: objects with any of the methods of `Callback`, such as on_epoch(state).
    Returns:
        The History; `stopped` says whether Ctrl-C, the stop button or a callback ended the run early.
    Raises:
        TrainingError: it cannot go on; the message says at which step, why, and what to do.
        CheckpointError: the checkpoint cannot be read, or belongs to another run.
        ValueError, TypeError: an argument is out of range or of the wrong type.
    """
    guards.check_model(model)
    guards.check_numbers(model)
    guards.check_count("epochs", epochs)
    guards.check_count("batch_size", batch_size)
    _check_smoothing(label_smoothing)
    check_batch_size(train, batch_size)
    check_seed(seed)
    if precision not in PRECISIONS:
        raise ValueError(f"unknown precision {precision!r}: {did_you_mean(precision, PRECISIONS)}")
    if checkpoint is not None and not isinstance(checkpoint, (str, os.PathLike)):
        raise TypeError(f"checkpoint={checkpoint!r} is no path: give a file, such as 'run.pt'.")
    if not isinstance(compile, bool):
        raise TypeError(f"compile={compile!r} is a {type(compile).__name__}: give True or False.")
    watching = check_callbacks(callbacks)
    keep_memory()
    chosen = pick_device(device)
    if precision == "bfloat16" and not has_bfloat16(chosen):
        warnings.warn(
            f"precision='bfloat16': this {chosen.type.upper()} does not multiply 16-bit numbers in hardware: "
            "it will be slower than precision='float32', which is the default.",
            stacklevel=3,
        )
    with on_device(model, chosen):
        batches = open_batches(train, batch_size, device=chosen, shuffle=True, seed=seed)
        held_out = None
        if validation is not None:
            held_out = open_batches(validation, EVALUATION_BATCH_SIZE, device=chosen, name="validation")
            warn_if_unlike(train, validation)
        steps = len(batches) if isinstance(batches, Sized) else None
        built = make_optimizer(
            model, optimizer, lr=lr, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay
        )
        settings = {"schedule": schedule, "epochs": epochs, "seed": seed, "precision": precision}
        settings["label_smoothing"] = float(label_smoothing)
        settings["compile"] = compile
        settings["the validation set"] = describe_validation(validation, held_out)
        run = Run(
            model=model,
            optimizer=built,
            schedule=make_schedule(built, schedule, epochs=epochs, steps_per_epoch=steps),
            batches=batches,
            held_out=held_out,
            all_labels=all_labels(train),
            classes=class_names(train),
            device=chosen,
            precision=precision,
            label_smoothing=float(label_smoothing),
            epochs=epochs,
            steps_per_epoch=steps,
            settings={**describe_optimizer(built), **settings, **describe_data(train, batches)},
            compiled=compile,
            callbacks=watching,
        )
        with own_random_numbers(), keep_mode(model), told_of_errors(watching):
            set_seed(seed)
            _run_to_the_end(run, None if checkpoint is None else Path(checkpoint), progress)
        history = run.recorder.history(stopped=run.epochs_done < epochs)
    tell_end(watching, history)
    return history


def _check_smoothing(share: float) -> None:
    if isinstance(share, bool) or not isinstance(share, Real):
        raise TypeError(f"label_smoothing={share!r} is a {type(share).__name__}: give a number such as 0.1.")
    if not 0 <= share < 1:
        raise ValueError(f"label_smoothing={share} is out of range: 0 (none) to below 1, and 0.1 is usual.")


def _run_to_the_end(run: Run, checkpoint: Path | None, progress: bool) -> None:
    """Train until all epochs are done, a callback asks to stop, or Ctrl-C is pressed."""
    if checkpoint is not None:
        if load_checkpoint(checkpoint, run):
            print(f"{checkpoint}: {run.epochs_done} of {run.epochs} epochs are done already.")
        if run.epochs_done < run.epochs:
            check_place(checkpoint)
    run.begin()
    if run.epochs_done == run.epochs:
        return
    run.recorder.start_clock()
    run.progress = Progress(progress, run.epochs, run.steps_per_epoch, run.recorder.step)
    try:
        with closing(run.progress):
            while run.epochs_done < run.epochs and not run.stop_requested:
                before = run.epochs_done
                train_epoch(run)
                if checkpoint is not None and run.epochs_done > before:
                    save_checkpoint(checkpoint, run)
    except KeyboardInterrupt:
        print(f"Stopped in {run.where}: the model and the History keep what was learnt so far.")
