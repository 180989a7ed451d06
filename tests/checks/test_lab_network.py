"""Answers to lab 002's tasks conv2, fc2 and log-softmax."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from cnnlab import checks, models
from tests.checks.cases import Cases
from tests.checks.nets import ByHand, Net, net, sequential, viewed


class Einsum(nn.Module):
    """fc2 written as a sum over indices, with its bias by hand."""

    def __init__(self):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.randn(10, 50) / 9), nn.Parameter(torch.randn(10))

    def forward(self, x):
        return torch.einsum("oi,bi->bo", self.w, x) + self.b


def no_second(self, x):
    return F.relu(F.max_pool2d(self.conv1(x), 2))


def no_pool(self, x):
    return F.relu(self.conv2(F.relu(F.max_pool2d(self.conv1(x), 2))))


def pool_by_four(self, x):
    return F.max_pool2d(Net.features(self, x), 2)


def pool_to_five(self, x):
    x = F.relu(F.max_pool2d(self.conv1(x), 2))
    return F.relu(F.max_pool2d(self.conv2(x), 2, stride=1)[:, :, :5, :5])


def no_relu(self, x):
    return F.max_pool2d(self.conv2(F.relu(F.max_pool2d(self.conv1(x), 2))), 2)


def no_first_pool(self, x):
    return F.relu(F.max_pool2d(self.conv2(F.relu(self.conv1(x))), 2))


def halved(x, how):
    """Pooling written by hand, with `how` over the rows and columns of each window."""
    n, c, h, w = x.shape
    return how(x.reshape(n, c, h // 2, 2, w // 2, 2))


def by_reshape(self, x):
    for conv in (self.conv1, self.conv2):
        x = F.relu(halved(conv(x), lambda windows: windows.amax((3, 5))))
    return x


def by_slices(self, x):
    for conv in (self.conv1, self.conv2):
        x = conv(x)
        x = torch.maximum(x[:, :, ::2], x[:, :, 1::2])
        x = F.relu(torch.maximum(x[..., ::2], x[..., 1::2]))
    return x


def by_unfold(self, x):
    for conv in (self.conv1, self.conv2):
        x = F.relu(conv(x).unfold(2, 2, 2).unfold(3, 2, 2).amax((-1, -2)))
    return x


def averaged_sigmoids(self, x):
    return torch.sigmoid(F.avg_pool2d(self.conv2(torch.sigmoid(F.avg_pool2d(self.conv1(x), 2))), 2))


def first_without_relu(self, x):
    return F.relu(F.max_pool2d(self.conv2(F.max_pool2d(self.conv1(x), 2)), 2))


def images_mixed(self, x):
    x = Net.features(self, x)
    return x.transpose(0, 1).flatten(1).reshape(len(x), 20, 4, 4)


CASES = {
    "add_conv2": Cases(
        right=[
            Net,
            Net(),
            sequential(),
            ByHand,
            models.build("cnn_320"),
            net(forward=viewed),  # without padding the view does no harm
            Net(fc2=None),  # the next exercise may still be blank
            net(
                features=lambda self, x: F.max_pool2d(
                    self.conv2(F.max_pool2d(self.conv1(x).relu(), 2)).relu(), 2
                )
            ),
            net(features=by_reshape),
            net(features=by_slices),
            net(features=by_unfold),
            net(features=lambda self, x: F.dropout(Net.features(self, x), 0.2)),
        ],
        wrong=[
            (
                net(features=averaged_sigmoids),
                "Behind conv1 comes something else than max pooling 2 and ReLU",
            ),
            (net(features=first_without_relu), "Behind conv1 comes something else"),
            (net(features=images_mixed), "Behind conv2 comes something else"),
            (
                net(features=lambda self, x: by_reshape(self, x).abs() ** 2),
                "Behind conv2 comes something else",
            ),
            (Net(conv2=nn.Conv2d(10, 20, 3)), "10 × 10 after conv2: its kernels are 3 × 3"),
            (Net(conv2=nn.Conv2d(10, 20, 5, padding=2)), "12 × 12 after conv2"),
            (Net(conv2=nn.Conv2d(20, 20, 5)), "waits for 20 channels"),
            (Net(conv2=nn.Conv2d(1, 20, 5)), "waits for 1 channel, but others arrive"),
            (Net(conv2=nn.Conv2d(10, 1, 5)), "conv2 makes 1 channel:"),
            (Net(conv1=nn.Conv2d(1, 1, 5), conv2=nn.Conv2d(1, 20, 5)), "conv1 gives 1 map of 24 × 24"),
            (Net(conv2=nn.Conv2d(10, 16, 5)), "conv2 makes 16 channels"),
            (Net(conv2=nn.Conv2d(10, 20, 5, groups=10)), "looks at 1 of conv1's maps"),
            (Net(conv2=nn.Conv2d(10, 20, 5, bias=False)), "conv2 has no bias"),
            (net(features=no_second), "conv2 is made, but forward() never calls it"),
            (
                nn.Sequential(nn.Conv2d(1, 10, 5), nn.Flatten(), nn.Linear(320, 50)),
                "runs 1 convolution: there is no",
            ),
            (net(features=lambda self, x: self.conv3(self.conv1(x))), "There is no conv3 on that object"),
            (net(features=no_pool), "Maps of 8 × 8 go on to fc1: pool after conv2"),
            (net(features=pool_by_four)(fc1=nn.Linear(80, 50)), "look at the pooling after conv2"),
            (net(features=no_relu), "the ReLU after conv2 is missing"),
            (net(features=no_first_pool), "conv2 gets maps of 24 × 24"),
            (nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), "runs 0 convolutions: there is no second one"),
            (net(features=pool_to_five, forward=viewed), "fc1 gets 25 rows for 16 images"),
            (lambda x: x, "a function: give the class of your network"),
        ],
        secret=["Conv2d(10, 20", "320 = 20"],
    ),
    "add_fc2": Cases(
        right=[
            Net,
            sequential(),
            ByHand(),
            Net(fc2=Einsum()),
            net(last=lambda self, z: None),
            net(last=lambda self, z: z),
            net(last=lambda self, z: z + torch.arange(10)),  # a bias by hand
        ],
        wrong=[
            (Net(fc2=nn.Linear(50, 10, bias=False)), "fc2 has no bias"),
            (Net(fc2=nn.Linear(50, 1)), "fc2 gives 1 number an image"),
            (Net(fc1=nn.Linear(320, 1), fc2=nn.Linear(1, 10)), "fc1 gives 1 number an image"),
            (Net(fc2=nn.Linear(1, 10)), "waits for 1 number an image"),
            (
                net(forward=lambda self, x: self.head(self.features(x))),
                "waits for one row of numbers for each",
            ),
            (Net(fc2=nn.Linear(50, 9)), "fc2 gives 9 numbers an image"),
            (Net(fc2=nn.Linear(320, 10)), "waits for 320 numbers an image"),
            (net(head=lambda self, x: self.fc1(x)), "fc2 is missing, or never called"),
            (net(head=lambda self, x: self.fc2(self.fc1(x))), "one linear layer in disguise"),
            (net(head=lambda self, x: self.fc2(torch.tanh(self.fc1(x)))), "something other than ReLU"),
            (net(head=lambda self, x: self.fc2(torch.sigmoid(self.fc1(x)))), "No 0 reaches fc2"),
            (
                net(head=lambda self, x: self.fc2(F.relu(self.fc1(x)) ** 2)),
                "positive numbers are changed: ReLU leaves them",
            ),
            (
                net(head=lambda self, x: self.fc2(self.fc1(9 * x).clamp(0, 0.5))),
                "positive numbers are changed",
            ),
            (net(last=lambda self, z: F.softmax(z, dim=1)), "it ends in softmax. Cross-entropy does that"),
            (net(last=lambda self, z: torch.sigmoid(z)), "it ends in sigmoid. Cross-entropy takes logits"),
            (
                net(head=lambda self, x: F.relu(self.fc2(F.relu(self.fc1(x)))), last=lambda self, z: z),
                "ReLU after",
            ),
            (net(last=lambda self, z: torch.tanh(z)), "follows the last layer and changes its numbers"),
            (net(last=lambda self, z: F.leaky_relu(z)), "follows the last layer and changes its numbers"),
            (net(last=lambda self, z: F.softmax(z, dim=0)), "softmax over the images"),
            (Net(fc1=nn.Linear(320, 60), fc2=nn.Linear(60, 10)), "fc1 gives 60 numbers"),
        ],
        secret=["Linear(50", "to 10"],
    ),
    "log_softmax": Cases(
        right=[
            Net,
            ByHand,
            sequential(nn.LogSoftmax(dim=1)),
            Net(fc2=Einsum()),
            net(last=lambda self, z: torch.log(torch.softmax(z, dim=-1))),
            net(last=lambda self, z: F.log_softmax(F.log_softmax(z, 1), 1)),
            net(last=lambda self, z: F.log_softmax(z + torch.arange(10), 1)),  # a bias by hand
        ],
        wrong=[
            (net(last=lambda self, z: F.softmax(z, dim=1)), "that is softmax, without its logarithm"),
            (net(last=lambda self, z: z), "the logits: nothing was done"),
            (net(last=lambda self, z: F.log_softmax(z, dim=0)), "over the images (look at dim)"),
            (net(last=lambda self, z: F.logsigmoid(z)), "with a log-sigmoid"),
            (net(last=lambda self, z: torch.sigmoid(z)), "with a sigmoid"),
            (net(last=lambda self, z: -F.log_softmax(z, 1)), "the loss adds the minus"),
            (net(last=lambda self, z: z / 2), "add up to"),
            (net(last=lambda self, z: torch.log(z)), "what a logarithm makes of a negative number"),
            (
                net(last=lambda self, z: F.log_softmax(z, dim=2)),
                "There is no axis 2: dim and axis are counted",
            ),
            *(
                (
                    net(last=lambda self, z, first=first: F.log_softmax(first(z), 1)),
                    "changed the logits first",
                )
                for first in (
                    torch.sigmoid,
                    torch.tanh,
                    torch.neg,
                    torch.exp,
                    torch.abs,
                    torch.square,
                    F.normalize,
                    lambda z: 2 * z,
                )
            ),
            (net(last=lambda self, z: z.argmax(1)), "comes 1 number: one for each of the ten digits"),
            (net(forward=viewed, features=no_pool), "16 images go in and 64 rows come out"),
        ],
        secret=["F.log_softmax", "dim=1"],
    ),
}


def test_conv2_is_judged_before_fc2_is_written() -> None:
    assert checks.add_conv2(Net(fc2=...))
    assert repr(checks.add_fc2(Net(fc2=...))) == "Not yet. self.fc2 is still blank."
    assert checks.log_softmax(Net(conv2=...)).reason == "self.conv2 is still blank. Do that exercise first."


def test_a_blank_forward_is_not_yet_an_answer() -> None:
    assert checks.add_conv2(nn.Module).state == "not yet"
    assert checks.log_softmax(net(last=lambda self, z: ...)).state == "not yet"


def test_the_students_network_is_left_as_it_was() -> None:
    mine = Net().train()
    before = [p.clone() for p in mine.parameters()]
    assert checks.add_conv2(mine)
    assert mine.training
    assert all(torch.equal(a, b) for a, b in zip(before, mine.parameters()))
