import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch

from cnnlab.data import Split
from cnnlab.table import Table
from cnnlab.training import ClassAccuracy, Evaluation, wilson_interval

matplotlib.use("Agg")  # no window, also where a screen exists


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def split():
    images = torch.randint(0, 256, (40, 1, 28, 28), generator=torch.Generator().manual_seed(0))
    return Split(images.to(torch.uint8), torch.arange(40) % 10)


@pytest.fixture
def evaluation(split):
    """Of the 40 images three are got wrong: 3 as 5, 7 as 2 and 9 as 4, the last one most surely."""
    labels, predicted = split.labels, split.labels.clone()
    predicted[3], predicted[7], predicted[9] = 5, 2, 4
    probabilities = torch.full((40, 10), 0.01)
    probabilities[torch.arange(40), predicted] = 0.91
    probabilities[9] = 0.001
    probabilities[9, 4] = 0.991
    confusion = torch.bincount(labels * 10 + predicted, minlength=100).reshape(10, 10)
    rows = []
    for label in range(10):
        n, correct = int(confusion[label].sum()), int(confusion[label, label])
        low, high = wilson_interval(correct, n)
        rows.append(ClassAccuracy(label, str(label), n, correct, 100 * correct / n, low, high))
    return Evaluation(
        n=40,
        correct=37,
        accuracy=92.5,
        interval=wilson_interval(37, 40),
        loss=0.3,
        per_class=Table(rows),
        confusion=confusion,
        probabilities=probabilities,
        predicted=predicted,
        labels=labels,
    )
