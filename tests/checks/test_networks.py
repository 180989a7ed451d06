"""Answers to the networks of labs 003 and 004."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from cnnlab import checks, models
from tests.checks.cases import Cases
from tests.checks.nets import Net, four, net, sequential, wrong_to_train


def plain(*middle, pixels=784, out=10, last=(), flat=True):
    return nn.Sequential(
        *([nn.Flatten()] if flat else []), nn.Linear(pixels, 60), *middle, nn.Linear(60, out), *last
    )


def conv_conv(*between):
    """Two convolutions with something in between."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 5), *between, nn.Conv2d(4, 4, 5), nn.ReLU(), nn.AdaptiveMaxPool2d(4),
        plain(nn.ReLU(), pixels=64),
    )  # fmt: skip


def sequential_without_flatten():
    return nn.Sequential(*(layer for layer in sequential() if not isinstance(layer, nn.Flatten)))


class TwoLayers(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.out = nn.Linear(784, 30, bias=False), nn.Linear(30, 10)

    def forward(self, x):
        return self.out(self.hidden(x.view(x.size(0), -1)).tanh())


class Residual(nn.Module):
    """The second layer adds to what the first gives; or that, and something else."""

    def __init__(self, between=torch.relu, last=lambda h, z: h + z):
        super().__init__()
        self.a, self.b, self.between, self.last = nn.Linear(784, 10), nn.Linear(10, 10), between, last

    def forward(self, x):
        h = self.a(x.flatten(1))
        return self.last(h, self.b(self.between(h)))


class Loop(TwoLayers):
    """Takes the images one by one."""

    between, last = staticmethod(torch.relu), staticmethod(lambda z: z)

    def forward(self, x):
        return self.last(torch.stack([self.out(self.between(self.hidden(i.flatten()))) for i in x]))


class LinearLoop(Loop):
    between = staticmethod(lambda x: x)


class LoopOfSquashed(Loop):
    last = staticmethod(torch.tanh)


class WeightsFirst(nn.Module):
    """By hand, with the images in columns and biases of their own."""

    def __init__(self):
        super().__init__()
        shapes = {"w1": (30, 784), "b1": (30, 1), "w2": (10, 30), "b2": (10, 1)}
        for name, shape in shapes.items():
            setattr(self, name, nn.Parameter(torch.randn(shape) / 20))

    def forward(self, x):
        return (self.w2 @ torch.relu(self.w1 @ x.flatten(1).T + self.b1) + self.b2).T


class Does(nn.Module):
    """A layer that does one thing."""

    def __init__(self, what):
        super().__init__()
        self.what = what

    def forward(self, x):
        return self.what(x)


class Listed(nn.Module):
    """Layers in a list that PyTorch does not look into."""

    def __init__(self, model):
        super().__init__()
        self.layers = list(model)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class MadeAnew(TwoLayers):
    def forward(self, x):
        self.hidden = nn.Linear(784, 30)
        return super().forward(x)


class MixesImages(TwoLayers):
    def forward(self, x):
        return self.out(self.hidden(x.reshape(-1, 784)).relu()).reshape(-1, 5)


class FunctionalFour(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = [(1, 32), (32, 32), (32, 64), (64, 64)]
        self.convolutions = nn.ModuleList(nn.Conv2d(i, o, 3, padding="same") for i, o in sizes)
        self.fc1, self.fc2 = nn.LazyLinear(256), nn.Linear(256, 10)

    def forward(self, x):
        for place, conv in enumerate(self.convolutions):
            x = conv(x).clamp_min(0)
            x = nn.functional.max_pool2d(x, 2) if place % 2 else x
        return self.fc2(self.fc1(x.flatten(1)).relu())


CASES = {
    "two_layer_network": Cases(
        right=[
            plain(nn.ReLU()),
            TwoLayers,
            TwoLayers(),
            plain(nn.Sigmoid(), nn.Dropout()),
            plain(nn.GELU()),
            plain(Does(lambda x: x * x)),
            WeightsFirst,
            Residual,
            plain(nn.BatchNorm1d(60), nn.ReLU(), nn.Dropout()),
            plain(nn.ReLU()).half(),
            plain(nn.ReLU()).bfloat16(),
            nn.Sequential(nn.Flatten(), nn.LazyLinear(30), nn.ReLU(), nn.LazyLinear(10)),
            Loop,
        ],
        wrong=[
            (Residual(between=lambda h: h), "one linear map in disguise"),
            (Residual(last=lambda h, z: h * z), "follows the last layer and changes its numbers"),
            (Residual(last=lambda h, z: h + z.relu()), "follows the last layer and changes its numbers"),
            (Residual(last=lambda h, z: h - 2 * z), "follows the last layer and changes its numbers"),
            (Residual(last=lambda h, z: (h + z).softmax(1)), "it ends in softmax"),
            (Residual(last=lambda h, z: (h + z).log_softmax(1)), "Something follows the last layer"),
            (LinearLoop, "one linear map in disguise"),
            (LoopOfSquashed, "follows the last layer and changes its numbers"),
            (plain(), "one linear map in disguise"),
            (nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), "runs 1 linear layer: more are asked for"),
            (plain(nn.ReLU(), nn.Linear(60, 60), nn.ReLU()), "runs 3 linear layers: fewer are asked for"),
            (plain(nn.ReLU(), last=[nn.Softmax(dim=1)]), "it ends in softmax"),
            (plain(nn.ReLU(), last=[nn.ReLU()]), "it ends in ReLU"),
            (plain(nn.ReLU(), last=[nn.Sigmoid()]), "it ends in sigmoid"),
            (plain(nn.ReLU(), last=[nn.Tanh()]), "follows the last layer and changes its numbers"),
            (plain(nn.ReLU(), last=[nn.LogSoftmax(dim=1)]), "It ends in log-softmax"),
            *(
                (plain(Does(between)), "one linear map in disguise")
                for between in (
                    torch.neg,
                    lambda x: 1 - x,
                    lambda x: torch.cat([x[:, 30:], x[:, :30]], 1),
                    lambda x: nn.functional.dropout(x),
                    lambda x: x.unflatten(1, (60, 1)).sum(2),
                    lambda x: torch.stack([x, x]).mean(0),
                    lambda x: x.flip(1).roll(1, 1),
                )
            ),
            (plain(nn.ReLU(), out=1), "comes 1 number: one for each of the ten digits"),
            (plain(nn.ReLU(), flat=False), "flatten"),
            (plain(nn.ReLU(), last=[nn.LogSoftmax(dim=0)]), "log-softmax over the images (look at dim)"),
            (plain(nn.ReLU(), last=[nn.BatchNorm1d(10)]), "follows the last layer and changes its numbers"),
            (plain(nn.ReLU(), last=[Does(lambda z: z - z.mean(0))]), "when another image of the batch does"),
            *(
                (nn.Sequential(Does(mix), plain(nn.ReLU(), flat=False)), "rows are mixed")
                for mix in (
                    lambda x: x.permute(1, 2, 3, 0).reshape(-1, 784),
                    lambda x: x.reshape(784, -1).T,
                    lambda x: x.flatten(1).roll(1, 0),
                )
            ),
            (Listed(plain(nn.ReLU())), "The network has no parameters"),
            (MadeAnew, "The weights of linear layer 1 are drawn anew at each call"),
            (plain(nn.ReLU(), Does(Tensor.detach)), "layer 1's weight gets no gradient"),
            (plain(nn.ReLU(), Does(lambda x: torch.tensor(x.numpy()))), "NumPy knows no gradients"),
            (plain(nn.ReLU(), Does(lambda x: x + torch.randn_like(x))), "left to chance"),
            (plain(nn.ReLU(), Does(lambda x: nn.functional.dropout(x))), "in eval mode too"),
            (MixesImages, "16 images go in and 32 rows come out"),
            (Net, "It has a convolution"),
        ],
        secret=["nn.ReLU", "784, "],
    ),
    "cnn": Cases(
        right=[
            net(last=lambda self, z: z),
            sequential(),
            models.build("cnn_wide"),
            sequential(channels=7),
            conv_conv(nn.ReLU(), nn.AdaptiveAvgPool2d(12)),
            conv_conv(nn.ReLU(), nn.BatchNorm2d(4)),
            conv_conv(nn.MaxPool2d(2)),  # the largest of a sum is not the sum of the largest
        ],
        wrong=[
            (plain(nn.ReLU()), "runs 0 convolutions: more are asked for"),
            (models.build("cnn_deep"), "runs 4 convolutions: fewer"),
            (net(head=lambda self, x: self.fc2(self.fc1(x))), "one linear map in disguise"),
            (
                nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3), plain(nn.ReLU(), pixels=2304)),
                "Two convolutions",
            ),
            *(
                (conv_conv(between), "Two convolutions follow each other without an activation")
                for between in (
                    nn.AdaptiveAvgPool2d(12),
                    nn.AvgPool2d(2),
                    nn.ZeroPad2d(1),
                    nn.Upsample(scale_factor=2),
                    nn.Upsample(scale_factor=2, mode="bilinear"),
                    nn.ReflectionPad2d(2),
                    nn.Dropout2d(),
                )
            ),
            (sequential(nn.Softmax(dim=1)), "it ends in softmax"),
            (sequential(nn.Softmax(dim=0)), "softmax over the images"),
            (sequential(nn.Tanh()), "follows the last layer and changes its numbers"),
            (sequential(nn.LogSoftmax(dim=1)), "It ends in log-softmax"),
            (Net, "It ends in log-softmax"),
            (sequential(nn.ReLU(), nn.Linear(10, 10)), "runs 3 linear layers"),
            (
                sequential_without_flatten(),
                "What reaches a linear layer has 4 dimensions: it waits for one row",
            ),
            (net(forward=lambda self, x: self.head(self.features(x))), "(flatten)"),
            (Net(fc1=nn.Linear(321, 50)), "waits for 321 numbers an image"),
            *(
                (model, said.replace("the batch is mixed", "rows are mixed"))
                for model, said in wrong_to_train(lambda self, z: z)
            ),
            (sequential(nn.LogSoftmax(dim=0)), "log-softmax over the images (look at dim)"),
            (sequential(Does(lambda z: z - z.mean(0))), "when another image of the batch does"),
            (sequential(nn.BatchNorm1d(10)), "follows the last layer and changes its numbers"),
        ],
        secret=["nn.Conv2d", "nn.Linear"],
    ),
    "network_as_asked": Cases(
        right=[
            four(),
            FunctionalFour,
            models.build("cnn_deep"),
            four().double(),
            four().half(),
            four().bfloat16(),
            four(flat=lambda: Does(lambda x: x.permute(0, 2, 3, 1).flatten(1))),
            four(padding=0, pad=lambda: nn.ZeroPad2d(1)),
            four(padding=0, pad=lambda: Does(lambda x: nn.functional.pad(x, (1, 1, 1, 1)))),
            four(pool=lambda: nn.Sequential(nn.MaxPool2d(2, ceil_mode=True), nn.Dropout())),
        ],
        wrong=[
            (models.build("cnn_padded"), "It has 2 convolutions: that is what the lab built"),
            (four(padding=0, fc1=1024), "26 × 26 after convolution 1: it shrinks the map"),
            (four(pools=(1, 2, 3, 4), fc1=64), "at the sizes 28, 14, 7, 3: a pooling layer is misplaced"),
            (four(pools=(2,), fc1=12544), "the second pooling is missing"),
            (four(channels=(32, 64, 64, 64)), "make 32, 64, 64, 64 channels"),
            (four(bias=False), "It has 870,442 parameters"),
            (four(last=[nn.Softmax(dim=1)]), "it ends in softmax"),
            *(
                (four(last=[last]), "follows the last layer and changes its numbers")
                for last in (nn.Tanh(), nn.LeakyReLU())
            ),
            (four(last=[nn.LogSoftmax(dim=1)]), "It ends in log-softmax"),
            (four(relu=nn.Sigmoid), "No 0 leaves convolution 1"),
            (four(relu=nn.Softplus), "No 0 leaves convolution 1"),
            (four(relu=nn.LeakyReLU), "its ReLU is missing"),
            (four(relu=nn.ReLU6), "Before convolution 2 something changes"),
            (four(relu=lambda: nn.Sequential(nn.ReLU(), Does(torch.square))), "Before convolution 2"),
            (four(pool=lambda: nn.AvgPool2d(2)), "The pooling after convolution 2 gives other numbers"),
            (four(pool=lambda: nn.MaxPool2d(3, 2, 1)), "The pooling after convolution 2 gives other numbers"),
            (four(pool=lambda: nn.MaxPool2d(1, 2)), "The pooling after convolution 2 gives other numbers"),
            (four(padding=0, pad=lambda: nn.ReplicationPad2d(1)), "not one row of zeros"),
            (four(padding=0, pad=lambda: nn.ZeroPad2d((0, 2, 0, 2))), "not one row of zeros"),
            (four(padding=2), "30 × 30 after convolution 1: too much is put around the map"),
            (four(padding=2, dilation=2), "has a stride, a dilation or groups"),
            (four(relu=nn.Identity), "its ReLU is missing"),
            (nn.Sequential(*(m for m in four() if not isinstance(m, nn.Flatten))), "has 4 dimensions"),
            (four(channels=(1, 32, 64, 64)), "make 1, 32, 64, 64 channels"),
            (nn.Sequential(Does(lambda x: 2 * x), four()), "Convolution 1 gets other numbers"),
            (nn.Sequential(Does(lambda x: x.roll(1, 0)), four()), "Convolution 1 gets other numbers"),
            (nn.Sequential(Does(lambda x: x + torch.randn_like(x)), four()), "Convolution 1 gets other"),
            (four(relu=lambda: Does(lambda x: x.clamp(0, 50))), "something changes"),
            (
                four(pool=lambda: Does(lambda x: nn.functional.dropout(torch.max_pool2d(x, 2)))),
                "eval mode too",
            ),
            *(
                (
                    four(pool=lambda more=more: nn.Sequential(nn.MaxPool2d(2), nn.LazyBatchNorm2d(**more))),
                    said,
                )
                for more, said in (({}, "the batch"), ({"affine": False}, "the batch"))
            ),
            (four(last=[nn.LogSoftmax(dim=0)]), "log-softmax over the images (look at dim)"),
            (four(last=[Does(lambda z: z - z.mean(0))]), "when another image of the batch does"),
            *(
                (four(flat=lambda flat=flat: Does(flat)), said)
                for flat, said in (
                    (lambda x: x.reshape(3136, -1).T, "are images mixed?"),
                    (lambda x: x.permute(1, 2, 3, 0).reshape(-1, 3136), "are images mixed?"),
                    (lambda x: x.flatten(1).sort(1).values, "are images mixed?"),
                    (lambda x: x.flatten(1)[:, torch.randperm(3136)], "left to chance"),
                    (lambda x: x.flatten(1).detach(), "layer 0's weight gets no gradient"),
                )
            ),
            (Listed(four()), "The network has no parameters"),
            (four(fc1=1024), "waits for 1,024 numbers an image"),
            (nn.Sequential(OrderedDict(conv=nn.Conv2d(1, 32, 5, padding=2))), "kernels of 5 × 5"),
        ],
        secret=["3,136", "3136", "870,634"],
    ),
}


def test_a_network_may_be_a_class_an_instance_or_a_sequential() -> None:
    assert checks.two_layer_network(TwoLayers)
    assert checks.cnn(sequential())
    assert checks.network_as_asked(FunctionalFour)
