"""What a stuck student reads. The flagship texts are pinned whole."""

import copy
import random

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnlab import models
from cnnlab.inspection import Explanation, explain
from tests.inspection import student_models
from tests.inspection.mending import mended, runs

WORKS = """\
It fits together: (1, 28, 28) goes in, 10 numbers come out for each image.
  conv1    10 × 24 × 24  floor((28 + 2·0 − 5)/1) + 1 = 24
  pool1    10 × 12 × 12  floor((24 + 2·0 − 2)/2) + 1 = 12
  conv2    20 × 8 × 8    floor((12 + 2·0 − 5)/1) + 1 = 8
  pool2    20 × 4 × 4    floor((8 + 2·0 − 2)/2) + 1 = 4
  flatten  320           20 × 4 × 4 = 320
  fc1      50
  fc2      10
21,840 parameters, most of them in fc1: (320 + 1)·50 = 16,050."""

FC1 = """\
fc1 does not fit: it gets 980 numbers for each image, but nn.Linear(320, 50) takes 320.
  conv1    10 × 28 × 28  floor((28 + 2·2 − 5)/1) + 1 = 28
  pool     10 × 14 × 14  floor((28 + 2·0 − 2)/2) + 1 = 14
  conv2    20 × 14 × 14  floor((14 + 2·2 − 5)/1) + 1 = 14
  pool     20 × 7 × 7    floor((14 + 2·0 − 2)/2) + 1 = 7
  flatten  980           20 × 7 × 7 = 980
Any one of these mends it:
  1. self.fc1 = nn.Linear(980, 50)
  2. padding=0 in conv1 and conv2: then 20 × 4 × 4 = 320
  3. self.fc1 = nn.LazyLinear(50), which counts its inputs itself"""

VIEW = """\
x.view(-1, 320) mixes up the images: each has 980 numbers, not 320.
  line LINE: x = x.view(-1, 320)
  conv1       10 × 28 × 28  floor((28 + 2·2 − 5)/1) + 1 = 28
  max_pool2d  10 × 14 × 14  floor((28 + 2·0 − 2)/2) + 1 = 14
  conv2       20 × 14 × 14  floor((14 + 2·2 − 5)/1) + 1 = 14
  max_pool2d  20 × 7 × 7    floor((14 + 2·0 − 2)/2) + 1 = 7
A batch of 64 becomes 64·980/320 = 196 rows, without an error here.
Any one of these mends it:
  1. x = torch.flatten(x, 1), and self.fc1 = nn.Linear(980, 50)
  2. padding=0 in conv1 and conv2: then 20 × 4 × 4 = 320
  3. x = torch.flatten(x, 1), and self.fc1 = nn.LazyLinear(50)"""

CHANNELS = """\
layer 3 does not fit: it gets 10 channels, but nn.Conv2d(16, 20, 5) takes 16.
  0 Conv2d     10 × 24 × 24  floor((28 + 2·0 − 5)/1) + 1 = 24
  2 MaxPool2d  10 × 12 × 12  floor((24 + 2·0 − 2)/2) + 1 = 12
layer 0 makes 10 channels, and layer 3 must take as many.
Any one of these mends it:
  1. layer 3: nn.Conv2d(10, 20, 5)
  2. layer 0: nn.Conv2d(1, 16, 5)
  3. layer 3: nn.LazyConv2d(20, 5), which counts its inputs itself"""

NO_BATCH = """\
The input does not fit: (1, 28, 28) has no batch; the model needs (N, C, H, W).
Any one of these mends it:
  1. images[None]
  2. images.unsqueeze(0)"""


def test_the_text_for_the_320_network():
    found = explain(models.build("cnn_320"))
    assert str(found) == repr(found) == WORKS
    assert found.works
    assert found.notes == ()


def test_the_text_for_a_linear_layer_of_the_wrong_width():
    found = explain(student_models.Flattening(padding=2))
    assert str(found) == FC1
    assert (found.works, found.layer, found.has, found.needs) == (False, "fc1", 980, 320)
    assert "mat1 and mat2 shapes cannot be multiplied" in found.error


def test_the_text_for_a_view_that_hides_the_mistake():
    found = explain(student_models.Lab002(padding=2))
    number = found.line.split(":")[0].removeprefix("line ")
    assert str(found) == VIEW.replace("LINE", number)
    assert (found.layer, found.has, found.needs) == ("view", 980, 320)


@pytest.mark.parametrize("batch", [64, 16, 50, 7])
def test_the_view_is_found_for_every_batch_whether_it_fails_or_not(batch):
    found = explain(student_models.Lab002(padding=2), torch.zeros(batch, 1, 28, 28))
    assert found.headline == "x.view(-1, 320) mixes up the images: each has 980 numbers, not 320."
    assert "A batch of 64 becomes 64·980/320 = 196 rows, without an error here." in found.details


def test_the_text_for_channels_that_do_not_match():
    model = nn.Sequential(
        nn.Conv2d(1, 10, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 20, 5),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(320, 10),
    )
    assert str(explain(model)) == CHANNELS


def test_the_text_for_an_image_without_a_batch():
    assert str(explain(models.build("cnn_320"), torch.zeros(1, 28, 28))) == NO_BATCH


def test_the_usual_failing_text_has_twelve_lines_at_most():
    for found in (explain(student_models.Flattening(2)), explain(student_models.Lab002(2))):
        assert len(str(found).splitlines()) <= 12
        assert max(map(len, str(found).splitlines())) <= 100


@pytest.mark.parametrize("name", [*models.names(), *student_models.ALL])
def test_every_network_that_works_is_said_to_work(name):
    model = student_models.ALL[name]() if name in student_models.ALL else models.build(name)
    found = explain(model)
    assert found.works
    assert "10 numbers come out for each image" in found.headline


def test_long_networks_show_the_last_sizes_before_the_mistake():
    layers = [nn.Conv2d(1 if i == 0 else 4, 4, 3) for i in range(9)]
    found = explain(nn.Sequential(*layers, nn.Flatten(), nn.Linear(100, 10)))
    assert found.chain[0] == "…"
    assert len(found.chain) == 7
    assert "= 400" in found.chain[-1]


def test_an_image_size_that_the_network_was_not_made_for_is_named():
    found = explain(models.build("cnn_320"), (1, 32, 32))
    assert (found.has, found.needs) == (500, 320)
    assert "With images of (1, 28, 28) it fits together." in found.details


def test_two_mistakes_are_told_one_after_the_other():
    class TwoMistakes(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 10, 5)
            self.conv2 = nn.Conv2d(12, 20, 5)
            self.conv3 = nn.Conv2d(7, 5, 5)

        def forward(self, x):
            return self.conv3(self.conv2(self.conv1(x))).flatten(1)

    found = explain(TwoMistakes())
    assert found.layer == "conv2"
    assert found.heading.endswith("mends it; then explain again, because there is another mistake:")
    assert found.remedies[0] == "self.conv2 = nn.Conv2d(10, 20, 5)"


def test_a_shape_with_a_batch_and_a_list_are_understood():
    assert explain(models.build("cnn_320"), (64, 1, 28, 28)).works
    assert explain(models.build("cnn_320"), [1, 28, 28]).works
    assert explain(nn.Linear(784, 10), (784,)).works


def test_explain_leaves_model_and_random_numbers_alone():
    model = student_models.Flattening(padding=2).train()
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    explain(model)
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(a, b) for a, b in zip(before.values(), model.state_dict().values()))
    assert all(module.training for module in model.modules())


def test_a_subclass_of_nn_module_that_forgot_super_is_told_so():
    class Forgetful(nn.Module):
        def __init__(self):
            self.k = 3

    found = explain(Forgetful())
    assert not found.works
    assert found.headline == (
        "Forgetful is not a network yet: its __init__ does not call super().__init__(), "
        "which nn.Module needs."
    )
    assert found.remedies == (
        "super().__init__() as the first line of __init__",
        "nn.Sequential(…) for layers that follow one another, which needs no __init__",
    )


class Raises(nn.Module):
    """Goes wrong in a way of its own."""

    def __init__(self, how):
        super().__init__()
        self.how = how
        self.conv = nn.Conv2d(1, 2, 3)

    def forward(self, x):
        return self.how(self.conv(x))


@pytest.mark.parametrize(
    "how",
    [
        lambda x: 1 / 0,
        lambda x: None,
        lambda x: "text",
        lambda x: x.numpy().nothing,
        lambda x: {"logits": x},
        lambda x: [],
        lambda x: x.mean(),
        lambda x: x[0],
        lambda x: x[:, :, ::-1],
        lambda x: x @ torch.zeros(3, 3),
        lambda x: torch.stack([x, x[:1]]),
        lambda x: x.view(0, -1),
        lambda x: x.view(),
        lambda x: x.reshape(-1, 0),
        lambda x: x.flatten(5),
        lambda x: F.max_pool2d(x, 0),
        lambda x: F.max_pool2d(x, 2, stride=-1),
        lambda x: F.conv2d(x, torch.zeros(3, 5, 2, 2)),
        lambda x: F.linear(x, torch.zeros(3)),
        lambda x: nn.Linear(3, 3)(x),
        lambda x: nn.BatchNorm1d(7)(x),
        lambda x: nn.GroupNorm(3, 6)(x),
        lambda x: nn.LSTM(3, 3)(x),
        lambda x: x.squeeze(0).squeeze(0).permute(2, 1, 0),
        lambda x: x.to("cuda:77"),
        lambda x: (_ for _ in ()).throw(KeyError()),
        lambda x: exec("raise SyntaxError('odd')"),
        lambda x: int(x),
        lambda x: assert_false(),
    ],
)
def test_explain_never_raises_and_always_says_something(how):
    found = explain(Raises(how))
    assert isinstance(found, Explanation)
    assert found.headline.endswith(".")
    assert found.works or found.remedies or found.error
    assert "\x00" not in str(found)


def assert_false():
    raise AssertionError


@pytest.mark.parametrize(
    "thing", [None, 3, "model", nn.Linear, lambda x: x, [nn.Linear(1, 1)], torch.zeros(3)]
)
@pytest.mark.parametrize("given", [(1, 28, 28), None, (), "28", 3.5, torch.zeros(0), (1, -1), {1: 2}])
def test_explain_never_raises_on_things_that_are_no_models_or_no_images(thing, given):
    assert not explain(thing, given).works
    assert isinstance(explain(models.build("logistic"), given), Explanation)


def random_network(draw: random.Random) -> nn.Sequential:
    """A small network of usual layers whose sizes often do not match."""
    layers: list[nn.Module] = []
    channels = 1
    for _ in range(draw.randint(1, 3)):
        c_in = channels if draw.random() < 0.8 else draw.randint(1, 6)
        channels = draw.randint(2, 6)
        k = draw.choice([1, 3, 5, 7, (3, 5)])
        layers.append(nn.Conv2d(c_in, channels, k, draw.choice([1, 1, 2]), draw.choice([0, 0, 1, 2])))
        if draw.random() < 0.3:
            layers.append(nn.BatchNorm2d(channels if draw.random() < 0.7 else 5))
        layers.append(nn.ReLU())
        if draw.random() < 0.6:
            pool = draw.choice([nn.MaxPool2d, nn.AvgPool2d])
            layers.append(pool(draw.choice([2, 3, 4]), padding=draw.choice([0, 0, 0, 1, 2])))
    if draw.random() < 0.8:
        layers.append(nn.Flatten(draw.choice([1, 1, 1, 0])))
    layers += [nn.Linear(draw.choice([36, 64, 100, 144, 320]), 10)]
    return nn.Sequential(*layers)


def test_random_networks_are_judged_rightly_and_their_remedies_work():
    draw = random.Random(0)
    applied = 0
    for _ in range(60):
        model = random_network(draw)
        try:
            works = runs(model)
        except (RuntimeError, ValueError):
            works = False
        found = explain(model)
        assert found.works == works, (model, found)
        assert found.works or len(found.remedies) >= 2, (model, found)
        if found.heading != "Any one of these mends it:":
            continue
        for remedy in found.remedies:
            fixed = None if remedy.endswith("explain again") else mended(model, remedy)
            if fixed is not None:
                assert runs(fixed), (model, remedy)
                applied += 1
    assert applied > 60


def test_one_number_for_each_image_is_said_in_words():
    class Guess(nn.Module):
        def forward(self, x):
            return x.flatten(1).argmax(1)

    found = explain(Guess())
    assert "1 number comes out for each image" in found.headline
    assert any("one number for each image" in line for line in found.chain)
    assert found.notes[0] == (
        "It ends in argmax, which gives 1 number for each image, but the loss needs the 784 numbers before "
        "it, the logits: leave argmax out, and take it outside of the model."
    )


def test_all_sizes_are_shown_where_no_step_is_at_fault_but_the_return_is_missing():
    class NoReturn(student_models.Flattening):
        def forward(self, x):
            super().forward(x)

    found = explain(NoReturn())
    assert found.headline == (
        "forward() of NoReturn returns nothing: it should return one row of numbers for each image."
    )
    names = [row.split()[0] for row in found.chain]
    assert names == ["conv1", "pool", "conv2", "pool", "flatten", "fc1", "fc2"]


def test_one_number_is_said_in_the_singular():
    found = explain(nn.Sequential(nn.Flatten(), nn.Linear(784, 1)))
    assert found.headline == "It fits together: (1, 28, 28) goes in, 1 number comes out for each image."


def test_a_compiled_model_is_explained_as_the_model_in_it():
    model = nn.Sequential(nn.Flatten(), nn.Linear(700, 10))
    assert str(explain(torch.compile(model))) == str(explain(model))
