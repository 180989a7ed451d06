"""`evaluate` measures what it says, on all images, and leaves the model as it was."""

import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F
from sklearn import metrics
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from cnnlab.errors import TrainingError
from cnnlab.training import ClassAccuracy, Evaluation, evaluate, wilson_interval
from tests.training.small import CLASSES, SmallSplit, net, pairs


class Fixed(nn.Module):
    """Gives the logits that stand in each image's first pixels."""

    def __init__(self, classes: int = 4) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, x):
        return x.flatten(1)[:, : self.classes]


def images_with(logits: list[list[float]]) -> torch.Tensor:
    images = torch.zeros(len(logits), 1, 2, 2)
    images.view(len(logits), 4)[:] = torch.tensor(logits)
    return images


def test_figures_agree_with_sklearn_and_pytorch():
    split, model = SmallSplit(50), net(dropout=0.5)
    found = evaluate(model, split, device="cpu")
    with torch.inference_mode():
        logits = model.eval()(split.images)
    predicted = logits.argmax(1)
    assert found.n == 50
    assert found.correct == int((predicted == split.labels).sum())
    assert found.accuracy == pytest.approx(100 * metrics.accuracy_score(split.labels, predicted))
    assert found.loss == pytest.approx(F.cross_entropy(logits, split.labels).item(), abs=1e-6)
    assert found.confusion.tolist() == metrics.confusion_matrix(split.labels, predicted).tolist()
    torch.testing.assert_close(found.probabilities, logits.softmax(1))
    assert torch.equal(found.predicted, predicted)
    assert torch.equal(found.labels, split.labels)
    assert found.interval == wilson_interval(found.correct, 50)


def test_classes_are_counted_on_all_images():
    split = SmallSplit(50)
    found = evaluate(net(), split, device="cpu")
    assert found.per_class.column("n") == split.labels.bincount().tolist()
    assert found.per_class.column("name") == list(CLASSES)
    assert sum(found.per_class.column("correct")) == found.correct
    row = found.per_class[1]
    assert row.accuracy == pytest.approx(100 * row.correct / row.n)
    assert (row.low, row.high) == wilson_interval(row.correct, row.n)


def test_a_class_without_images_has_no_accuracy_and_nothing_is_known_of_it():
    data = [(images_with([[1, 0, 0, 0], [0, 1, 0, 0]]), torch.tensor([0, 1]))]
    found = evaluate(Fixed(), data, device="cpu")
    assert found.per_class[2] == ClassAccuracy(2, "2", 0, 0, None, 0.0, 100.0)


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_the_result_does_not_depend_on_the_batch_size(batch_size):
    split, model = SmallSplit(20), net()
    one, other = (evaluate(model, split, batch_size=b, device="cpu") for b in (20, batch_size))
    assert one.loss == pytest.approx(other.loss, abs=1e-6)
    assert torch.equal(one.confusion, other.confusion)


def test_a_split_batches_a_loader_and_a_list_give_the_same():
    split, model = SmallSplit(20), net()
    loader = DataLoader(TensorDataset(split.images, split.labels), batch_size=7)
    expected = evaluate(model, split, device="cpu")
    for data in (split.batches(6), loader, pairs(split)):
        assert torch.equal(evaluate(model, data, device="cpu").confusion, expected.confusion)


def test_log_probabilities_give_the_same_as_logits():
    split, model = SmallSplit(20), net()
    expected = evaluate(model, split, device="cpu")
    found = evaluate(nn.Sequential(model, nn.LogSoftmax(dim=1)), split, device="cpu")
    assert found.loss == pytest.approx(expected.loss, abs=1e-6)
    torch.testing.assert_close(found.probabilities, expected.probabilities)


def test_every_module_gets_its_mode_back():
    model = net(dropout=0.5)
    model.train()
    model[2].eval()
    evaluate(model, SmallSplit(), device="cpu")
    assert [m.training for m in model] == [True, True, False, True, True]


def test_nothing_but_the_evaluation_is_left_behind():
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(36), nn.Linear(36, 4))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = evaluate(model, SmallSplit(), device="cpu")
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not found.probabilities.is_inference()  # usable in arithmetic with gradients
    assert all(p.grad is None for p in model.parameters())


def test_mistakes_come_most_confident_first():
    images = images_with([[5, 0, 0, 0], [0, 9, 0, 0], [0, 0, 1, 0], [0, 0, 0, 3]])
    found = evaluate(Fixed(), [(images, torch.tensor([1, 0, 0, 3]))], device="cpu")
    assert found.mistakes().tolist() == [1, 0, 2]


def test_doubtful_are_the_right_ones_by_the_smallest_margin():
    images = images_with([[5, 0, 0, 0], [0, 2, 1.9, 0], [0, 0, 1, 0], [0, 0, 0, 3]])
    found = evaluate(Fixed(), [(images, torch.tensor([0, 1, 2, 0]))], device="cpu")
    assert found.doubtful(2).tolist() == [1, 2]
    assert found.doubtful(99).tolist() == [1, 2, 0]
    with pytest.raises(ValueError, match="n=0 is too small"):
        found.doubtful(0)


def test_without_mistakes_the_list_is_empty():
    found = evaluate(Fixed(), [(images_with([[5, 0, 0, 0]]), torch.tensor([0]))], device="cpu")
    assert found.mistakes().tolist() == []


def test_an_evaluation_is_frozen_and_reads_as_one_line():
    found = evaluate(net(), SmallSplit(), device="cpu")
    assert isinstance(found, Evaluation)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.n = 3
    low, high = found.interval
    assert str(found) == repr(found)
    assert f"({found.correct} of 48; 95 % interval {low:.2f} to {high:.2f} %)" in str(found)


def test_a_model_with_spoilt_weights_is_not_given_an_accuracy():
    model = net()
    with torch.no_grad():
        model[4].weight.fill_(float("nan"))
    with pytest.raises(
        TrainingError, match=r"batch 1: the logits are not numbers \(NaN\), because 4\.weight is"
    ):
        evaluate(model, SmallSplit(), device="cpu")


def test_infinite_logits_are_not_given_an_accuracy_unless_they_are_a_probability_of_zero():
    for bad in ([math.inf, 0, 0, 0], [-math.inf] * 4):
        with pytest.raises(
            TrainingError, match=r"batch 1: the logits are infinite, because [14] of the 4 input pixels are"
        ):
            evaluate(Fixed(), [(images_with([bad]), torch.tensor([0]))], device="cpu")
    sure = evaluate(Fixed(), [(images_with([[0, -math.inf, 0, 0]]), torch.tensor([0]))], device="cpu")
    assert sure.probabilities[0, 1] == 0


def test_images_of_another_type_than_the_weights_are_said():
    batches = [(images.double(), labels) for images, labels in pairs(SmallSplit())]
    with pytest.raises(
        TrainingError, match=r"evaluation, batch 1: the images are float64.*use images\.float"
    ):
        evaluate(net(), batches, device="cpu")


def test_nothing_to_evaluate_is_refused():
    with pytest.raises(TrainingError, match="split is empty"):
        evaluate(net(), SmallSplit(0), device="cpu")
    loader = DataLoader(TensorDataset(torch.zeros(3, 1, 6, 6), torch.zeros(3).long()), 4, drop_last=True)
    with pytest.raises(TrainingError, match="split is empty"):
        evaluate(net(), loader, device="cpu")


def test_layers_that_do_not_fit_name_the_batch_and_the_explainer():
    with pytest.raises(
        TrainingError, match=r"(?s)evaluation, batch 1: the model failed on images .*cnnlab.explain"
    ):
        evaluate(nn.Linear(5, 4), SmallSplit(), device="cpu")


@pytest.mark.parametrize("batch_size", [0, -1])
def test_batch_size_must_be_at_least_one(batch_size):
    with pytest.raises(ValueError, match=f"batch_size={batch_size} is too small"):
        evaluate(net(), SmallSplit(), batch_size=batch_size)


def test_an_unknown_device_suggests_the_nearest():
    with pytest.raises(ValueError, match="unknown device 'cudaa': did you mean 'cuda'"):
        evaluate(net(), SmallSplit(), device="cudaa")


def test_logits_that_are_spoilt_by_neither_weights_nor_images_are_laid_to_the_model():
    class Divides(nn.Module):
        def forward(self, x):
            return x.flatten(1)[:, :4] / 0

    with pytest.raises(
        TrainingError, match=r"though weights and images are finite: look for log\(0\) or a division"
    ):
        evaluate(Divides(), SmallSplit(), device="cpu")
