import torch

from cnnlab.data import Split
from cnnlab.inspection.mistakes import ChosenMistake, mistakes_of
from cnnlab.training import evaluate


class Reads(torch.nn.Module):
    """Takes the first four pixels for the logits of four classes."""

    def forward(self, x):
        return torch.cat([x.flatten(1)[:, :4], torch.full((len(x), 6), -9.0)], dim=1)


def evaluation():
    images = torch.zeros(5, 1, 28, 28, dtype=torch.uint8)
    images[0, 0, 0, 1], images[1, 0, 0, 1], images[2, 0, 0, 2] = 255, 128, 200
    split = Split(images, torch.tensor([0, 0, 0, 0, 3]), mean=0.0, std=0.1)
    return evaluate(Reads(), split)


def test_mistakes_are_found_by_label_answer_and_confidence():
    found = mistakes_of(evaluation())
    assert found.column("index") == [0, 2, 1, 4]  # the most confident first
    assert mistakes_of(evaluation(), true=3).column("index") == [4]
    assert mistakes_of(evaluation(), predicted=1).column("index") == [0, 1]
    assert mistakes_of(evaluation(), true=0, predicted=2).column("index") == [2]
    sure = found[1].confidence
    assert mistakes_of(evaluation(), confidence=(sure, 100)).column("index") == [0, 2]
    assert mistakes_of(evaluation(), confidence=(0, 10)).column("index") == []


def test_the_margin_is_the_difference_of_the_two_logits():
    logits = torch.tensor([1.0, 4.5, 2.0])
    assert ChosenMistake(0, torch.zeros(1, 1, 1), 2, 1, 90.0, logits, None).margin == 2.5
