"""Training and the package's own data know nothing of each other, and fit together all the same."""

import pytest
import torch
from torch import nn

from cnnlab.data import Batches, Split, data_loader
from cnnlab.errors import TrainingError
from cnnlab.training import evaluate, fit
from cnnlab.training.sources import all_labels, class_names, describe_data
from tests.training.small import weights


@pytest.fixture(scope="module")
def split() -> Split:
    """Forty images of ten classes; the class is where the white square is."""
    images = torch.zeros(40, 1, 28, 28, dtype=torch.uint8)
    labels = torch.arange(40) % 10
    for image, label in zip(images, labels.tolist()):
        row, column = divmod(label, 5)
        image[0, 14 * row : 14 * row + 5, 5 * column : 5 * column + 5] = 255
    return Split(images, labels)


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.1), nn.Linear(196, 10))


def train(data, **settings):
    model = net()
    history = fit(
        model, data, **{"epochs": 3, "batch_size": 8, "device": "cpu", "progress": False, **settings}
    )
    return model, history


def test_a_split_and_its_batches_give_the_same_weights(split):
    by_split, _ = train(split, seed=5)
    by_batches, _ = train(Batches(split, 8, shuffle=True, seed=5), seed=5)
    assert torch.equal(weights(by_split), weights(by_batches))


def test_a_split_is_learnt_and_evaluated(split):
    model, history = train(split, epochs=20, lr=0.01, validation=split.take(10))
    found = evaluate(model, split, device="cpu")
    assert found.accuracy == 100
    assert found.per_class.column("name") == list(split.classes)
    assert history.epochs[-1].validation_accuracy == 100


def test_a_loader_gives_the_same_figures_as_the_split_it_was_made_from(split):
    model = net()
    by_split, by_loader = (evaluate(model, d, device="cpu") for d in (split, data_loader(split, 7)))
    assert torch.equal(by_split.confusion, by_loader.confusion)
    assert by_split.loss == pytest.approx(by_loader.loss, abs=1e-6)


@pytest.mark.parametrize("make", [lambda s: s, lambda s: Batches(s, 8), lambda s: data_loader(s, 8)])
def test_names_labels_and_content_are_found_in_every_form(split, make):
    data = make(split)
    assert class_names(data) == split.classes
    assert torch.equal(all_labels(data), split.labels)
    found = describe_data(data, data)
    assert found["number of images"] == 40
    assert found["mean of the pixels"] == split.mean
    assert found["hash of labels and images"] == describe_data(split, split)["hash of labels and images"]


@pytest.mark.parametrize(
    "make", [lambda s: s, lambda s: Batches(s, 8, True), lambda s: data_loader(s, 8, True)]
)
def test_every_form_goes_on_from_a_checkpoint_bit_for_bit(split, make, tmp_path):
    whole, _ = train(make(split), epochs=3)
    train(make(split), epochs=1, checkpoint=tmp_path / "run.pt")
    resumed, _ = train(make(split), epochs=3, checkpoint=tmp_path / "run.pt")
    assert torch.equal(weights(resumed), weights(whole))


def test_images_of_a_split_that_were_not_normalised_are_refused(split):
    with pytest.raises(TrainingError, match="the images are uint8, and convolutions need float32"):
        train([(split.images, split.labels)])
