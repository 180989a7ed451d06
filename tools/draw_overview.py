#!/usr/bin/env python3
"""Draw docs/overview.png: one digit on its way through the 320 network, with the arithmetic.

    python tools/draw_overview.py

Trains the network for one epoch on MNIST first, so every map in the picture is a real one.
"""

from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from torch import Tensor

from cnnlab import fit, load_data, models, set_seed, w_out
from cnnlab.inspection import activations
from cnnlab.plots.style import BLUE, GREY, SIGNED, VERMILLION

TARGET = Path(__file__).resolve().parent.parent / "docs" / "overview.png"
TOP, BOTTOM = 0.87, 0.27  # of the figure: where the stacks of maps begin and end


def stack(figure: plt.Figure, left: float, width: float, maps: Tensor, shown: int, title: str) -> None:
    """Some maps of one layer, on top of each other, with the shape above."""
    height = (TOP - BOTTOM) / shown
    most = float(maps.abs().max())
    for i in range(shown):
        ax = figure.add_axes((left, TOP - (i + 1) * height + 0.006, width, height - 0.012))
        ax.imshow(maps[i], cmap=SIGNED, vmin=-most, vmax=most)
        ax.set(xticks=[], yticks=[])
        for spine in ax.spines.values():
            spine.set_color("#bbbbbb")
    figure.text(left + width / 2, TOP + 0.03, title, ha="center", fontsize=17, weight="bold")


def step(figure: plt.Figure, x: float, what: str, arithmetic: str) -> None:
    """What happens between two stacks, below them."""
    figure.text(x, 0.175, what, ha="center", fontsize=15, color=BLUE, weight="bold")
    figure.text(x, 0.105, arithmetic, ha="center", fontsize=13, color="#333333")


def bars(ax: Axes, probabilities: Tensor) -> None:
    """The ten probabilities."""
    best = int(probabilities.argmax())
    ax.barh(range(10), probabilities * 100, color=[VERMILLION if d == best else GREY for d in range(10)])
    ax.set(yticks=range(10), xlim=(0, 100), xticks=[0, 50, 100])
    ax.tick_params(labelsize=13)
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)


def main() -> None:
    data = load_data("mnist")
    set_seed(0)
    model = models.build("cnn_320")
    fit(model, data.train, epochs=1, batch_size=128, lr=3e-3, schedule="one_cycle")
    image = data.test.normalised()[:1]
    made = {name: output[0] for name, output in activations(model, image).items()}

    figure = plt.figure(figsize=(16, 6.6), dpi=100)
    ax = figure.add_axes((0.02, 0.36, 0.15, 0.42))
    ax.imshow(image[0, 0], cmap="gray")
    ax.set(xticks=[], yticks=[])
    figure.text(0.095, TOP + 0.03, "28×28", ha="center", fontsize=17, weight="bold")

    stack(figure, 0.235, 0.075, made["conv1"], 4, "10 @ 24×24")
    stack(figure, 0.375, 0.075, made["relu1"], 4, "10 @ 12×12")
    stack(figure, 0.515, 0.075, made["conv2"], 4, "20 @ 8×8")
    stack(figure, 0.655, 0.075, made["relu2"], 4, "20 @ 4×4")
    ax = figure.add_axes((0.775, BOTTOM, 0.02, TOP - BOTTOM))
    ax.imshow(made["flatten"][:, None], cmap=SIGNED, aspect="auto", vmin=-8, vmax=8, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    figure.text(0.785, TOP + 0.03, "320", ha="center", fontsize=17, weight="bold")
    bars(figure.add_axes((0.87, BOTTOM + 0.03, 0.115, TOP - BOTTOM - 0.03)), made["fc2"].softmax(dim=0))
    figure.text(0.925, TOP + 0.03, "10", ha="center", fontsize=17, weight="bold")
    figure.text(0.925, 0.175, "probability (%)", ha="center", fontsize=15, color=BLUE, weight="bold")

    step(figure, 0.205, "conv 5×5", f"⌊(28 + 2·0 − 5) / 1⌋ + 1 = {w_out(28, 5, 0)}")
    step(figure, 0.345, "max pool 2, ReLU", f"24 / 2 = {w_out(24, 2, 0, 2)}")
    step(figure, 0.485, "conv 5×5", f"⌊(12 + 2·0 − 5) / 1⌋ + 1 = {w_out(12, 5, 0)}")
    step(figure, 0.625, "max pool 2, ReLU", f"8 / 2 = {w_out(8, 2, 0, 2)}")
    step(figure, 0.785, "flatten", f"20 · 4 · 4 = {20 * 4 * 4}")
    for x in (0.205, 0.345, 0.485, 0.625, 0.752, 0.832):
        figure.text(x, (TOP + BOTTOM) / 2, "→", ha="center", va="center", fontsize=24, color=GREY)
    figure.text(
        0.5,
        0.03,
        "A test digit in the 320 network after one epoch: 4 maps a layer, orange positive, blue negative.",
        ha="center",
        fontsize=13,
        color="#555555",
    )
    TARGET.parent.mkdir(exist_ok=True)
    figure.savefig(TARGET, metadata={"Software": None})
    print(f"wrote {TARGET}")


if __name__ == "__main__":
    main()
