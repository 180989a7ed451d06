"""How each lab trained its network, and what it reported."""

from __future__ import annotations

from dataclasses import dataclass

from cnnlab.errors import did_you_mean


@dataclass(frozen=True)
class Recipe:
    """One lab's own hyper-parameters for one network, and the test accuracy that it reported."""

    model: str  # the network's name, for build()
    lab: str  # "000" to "004"
    optimizer: str  # "adam" or "sgd"
    lr: float  # learning rate
    batch_size: int  # images in a step
    epochs: int  # passes over the training images
    momentum: float = 0.0  # of SGD
    mean: float = 0.0  # taken from pixels in [0, 1] before ...
    std: float = 1.0  # ... dividing by this
    seed: int | None = None  # the lab's; None where it set none
    reported: float | None = None  # test accuracy in percent; None where the lab stored none
    notes: str = ""  # what to know before comparing


_RECIPES = (
    Recipe(
        "logistic",
        lab="004",
        optimizer="adam",
        lr=1e-3,
        batch_size=100,
        epochs=3,
        reported=91.4,
        notes="The lab names only the accuracy: trained here as the lab trained its CNN.",
    ),
    Recipe(
        "mlp",
        lab="004",
        optimizer="adam",
        lr=1e-3,
        batch_size=100,
        epochs=3,
        notes="The lab names only a parameter count: trained here as the lab trained its CNN.",
    ),
    Recipe(
        "cnn_320",
        lab="002",
        optimizer="sgd",
        lr=1e-3,
        momentum=0.9,
        batch_size=50,
        epochs=5,
        mean=0.1307,
        std=0.3081,
        seed=42,
        reported=98.0,
        notes="The lab seeded NumPy, not PyTorch, and cut its percentages to whole numbers.",
    ),
    Recipe(
        "cnn_wide",
        lab="000",
        optimizer="adam",
        lr=1e-3,
        batch_size=10,
        epochs=3,
        reported=97.2,
        notes="The lab fed softmax outputs to a negative log-likelihood; here the loss is cross-entropy.",
    ),
    Recipe(
        "lenet_dropout",
        lab="001",
        optimizer="adam",
        lr=1e-2,
        batch_size=64,
        epochs=3,
        mean=0.5,
        std=0.5,
        notes="The lab stored no result, and skipped the last, smaller batch of every epoch.",
    ),
    Recipe(
        "cnn_padded",
        lab="004",
        optimizer="adam",
        lr=1e-3,
        batch_size=100,
        epochs=3,
        reported=98.74,
        notes="The network that the lab built.",
    ),
    Recipe(
        "cnn_deep",
        lab="004",
        optimizer="adam",
        lr=1e-3,
        batch_size=100,
        epochs=3,
        notes="The network that the lab asked for and did not build.",
    ),
)
_BY_MODEL = {recipe.model: recipe for recipe in _RECIPES}


def recipe(name: str) -> Recipe:
    """The lab's own hyper-parameters for one of its networks.

    Args:
        name: the network's name, such as "cnn_320".
    Raises:
        ValueError: no lab trained a network of this name.

    >>> recipe("cnn_320").optimizer, recipe("cnn_320").batch_size, recipe("cnn_320").reported
    ('sgd', 50, 98.0)
    """
    if name == "convnet":
        raise ValueError("convnet comes from no lab, so it has no recipe: give fit() your own numbers.")
    if not isinstance(name, str) or name not in _BY_MODEL:
        raise ValueError(f"no recipe for {name!r}: {did_you_mean(name, _BY_MODEL)}")
    return _BY_MODEL[name]
