import torch
import torch.nn.functional as F
from torch import nn

from cnnlab.inspection import explain
from cnnlab.inspection.layer_faults import conv_or_pool, with_indices
from cnnlab.inspection.linear_faults import linear
from tests.inspection import student_models
from tests.inspection.broken_models import Between, Own, stack
from tests.inspection.mending import bench_for, every_remedy_works, mended, runs
from tests.inspection.student_models import Squeezes


def test_a_linear_layer_of_the_wrong_width_names_both_numbers():
    model = student_models.Flattening(padding=2)
    found = explain(model)
    assert (found.layer, found.has, found.needs) == ("fc1", 980, 320)
    assert every_remedy_works(model, found)


def test_other_channels_are_offered_where_padding_cannot_help():
    model = stack(nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2), width=720)
    found = explain(model)
    assert "layer 0: nn.Conv2d(1, 5, 5): then 5 × 12 × 12 = 720" in found.remedies
    assert every_remedy_works(model, found)


def test_a_functional_linear_is_diagnosed_too():
    class Raw(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(10, 320))

        def forward(self, x):
            return F.linear(x.flatten(1), self.weight)

    found = explain(Raw())
    assert (found.has, found.needs) == (784, 320)
    assert found.remedies == ("give it a weight of the shape (10, 784)", "give it 320 numbers")
    assert found.heading == "What to try:"
    assert found.line.endswith("return F.linear(x.flatten(1), self.weight)")


def test_a_forgotten_flatten_is_named_in_a_sequential():
    model = stack(nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), flatten=False, width=1440)
    found = explain(model)
    assert (
        found.headline == "layer 2 gets a map of 10 × 12 × 12, not a row of numbers: the flatten is missing."
    )
    assert found.details[1] == (
        "Flattened, an image has 10 × 12 × 12 = 1440 numbers, just what nn.Linear(1440, 10) takes."
    )
    assert found.remedies == (
        "nn.Flatten() before layer 2",
        "nn.AdaptiveAvgPool2d(1) and nn.Flatten() before layer 2, and layer 2: nn.Linear(10, 10)",
    )
    assert every_remedy_works(model, found)


def test_a_forgotten_flatten_and_a_wrong_width_are_mended_together():
    found = explain(Between(lambda x: x, width=320))
    assert (found.layer, found.has, found.needs) == ("fc1", 12, 320)
    assert found.details[1].endswith("= 1440 numbers, where nn.Linear(320, 10) takes 320.")
    assert found.remedies == (
        "x = torch.flatten(x, 1) before fc1, and self.fc1 = nn.Linear(1440, 10)",
        "x = x.mean((2, 3)) before fc1, and self.fc1 = nn.Linear(10, 10)",
        "x = torch.flatten(x, 1) before fc1, and self.fc1 = nn.LazyLinear(10)",
    )


def test_channels_that_do_not_match_are_named_with_the_layer_that_makes_them():
    model = stack(nn.Conv2d(1, 10, 5), nn.ReLU(), nn.Conv2d(16, 20, 5))
    model[-1] = nn.Linear(8000, 10)
    found = explain(model)
    assert found.headline == "layer 2 does not fit: it gets 10 channels, but nn.Conv2d(16, 20, 5) takes 16."
    assert found.details == ("layer 0 makes 10 channels, and layer 2 must take as many.",)
    assert every_remedy_works(model, found)


def test_grouped_and_functional_convolutions_count_their_channels_rightly():
    grouped = explain(stack(nn.Conv2d(1, 6, 3), nn.Conv2d(4, 8, 3, groups=2), width=4608))
    assert (grouped.has, grouped.needs) == (6, 4)
    functional = explain(Between(lambda x: F.conv2d(x, torch.zeros(8, 3, 3, 3), groups=2).flatten(1)))
    assert (functional.has, functional.needs) == (10, 6)
    transposed = explain(stack(nn.Conv2d(1, 6, 3), nn.ConvTranspose2d(4, 8, 3), width=4608))
    assert (transposed.has, transposed.needs) == (6, 4)


def test_a_kernel_wider_than_the_padded_map():
    layers = [
        nn.Conv2d(1, 10, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(10, 20, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(20, 20, 5),
    ]
    model = stack(*layers, width=320)
    found = explain(model)
    assert found.headline == "layer 4 does not fit: its kernel is 5 px wide, but only 4 px are left."
    assert found.remedies[:2] == ("layer 4: nn.Conv2d(20, 20, 5, padding=2)", "leave out layer 3 (MaxPool2d)")
    assert every_remedy_works(model, found)


def test_a_dilated_kernel_counts_with_its_gaps_and_padding_is_mentioned():
    found = explain(stack(nn.MaxPool2d(7), nn.Conv2d(1, 4, 4, dilation=3, padding=2), width=4))
    assert found.headline == (
        "layer 1 does not fit: its kernel is 10 px wide, but only 8 px are left (padding 2 included)."
    )
    assert (found.has, found.needs) == (8, 10)


def test_a_map_that_was_pooled_away():
    pools = [nn.MaxPool2d(2) for _ in range(5)]
    model = stack(nn.Conv2d(1, 4, 5), *pools, width=4)
    found = explain(model)
    assert found.headline == "layer 5 does not fit: its window is 2 px wide, but only 1 px is left."
    assert found.remedies[0] == "leave out layer 5 (MaxPool2d)"
    assert every_remedy_works(model, found)


def test_a_functional_pooling_that_does_not_fit_is_named_with_its_line():
    found = explain(Between(lambda x: F.max_pool2d(x, 13).flatten(1)))
    assert found.headline == "max_pool2d does not fit: its window is 13 px wide, but only 12 px are left."
    assert "F.max_pool2d(x, 13)" in found.remedies[0]


def test_padding_of_more_than_half_a_window():
    model = stack(nn.Conv2d(1, 4, 5), nn.MaxPool2d(3, padding=2), width=256)
    found = explain(model)
    assert found.headline == "layer 1 pads by 2 px, but a window of 3 px allows 1."
    assert every_remedy_works(model, found)


def test_a_convolution_behind_the_flatten():
    class Late(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 10, 5)

        def forward(self, x):
            x = torch.flatten(x, 1)
            return self.conv1(x).flatten(1)

    found = explain(Late())
    assert found.headline == "conv1 needs a map of (channels, height, width), but gets (784)."
    assert found.remedies[0].startswith("leave out x.flatten(1) in line ")
    assert found.remedies[1] == "x = x.view(x.size(0), 1, 28, 28) before conv1"


def test_each_search_says_nothing_about_layers_that_fit():
    assert linear(bench_for(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)))) is None
    assert conv_or_pool(bench_for(nn.Sequential(nn.Conv2d(1, 2, 3)))) is None


def test_a_depthwise_convolution_is_mended_with_its_groups():
    model = stack(nn.Conv2d(1, 12, 3), nn.Conv2d(16, 16, 3, groups=16), width=9216)
    found = explain(model)
    assert found.headline == (
        "layer 1 does not fit: it gets 12 channels, but nn.Conv2d(16, 16, 3, groups=16) takes 16."
    )
    assert found.remedies == (
        "layer 1: nn.Conv2d(12, 12, 3, groups=12), and layer 3: nn.Linear(6912, 10)",
        "layer 0: nn.Conv2d(1, 16, 3)",
    )
    assert every_remedy_works(model, found)


def test_channels_that_the_groups_do_not_divide_are_not_offered():
    model = stack(nn.Conv2d(1, 5, 3), nn.Conv2d(4, 8, 3, groups=2), width=4608)
    assert explain(model).remedies[0] == "layer 0: nn.Conv2d(1, 4, 3)"


def test_channels_that_a_concatenation_made_are_not_ascribed_to_a_convolution():
    class Skip(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(1, 8, 3), nn.Conv2d(8, 10, 1)

        def forward(self, x):
            x = self.conv1(x)
            return self.conv2(torch.cat([x, x], 1)).mean((2, 3))

    found = explain(Skip())
    assert (found.layer, found.has, found.needs) == ("conv2", 16, 8)
    assert found.details == ()  # conv1 makes 8


def test_padding_everywhere_is_offered_where_one_layer_is_not_enough():
    class Deep(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2, self.conv3 = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3)
            self.conv4, self.pool, self.fc = nn.Conv2d(4, 8, 3), nn.MaxPool2d(2), nn.Linear(8, 10)

        def forward(self, x):
            for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
                x = self.pool(F.relu(conv(x)))
            return self.fc(x.flatten(1))

    assert explain(Deep()).remedies == (
        "leave out every call of pool, and self.fc = nn.Linear(3200, 10)",
        "padding=1 in conv1, conv2, conv3 and conv4",
    )


def test_a_flatten_that_starts_too_late_is_found():
    assert explain(Between(lambda x: x.flatten(2), 1440)).remedies == (
        "x = torch.flatten(x, 1) before fc1",
        "x = torch.flatten(x, 1) in place of x.flatten(2)",
    )
    model = stack(nn.Conv2d(1, 10, 5), nn.Flatten(2), flatten=False, width=5760)
    found = explain(model)
    assert "layer 1: nn.Flatten()" in found.remedies
    assert every_remedy_works(model, found)


def test_a_convolution_for_another_number_of_sides():
    model = stack(nn.Conv1d(1, 8, 5), width=4608)
    found = explain(model)
    assert found.headline == "layer 0 needs a map of (channels, height), but gets (1, 28, 28)."
    assert found.remedies[0] == "layer 0: nn.Conv2d(1, 8, 5)"
    assert len(found.remedies) == 2
    assert runs(mended(model, found.remedies[0]))


def test_an_unsqueeze_too_many_is_left_out():
    class Unsqueezes(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 10, 28)

        def forward(self, x):
            return self.conv1(x.unsqueeze(1)).flatten(1)

    found = explain(Unsqueezes())
    assert found.remedies[0].startswith("leave out x.unsqueeze(1) in line ")


def test_a_convolution_for_volumes_is_told_from_one_for_images():
    model = nn.Sequential(nn.Conv3d(1, 10, 5), nn.Flatten(), nn.Linear(5760, 10))
    found = explain(model)
    assert "layer 0 is an nn.Conv3d" in found.headline
    assert found.headline.endswith("gets the image (1, 28, 28): nn.Conv2d is meant.")
    assert found.remedies == (
        "layer 0: nn.Conv2d(1, 10, 5)",
        "nn.Unflatten(1, (1, 1)) before layer 0, and layer 0: nn.Conv3d(1, 10, (1, 5, 5))",
    )
    model[0] = nn.Sequential(nn.Unflatten(1, (1, 1)), nn.Conv3d(1, 10, (1, 5, 5)))
    assert runs(model)


def test_a_layer_that_is_called_by_forward_has_two_remedies():
    class ByForward(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(700, 10)

        def forward(self, x):
            return self.fc.forward(x.flatten(1))

    first, second = explain(ByForward()).remedies
    assert first == "self.fc = nn.Linear(784, 10)"
    assert "nn.LazyLinear(10), and self.fc(x) in place of self.fc.forward(x)" in second


def test_a_squeeze_that_takes_the_channel_away_before_a_convolution_is_left_out():
    found = explain(Squeezes(lambda x: x.squeeze()))
    assert (found.layer, found.has, found.needs) == ("conv1", 2, 3)
    assert found.headline == (
        "conv1 needs a map of (channels, height, width), but gets (28, 28): the channel is gone."
    )
    assert found.remedies[0].startswith("leave out x.squeeze() in line ")
    assert found.remedies[1] == "x = x.view(-1, 1, 28, 28) before conv1"
    assert found.heading == "Any one of these mends it:"
    for mended_by in (lambda x: x, lambda x: x.squeeze().view(-1, 1, 28, 28)):
        assert all(runs(Squeezes(mended_by), batch) for batch in (1, 2))


def test_a_channel_that_an_index_took_away_is_put_back():
    found = explain(Squeezes(lambda x: x[:, 0]))
    assert found.headline.endswith("gets (28, 28): the channel is gone.")
    assert found.remedies == ("x = x.view(-1, 1, 28, 28) before conv1", "x = x.unsqueeze(1) before conv1")
    assert all(runs(Squeezes(lambda x: x[:, 0].unsqueeze(1)), batch) for batch in (1, 2))


def test_a_squeeze_before_another_mistake_is_still_left_out():
    found = explain(Squeezes(lambda x: x.squeeze(), 784))
    assert found.remedies[0].startswith("leave out x.squeeze() in line ")
    assert len(found.remedies) >= 2


def test_a_squeeze_before_a_convolution_written_as_a_function_is_left_out():
    class Functional(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight, self.fc1 = nn.Parameter(torch.zeros(10, 1, 5, 5)), nn.Linear(5760, 10)

        def forward(self, x):
            return self.fc1(F.conv2d(x.squeeze(), self.weight).flatten(1))

    found = explain(Functional())
    assert found.remedies[0].startswith("leave out x.squeeze() in line ")
    assert found.remedies[1] == "x = x.view(-1, 1, 28, 28) in place of x.squeeze()"


class OwnWeights(nn.Module):
    """A linear layer by hand, with a weight of the shape that it is given."""

    def __init__(self, *shape):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.zeros(shape)), nn.Parameter(torch.zeros(10))

    def forward(self, x):
        return F.linear(x.flatten(1), self.w, self.b)


def test_a_weight_that_lies_on_its_side_is_to_be_turned():
    found = explain(OwnWeights(784, 10))
    assert found.headline == (
        "linear does not fit: it gets 784 numbers for each image, but the weight (784, 10) takes 10: "
        "F.linear reads a weight as (out, in)."
    )
    assert found.remedies == (
        "F.linear(x, self.w.t(), …)",
        "self.w = nn.Parameter(torch.randn(10, 784) / 784**0.5)",
    )
    assert found.heading == "Any one of these mends it:"


def test_a_flat_image_before_a_convolution_of_one_side_has_no_channel():
    def flat(how):
        return Own(
            lambda net, x: net.fc(net.conv(how(x)).flatten(1)),
            conv=nn.Conv1d(1, 8, 5),
            fc=nn.Linear(6240, 10),
        )

    found = explain(flat(lambda x: x.flatten(1)))
    assert found.headline == "conv needs a map of (channels, length), but gets (784): the channel is gone."
    assert (found.layer, found.has, found.needs) == ("conv", 1, 2)
    assert found.remedies == ("x = x.view(-1, 1, 784) before conv", "x = x.unsqueeze(1) before conv")
    assert runs(flat(lambda x: x.flatten(1).unsqueeze(1)))


def test_in_a_sequential_the_flatten_keeps_the_channel():
    model = nn.Sequential(nn.Flatten(), nn.Conv1d(1, 8, 5), nn.Flatten(), nn.Linear(6240, 10))
    assert explain(model).remedies == (
        "layer 0: nn.Flatten(2)",
        "nn.Unflatten(1, (1, 784)) before layer 1",
    )
    model[0] = nn.Flatten(2)
    assert runs(model)


def test_a_window_wider_than_the_image_has_two_remedies():
    model = stack(nn.MaxPool2d(30), width=1)
    found = explain(model)
    assert found.remedies == (
        "leave out layer 0 (MaxPool2d), and layer 2: nn.Linear(784, 10)",
        "layer 0: nn.MaxPool2d(28)",
    )
    assert every_remedy_works(model, found)


def test_a_pooling_that_returns_its_places_is_told_by_its_setting():
    model = stack(nn.Conv2d(1, 8, 3), nn.MaxPool2d(2, return_indices=True), width=1352)
    found = explain(model)
    assert found.headline == (
        "layer 2 gets two things: layer 1 returns the largest numbers and their places, "
        "because of return_indices=True."
    )
    assert found.remedies == ("layer 1: nn.MaxPool2d(2)", "in a forward() of your own: x, places = pool(x)")
    own = explain(
        Own(
            lambda net, x: net.fc(torch.flatten(net.pool(x), 1)),
            pool=nn.MaxPool2d(2, return_indices=True),
            fc=nn.Linear(196, 10),
        )
    )
    assert own.headline.startswith("forward() goes on with two things: pool returns the largest numbers")
    assert own.remedies == ("self.pool = nn.MaxPool2d(2)", "x, places = self.pool(x)")
    assert with_indices(bench_for(nn.Sequential(nn.MaxPool2d(2), nn.ReLU()))) is None
