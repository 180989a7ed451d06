import torch
from torch import nn

from cnnlab.inspection import explain
from tests.inspection.broken_models import Own
from tests.inspection.mending import mended, runs


def with_places(*size):
    return Own(
        lambda net, x: net.fc((net.conv(x).flatten(2).transpose(1, 2) + net.pos).mean(1)),
        conv=nn.Conv2d(1, 32, 4, stride=4),
        pos=nn.Parameter(torch.zeros(size)),
        fc=nn.Linear(32, 10),
    )


def test_a_parameter_for_one_token_more():
    found = explain(with_places(1, 50, 32))
    assert found.headline == (
        "x + self.pos does not fit: x is 49 × 32 for each image, but self.pos is 1 × 50 × 32: 49 is not 50."
    )
    assert (found.has, found.needs) == (49, 50)
    assert found.details == (
        "7 × 7 = 49, made by flatten of 32 × 7 × 7.",
        "50 = 49 + 1: one more than there are, as for a class token.",
    )
    assert found.remedies == (
        "self.pos = nn.Parameter(torch.zeros(1, 49, 32))",
        "x + self.pos[:, :49], the first 49 of 50",
        "self.first = nn.Parameter(torch.zeros(1, 1, 32)), and x = "
        "torch.cat([self.first.expand(x.size(0), -1, -1), x], 1) before that line",
    )
    assert runs(with_places(1, 49, 32))


def test_a_parameter_for_fewer_tokens_has_two_remedies():
    assert explain(with_places(1, 40, 32)).remedies == (
        "self.pos = nn.Parameter(torch.zeros(1, 49, 32))",
        "leave out self.pos in that line",
    )


def test_a_batch_that_is_written_into_a_parameter():
    found = explain(with_places(64, 49, 32))
    assert (found.has, found.needs) == (64, 1)
    assert found.details == ("The first side of self.pos must be 1: it is the same for every image.",)
    assert found.remedies[0] == "self.pos = nn.Parameter(torch.zeros(1, 49, 32))"


def test_a_factor_for_other_channels():
    model = Own(
        lambda net, x: net.fc((net.conv(x) * net.g).mean((2, 3))),
        conv=nn.Conv2d(1, 32, 4, stride=4),
        g=nn.Parameter(torch.ones(16, 1, 1)),
        fc=nn.Linear(32, 10),
    )
    found = explain(model)
    assert (found.has, found.needs) == (32, 16)
    assert found.remedies[:2] == (
        "self.g = nn.Parameter(torch.ones(32, 1, 1))",
        "self.conv = nn.Conv2d(1, 16, 4, stride=4), and self.fc = nn.Linear(16, 10)",
    )
    assert runs(mended(model, found.remedies[1]))


def test_a_letter_with_two_sizes():
    model = Own(
        lambda net, x: torch.einsum("bi,io->bo", x.flatten(1), net.w), w=nn.Parameter(torch.zeros(700, 10))
    )
    found = explain(model)
    assert found.headline == (
        "einsum does not fit: i is 784 in x, 784 for each image, but 700 in self.w, 700 × 10."
    )
    assert (found.has, found.needs) == (784, 700)
    assert found.remedies == (
        "self.w = nn.Parameter(torch.randn(784, 10) / 784**0.5)",
        "nn.Linear(784, 10) in place of the einsum, which adds a bias",
    )


def test_a_letter_for_channels():
    model = Own(
        lambda net, x: torch.einsum("bchw,co->bohw", net.conv(x), net.w).mean((2, 3)),
        conv=nn.Conv2d(1, 8, 3),
        w=nn.Parameter(torch.zeros(6, 10)),
    )
    found = explain(model)
    assert (found.has, found.needs) == (8, 6)
    assert found.remedies == (
        "self.w = nn.Parameter(torch.randn(8, 10) / 8**0.5)",
        "self.conv = nn.Conv2d(1, 6, 3)",
    )
    assert runs(mended(model, found.remedies[1]))
