"""Images with what they are and what the network took them for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from cnnlab.arithmetic import whole
from cnnlab.plots.evaluated import check_evaluation
from cnnlab.plots.pixels import Pixels, grey_scale, many_images
from cnnlab.plots.style import GREEN, SMALL, VERMILLION, grid_of_axes, styled

if TYPE_CHECKING:
    from cnnlab.data import Split
    from cnnlab.training import Evaluation


@styled
def prediction_gallery(
    evaluation: Evaluation, split: Split, indices: Sequence[int] | torch.Tensor, columns: int = 5
) -> Pixels:
    """Some images, each titled "true → predicted (confidence)".

    Args:
        evaluation: what `evaluate` returned for `split`.
        split: the images that were evaluated, in the same order.
        indices: which images, such as range(10), evaluation.doubtful(10), or a mask: split.labels == 3.
        columns: how many side by side.
    Returns:
        One Axes for each image, row by row.
    Raises:
        ValueError: there is no index, one without an image, or evaluation and split differ in size.
    """
    check_evaluation(evaluation)
    mask = torch.as_tensor(indices)
    if mask.dtype == torch.bool:
        if mask.shape != (evaluation.n,):
            raise ValueError(
                f"the mask has {len(mask)} entries for {evaluation.n} images: give one for each image."
            )
        indices = mask.nonzero().flatten()
    chosen = [int(index) for index in indices]
    if not chosen:
        raise ValueError("no images to show: indices is empty.")
    if len(split) != evaluation.n:
        raise ValueError(
            f"{evaluation.n} images were evaluated, the split has {len(split)}: give the evaluated split."
        )
    wrong = next((index for index in chosen if not 0 <= index < len(split)), None)
    if wrong is not None:
        raise ValueError(
            f"indices hold {wrong}, but the {len(split)} images have the indices 0 to {len(split) - 1}: "
            "leave it out."
        )
    columns = min(whole("columns", columns, 1), len(chosen))
    rows = -(-len(chosen) // columns)
    names = [row.name for row in evaluation.per_class]
    room = 2.1 if max(map(len, names)) <= 2 else 2.9  # inches; "Ankle boot → Sneaker" is wider than "4 → 9"
    figure, axes = grid_of_axes(rows, columns, room, title=0.35 if room < 2.5 else 0.65, above=0.35)
    figure.suptitle("true class → predicted class (confidence)", fontsize=SMALL, va="top", y=0.99)
    pixels = many_images(split.images[chosen])
    for ax, image, index in zip(axes, pixels, chosen):
        true, predicted = int(evaluation.labels[index]), int(evaluation.predicted[index])
        sure = 100 * float(evaluation.probabilities[index, predicted])
        ax.imshow(image, **grey_scale(pixels))
        long = "\n" if room > 2.5 else " "
        ax.set_title(
            f"{names[true]} → {names[predicted]}{long}({_percent(sure)})",
            color=GREEN if true == predicted else VERMILLION,
            fontsize=15,
        )
    return np.array(axes[: len(chosen)])


def mistakes_gallery(evaluation: Evaluation, split: Split, n: int = 15, columns: int = 5) -> Pixels:
    """The n most confident mistakes, each titled "true → predicted (confidence)".

    Args:
        evaluation: what `evaluate` returned for `split`.
        split: the images that were evaluated, in the same order.
        n: how many at most.
        columns: how many side by side.
    Returns:
        One Axes for each mistake, the most confident first.
    Raises:
        ValueError: there are no mistakes, or evaluation and split differ in size.
    """
    check_evaluation(evaluation)
    wrong = evaluation.mistakes()[: whole("n", n, 1)]
    if len(wrong) == 0:
        raise ValueError(f"there is no mistake in {evaluation.n} images: evaluate more images to find some.")
    return prediction_gallery(evaluation, split, wrong, columns)


def _percent(sure: float) -> str:
    """A confidence in whole percent; 99.7 is not called 100, nobody is that sure."""
    return "> 99 %" if 99.5 <= sure < 100 else f"{sure:.0f} %"
