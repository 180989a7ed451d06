"""Answers to lab 002's tasks conv2, fc2 and log-softmax."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from cnnlab import checks, models
from tests.checks.cases import Cases
from tests.checks.nets import ByHand, Net, Normed, net, sequential, viewed, wrong_to_train


class Einsum(nn.Module):
    """fc2 written as a sum over indices, with its bias by hand."""

    def __init__(self):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.randn(10, 50) / 9), nn.Parameter(torch.randn(10))

    def forward(self, x):
        return torch.einsum("oi,bi->bo", self.w, x) + self.b


class Ten(nn.Module):
    """fc2 as ten layers of one output each."""

    def __init__(self):
        super().__init__()
        self.each = nn.ModuleList(nn.Linear(50, 1) for _ in range(10))

    def forward(self, x):
        return torch.cat([one(x) for one in self.each], dim=1)


class BiasColumn(nn.Module):
    """fc2 with its bias as a 51st weight, of a number that is always 1."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(51, 10) / 7)

    def forward(self, x):
        return torch.cat([x, torch.ones(len(x), 1)], dim=1) @ self.w


class OfOnePixel(nn.Module):
    """fc2 as a convolution over maps of one pixel."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(50, 10, 1)

    def forward(self, x):
        return self.conv(x[:, :, None, None]).flatten(1)


class Volume(Net):
    """conv2 as a convolution over the volume of the ten maps."""

    def __init__(self):
        super().__init__(conv2=nn.Conv3d(1, 20, (10, 5, 5)))

    def features(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        return F.relu(F.max_pool2d(self.conv2(x[:, None]).squeeze(2), 2))


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


def features(pool=lambda x: F.max_pool2d(x, 2), relu=F.relu, first=None, second=None):
    """The two convolutions with another pooling or another ReLU after one of them, or after both."""

    def both(self, x):
        x = (first or (lambda x: relu(pool(x))))(self.conv1(x))
        return (second or (lambda x: relu(pool(x))))(self.conv2(x))

    return net(features=both)


def pool_by_reshape(x):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).amax((3, 5))


def pool_by_slices(x):
    return torch.maximum(
        torch.maximum(x[..., ::2, ::2], x[..., 1::2, ::2]),
        torch.maximum(x[..., ::2, 1::2], x[..., 1::2, 1::2]),
    )


def pool_by_unfold(x):
    return x.unfold(2, 2, 2).unfold(3, 2, 2).amax((-1, -2))


class Pieces(Net):
    """Both convolutions by hand: the map is cut into pieces of 5 × 5, and a matrix product does the rest."""

    relu = staticmethod(F.relu)

    def by_hand(self, x, conv):
        size = x.shape[-1] - 4
        out = conv.weight.flatten(1) @ F.unfold(x, 5) + conv.bias[:, None]
        return out.reshape(len(x), -1, size, size)

    def features(self, x):
        x = self.relu(F.max_pool2d(self.by_hand(x, self.conv1), 2))
        return self.relu(F.max_pool2d(self.by_hand(x, self.conv2), 2))


class SecondInPieces(Pieces):
    def features(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        return F.relu(F.max_pool2d(self.by_hand(x, self.conv2), 2))


class PiecesAndSigmoid(Pieces):
    relu = staticmethod(torch.sigmoid)


class PiecesAndRelu6(Pieces):
    relu = staticmethod(F.relu6)


class BareMatrices(nn.Module):
    """Kernels as columns of a matrix, from pieces that `Tensor.unfold` cuts."""

    def __init__(self):
        super().__init__()
        self.k1, self.k2 = nn.Parameter(torch.randn(25, 10) / 5), nn.Parameter(torch.randn(250, 20) / 16)
        self.b1, self.b2 = nn.Parameter(torch.randn(10)), nn.Parameter(torch.randn(20))
        self.fc1 = nn.Linear(320, 50)

    def forward(self, x):
        for k, b in ((self.k1, self.b1), (self.k2, self.b2)):
            pieces = x.unfold(2, 5, 1).unfold(3, 5, 1).permute(0, 2, 3, 1, 4, 5).flatten(3)
            x = F.max_pool2d((pieces @ k + b).permute(0, 3, 1, 2).relu(), 2)
        return self.fc1(x.flatten(1))


class OddBiases(Net):
    """Biases that are subtracted, or spread over all images first."""

    def features(self, x):
        x = F.conv2d(x, self.conv1.weight) + self.conv1.bias.view(1, -1, 1, 1).expand(len(x), -1, 24, 24)
        x = F.relu(F.max_pool2d(x, 2))
        return F.relu(F.max_pool2d(F.conv2d(x, self.conv2.weight) - self.conv2.bias[:, None, None], 2))

    def head(self, x):
        return self.fc2(F.relu(x @ self.fc1.weight.T - self.fc1.bias))


class OneByOne(Net):
    """Takes the images one by one, in a loop."""

    def forward(self, x):
        return torch.cat([super(OneByOne, self).forward(image[None]) for image in x])


def mixed(self, x):
    x = self.features(x)
    return self.last(self.head(x.transpose(0, 1).flatten(1).reshape(len(x), -1)))


def half_mixed(self, x):
    x = self.features(x).flatten(1)
    return self.last(self.head(torch.cat([x[:8], x[8:].flip(1)])))


def channels_last(self, x):
    return self.last(self.head(self.features(x).permute(0, 2, 3, 1).flatten(1)))


def frozen(name):
    """The network with one layer that no optimiser would change."""
    model = Net()
    getattr(model, name).requires_grad_(False)
    return model


def dilated(first=False):
    layer = dict(kernel_size=5, padding=2, dilation=2)
    return {"conv2": nn.Conv2d(10, 20, **layer)} | (
        {"conv1": nn.Conv2d(1, 10, 3, dilation=2)} if first else {}
    )


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
            *(features(pool) for pool in (pool_by_reshape, pool_by_slices, pool_by_unfold)),
            features(relu=lambda x: x.clamp_min(0)),
            features(relu=lambda x: x * (x > 0)),
            features(first=lambda x: F.max_pool2d(F.relu(x), 2)),
            features(lambda x: F.adaptive_max_pool2d(x, x.shape[-1] // 2)),
            net(features=lambda self, x: F.dropout(Net.features(self, x), 0.2, training=self.training)),
            net(features=lambda self, x: F.dropout2d(Net.features(self, x), training=self.training)),
            Net(fc1=nn.Sequential(nn.Dropout(), nn.Linear(320, 50))),
            Net().half(),
            Net().bfloat16(),
            net(forward=channels_last),
            Net().double(),
            Pieces,
            SecondInPieces,
            BareMatrices,
            OddBiases,
            OneByOne,
            Volume,
        ],
        wrong=[
            (net(features=lambda self, x: F.dropout(no_relu(self, x))), "the ReLU after conv2 is missing"),
            (features(nn.AvgPool2d(2), torch.sigmoid), "No 0 reaches conv2"),
            (features(relu=F.softplus), "No 0 reaches conv2"),
            (features(relu=F.leaky_relu), "stands something other than ReLU"),
            (features(relu=torch.abs), "No 0 reaches conv2"),
            (features(relu=F.relu6), "What reaches conv2 is not what max pooling and ReLU make of conv1"),
            (
                features(second=lambda x: F.relu6(F.max_pool2d(x, 2))),
                "What reaches fc1 is not what max pooling",
            ),
            (features(first=lambda x: F.max_pool2d(x, 2)), "the ReLU after conv1 is missing"),
            (features(first=lambda x: F.avg_pool2d(x, 2)), "the ReLU after conv1 is missing"),
            *(
                (features(pool), "The pooling after conv1 gives other numbers")
                for pool in (nn.AvgPool2d(2), nn.MaxPool2d(1, 2), nn.MaxPool2d(3, 2, 1))
            ),
            (
                features(second=lambda x: F.avg_pool2d(x.relu(), 2)),
                "The pooling after conv2 gives other numbers",
            ),
            (net(forward=mixed), "the batch is mixed"),
            (net(forward=half_mixed), "in another order"),
            (net(forward=lambda self, x: Net.forward(self, 2 * x)), "conv1 gets other numbers"),
            (Net(**dilated()), "a dilation that was not asked for"),
            (Net(**dilated(first=True)), "leave conv1 as it was"),
            (PiecesAndSigmoid, "With your own weights"),
            (PiecesAndRelu6, "With your own weights"),
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
            (nn.Sequential(sequential()[:4], nn.Conv2d(20, 20, 1), *sequential()[4:]), "two are asked for"),
            *wrong_to_train(),
            (frozen("conv2"), "conv2.weight is frozen"),
            (Normed(), "when another image of the batch does"),
            (Normed(affine=False), "when another image of the batch does"),
            (Normed(track_running_stats=False), "What reaches fc1 is not what max pooling"),
            (net(features=lambda self, x: F.dropout2d(Net.features(self, x)))(fc2=None), "in eval mode too"),
        ],
        secret=["Conv2d(10, 20", "320 = 20"],
    ),
    "add_fc2": Cases(
        right=[
            Net,
            sequential(),
            ByHand(),
            *(Net(fc2=layer()) for layer in (Einsum, Ten, BiasColumn, OfOnePixel)),
            Pieces,
            OneByOne,
            OddBiases,
            Net().double(),
            net(head=lambda self, x: self.fc2(torch.maximum(self.fc1(x), torch.zeros(())))),
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
            *(
                (
                    net(head=lambda self, x, relu=relu: self.fc2(relu(self.fc1(x)))),
                    "What reaches fc2 is not what ReLU",
                )
                for relu in (F.relu6, lambda x: x.clamp(0, 1), lambda x: F.relu(x) ** 2)
            ),
            (net(head=lambda self, x: self.fc2(F.relu(self.fc1(x)).roll(1, 0))), "the batch is mixed"),
            (net(last=lambda self, z: F.softmax(z, dim=1)), "it ends in softmax. Cross-entropy does that"),
            (net(last=lambda self, z: torch.sigmoid(z)), "it ends in sigmoid. Cross-entropy takes logits"),
            (
                net(head=lambda self, x: F.relu(self.fc2(F.relu(self.fc1(x)))), last=lambda self, z: z),
                "ReLU after",
            ),
            (net(last=lambda self, z: F.dropout(z, 0.1)), "Dropout follows the last layer"),
            (net(last=lambda self, z: torch.tanh(z)), "follows the last layer and changes its numbers"),
            (net(last=lambda self, z: z.clamp(-5, 5)), "follows the last layer and changes its numbers"),
            (net(last=lambda self, z: z.clamp(-5, 5).log_softmax(1)), "something changes the logits before"),
            (frozen("fc2"), "fc2.weight is frozen"),
            (net(head=lambda self, x: self.fc2(torch.tanh(self.fc1(x))))(fc2=OfOnePixel()), "A convolution"),
            (net(head=lambda self, x: self.fc2(self.fc1(x)))(fc2=Ten()), "runs 11 linear layers"),
            (net(last=lambda self, z: F.leaky_relu(z)), "follows the last layer and changes its numbers"),
            (net(last=lambda self, z: F.softmax(z, dim=0)), "softmax over the images"),
            (Net(fc1=nn.Linear(320, 60), fc2=nn.Linear(60, 10)), "fc1 gives 60 numbers"),
            *(
                (model, said.replace("the batch is mixed", "rows are mixed"))
                for model, said in wrong_to_train()
            ),
            (
                nn.Sequential(*sequential()[:6], nn.Conv2d(20, 50, 4), nn.ReLU(), nn.Conv2d(50, 10, 1)),
                "A convolution stands where a linear layer is asked for",
            ),
            (Normed("fc1"), "when another image of the batch does"),
            (net(head=lambda self, x: self.fc2(F.dropout(F.relu(self.fc1(x))))), "in eval mode too"),
            (net(last=lambda self, z: F.log_softmax(z, 0)), "log-softmax over the images (look at dim)"),
            (net(last=lambda self, z: z - z.mean(0)), "when another image of the batch does"),
        ],
        secret=["Linear(50", "to 10"],
    ),
    "log_softmax": Cases(
        right=[
            Net,
            ByHand,
            sequential(nn.LogSoftmax(dim=1)),
            *(Net(fc2=layer()) for layer in (Einsum, Ten, BiasColumn, OfOnePixel)),
            net(last=lambda self, z: torch.log(torch.softmax(z, dim=-1))),
            net(last=lambda self, z: F.log_softmax(F.log_softmax(z, 1), 1)),
            net(last=lambda self, z: F.log_softmax(z + torch.arange(10), 1)),  # a bias by hand
        ],
        wrong=[
            (net(last=lambda self, z: F.softmax(z, dim=1)), "that is softmax, without its logarithm"),
            (net(last=lambda self, z: z.clamp(-5, 5).log_softmax(1)), "changed the logits first"),
            (net(last=lambda self, z: z), "the logits: nothing was done"),
            (net(last=lambda self, z: F.log_softmax(z, dim=0)), "over the images (look at dim)"),
            (net(last=lambda self, z: F.logsigmoid(z)), "with a log-sigmoid"),
            (net(last=lambda self, z: torch.sigmoid(z)), "with a sigmoid"),
            (net(last=lambda self, z: z)(fc2=Ten()), "does not come from a linear layer with ten outputs"),
            (net(last=lambda self, z: F.log_softmax(F.dropout(z), 1)), "Dropout follows the last layer"),
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
            *(
                (model, said.replace("the batch is mixed", "rows are mixed"))
                for model, said in wrong_to_train()
            ),
            (
                net(last=lambda self, z: F.log_softmax(z - z.mean(0), 1)),
                "when another image of the batch does",
            ),
            (net(last=lambda self, z: z.detach().log_softmax(1)), "The network gets no gradient"),
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


def test_all_of_the_students_network_is_left_as_it_was() -> None:
    class Uncopied(Normed):
        def __deepcopy__(self, memo: object) -> nn.Module:
            raise RuntimeError("a tensor with a history cannot be copied")

    mine = Uncopied().train()
    mine.conv1.bias.requires_grad_(False)
    F.nll_loss(mine(torch.randn(4, 1, 28, 28)), torch.arange(4)).backward()
    before = {name: value.clone() for name, value in mine.state_dict().items()}
    grads, chance = [p.grad for p in mine.parameters()], torch.get_rng_state()
    for check in (checks.add_conv2, checks.add_fc2, checks.log_softmax):
        assert not check(mine)
    assert all(torch.equal(before[name], value) for name, value in mine.state_dict().items())
    assert all(a is b for a, b in zip(grads, [p.grad for p in mine.parameters()]))
    assert torch.equal(chance, torch.get_rng_state())
    assert [name for name, p in mine.named_parameters() if not p.requires_grad] == ["conv1.bias"]
