"""Train the networks that ship with cnnlab, and write their weights and recipes.

The training images are moved, turned and scaled a little in every pass, because what people draw is
less alike than MNIST's digits are.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnnlab import models
from cnnlab.arithmetic import whole
from cnnlab.data import Split, load_data
from cnnlab.data.batches import shuffled_order
from cnnlab.errors import did_you_mean
from cnnlab.models.trained import FOLDER, TRAINED, TrainedRecipe
from cnnlab.timing import thread_count
from cnnlab.training import evaluate, fit, set_seed
from cnnlab.whole_file import whole_file

MEAN, STD = 0.1307, 0.3081  # of MNIST's training pixels, as everyone writes them
EPOCHS = {"cnn_320": 12, "mlp": 16}
BATCH_SIZE = 128
LR = {"cnn_320": 0.006, "mlp": 0.003}  # peaks
SHIFT = 1.5  # pixels
TURN = 12.0  # degrees
SCALE = 0.1  # share of the size


def pretrain(
    names: Sequence[str] | None = None,
    out: str | Path = FOLDER,
    *,
    root: str | Path | None = None,
    replace: bool = False,
    data: str = "mnist",
    epochs: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> list[TrainedRecipe]:
    """Train networks on one thread of the CPU, so that a second run on one machine gives the same weights.

    Args:
        names: networks of `models.TRAINED`; None trains them all.
        out: the folder for NAME.pt and NAME.json; it is made if it is not there.
        root: the folder that holds MNIST; None looks where `load_data` does.
        replace: write over files that are there.
        data: what to train on; "digits" is for trials.
        epochs: fewer than the recipe's, for a trial.
        seed: of the first weights, the order and the changes of the images.
        progress: show a bar for each network.
    Returns:
        The recipes, with the accuracy on the test images after the weights were rounded to 16 bits.
    Raises:
        ValueError: a name is unknown, or a file is there already.
        DataError: MNIST was not found.
        KeyboardInterrupt: stopped by Ctrl-C; networks that were finished are kept.
    """
    chosen = TRAINED if names is None else tuple(dict.fromkeys(names))
    for name in chosen:
        if name not in TRAINED:
            raise ValueError(f"cnnlab ships no trained {name!r}: {did_you_mean(name, TRAINED)}")
    if epochs is not None:
        whole("epochs", epochs, 1)
    folder = Path(out)
    there = [path for name in chosen for path in _files(folder, name) if path.exists()]
    if there and not replace:
        raise ValueError(
            f"{', '.join(path.name for path in there)} in {folder} would be written over: name another "
            "folder (--out), or say --replace."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"{folder} cannot be a folder ({error.strerror}): name another one (--out)."
        ) from error
    images = load_data(data, root)
    train, test = (dataclasses.replace(part, mean=MEAN, std=STD) for part in (images.train, images.test))
    recipes = []
    for name in chosen:
        passes = epochs or EPOCHS[name]
        with thread_count(1):
            model = _train(name, train, passes, seed, progress)
            accuracy = evaluate(model, test, device="cpu").accuracy
        weights = _bytes_of(model)
        recipe = TrainedRecipe(
            model=name,
            data=images.name,
            images=len(train),
            epochs=passes,
            batch_size=BATCH_SIZE,
            optimizer="adam",
            lr=LR[name],
            schedule="one_cycle",
            shift=SHIFT,
            turn=TURN,
            scale=SCALE,
            seed=seed,
            mean=MEAN,
            std=STD,
            accuracy=round(accuracy, 2),
            test_images=len(test),
            torch=torch.__version__,
            date=datetime.date.today().isoformat(),
            sha256=hashlib.sha256(weights).hexdigest(),
        )
        text = json.dumps(dataclasses.asdict(recipe), indent=2) + "\n"
        for path, content in zip(_files(folder, name), (weights, text.encode())):
            with whole_file(path) as file:
                file.write(content)
        recipes.append(recipe)
        print(
            f"{name}: {recipe.accuracy:.2f} % of {len(test):,} test images, {len(weights):,} bytes",
            flush=True,
        )
    return recipes


class ChangedBatches:
    """Batches of a split whose images are moved, turned and scaled at random, in every pass anew.

    Args:
        split: the images.
        batch_size: images in a batch.
        seed: of the order and of the changes.
    """

    def __init__(self, split: Split, batch_size: int, seed: int = 0) -> None:
        self.split, self.batch_size, self.seed, self.epoch = split, batch_size, seed, 0

    def __len__(self) -> int:
        return -(-len(self.split) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = shuffled_order(len(self.split), self.seed, self.epoch)
        draw = torch.Generator().manual_seed(int(order[0]) + 1_000_003 * self.seed + self.epoch)
        self.epoch += 1
        for chosen in torch.split(order, self.batch_size):
            images = changed(self.split.images[chosen].float() / 255, draw)
            yield (images - self.split.mean) / self.split.std, self.split.labels[chosen]


def changed(images: Tensor, draw: torch.Generator) -> Tensor:
    """Each image moved, turned and scaled by its own random amounts, up to SHIFT, TURN and SCALE.

    Args:
        images: (N, 1, 28, 28) float, background 0: that is what comes in from outside.
        draw: the generator of the amounts.
    Returns:
        (N, 1, 28, 28) float.
    """
    n, side = len(images), images.shape[-1]
    amount = 2 * torch.rand(4, n, generator=draw) - 1  # each from -1 to 1
    angle = amount[0] * torch.pi * TURN / 180
    size = 1 / (1 + SCALE * amount[1])
    move = amount[2:] * 2 * SHIFT / side  # the grid counts from -1 to 1 across the image
    cos, sin = size * angle.cos(), size * angle.sin()
    back = torch.stack([cos, -sin, move[0], sin, cos, move[1]], dim=1).view(n, 2, 3)
    grid = F.affine_grid(back, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def _train(name: str, train: Split, epochs: int, seed: int, progress: bool) -> nn.Module:
    """A trained network whose weights are rounded to 16 bits."""
    set_seed(seed)
    model = models.build(name)
    batches = ChangedBatches(train, BATCH_SIZE, seed)
    history = fit(
        model,
        batches,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        lr=LR[name],
        schedule="one_cycle",
        device="cpu",
        seed=seed,
        progress=progress,
    )
    if history.stopped:  # fit keeps what was learnt when Ctrl-C stops it, but half a run is not to be shipped
        raise KeyboardInterrupt
    return model.half().float()


def _bytes_of(model: nn.Module) -> bytes:
    """The weights as torch.save writes them, in 16 bits."""
    file = io.BytesIO()
    torch.save({key: value.half() for key, value in model.state_dict().items()}, file)
    return file.getvalue()


def _files(folder: Path, name: str) -> tuple[Path, Path]:
    return folder / f"{name}.pt", folder / f"{name}.json"
