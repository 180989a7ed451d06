"""Each idea is tried on the mistake it is meant for; what it promises must come true."""

import torch
from torch import nn

from cnnlab.inspection import remedies
from cnnlab.inspection.tracing import trace
from cnnlab.inspection.workbench import Workbench, fits
from tests.inspection import student_models
from tests.inspection.broken_models import Between, Branches


def bench_for(model, number=None):
    images = torch.zeros(2, 1, 28, 28)
    made = trace(model, images)
    return Workbench(model, images, made, len(made.steps) - 1 if number is None else number)


WIDE = bench_for(student_models.Flattening(padding=2))


def that_fit(bench, idea):
    return [change.text for change in idea if fits(bench.trial(change))]


def test_resized_and_counts_itself():
    assert that_fit(WIDE, remedies.resized(WIDE, in_features=980)) == ["self.fc1 = nn.Linear(980, 50)"]
    assert that_fit(WIDE, remedies.counts_itself(WIDE)) == [
        "self.fc1 = nn.LazyLinear(50), which counts its inputs itself"
    ]


def test_earlier_sizes_find_padding_first_and_channels_where_they_divide():
    found = that_fit(WIDE, remedies.earlier_sizes(WIDE, 320))
    assert found[0] == "padding=0 in conv1 and conv2"
    narrow = bench_for(nn.Sequential(nn.Conv2d(1, 8, 5), nn.Flatten(), nn.Linear(1728, 10)))
    assert "layer 0: nn.Conv2d(1, 3, 5)" in that_fit(narrow, remedies.earlier_sizes(narrow, 1728))
    pooled = bench_for(nn.Sequential(nn.Conv2d(1, 4, 5), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 10)))
    assert "layer 1: nn.MaxPool2d(3)" in that_fit(pooled, remedies.earlier_sizes(pooled, 256))


def test_more_room_and_fewer_poolings_help_a_kernel_that_does_not_fit():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 5), nn.MaxPool2d(8), nn.Conv2d(4, 4, 3), nn.MaxPool2d(2), nn.Flatten()
    )
    bench = bench_for(model)
    assert bench.step.name == "3"
    assert that_fit(bench, remedies.more_room(bench))[0].startswith("padding=")
    pools = [n for n in bench.before(bench.number) if "pool" in bench.broken.steps[n].what]
    assert that_fit(bench, remedies.without(bench, pools)) == ["leave out layer 1 (MaxPool2d)"]


def test_flattened_and_averaged_go_in_front_of_a_linear_layer():
    bench = bench_for(Between(lambda x: x, width=1440))
    assert that_fit(bench, remedies.flattened(bench)) == ["x = torch.flatten(x, 1) before fc1"]
    bench = bench_for(Between(lambda x: x, width=10))
    assert that_fit(bench, remedies.averaged(bench)) == ["x = x.mean((2, 3)) before fc1"]


def test_folded_gives_a_row_its_map_back():
    bench = bench_for(nn.Sequential(nn.Flatten(), nn.Conv2d(1, 4, 5)))
    assert that_fit(bench, remedies.folded(bench, 1, 2)) == [
        "x = x.view(x.size(0), 1, 28, 28) before layer 1"
    ]
    assert list(remedies.folded(bench, 5, 2)) == []


def test_one_row_for_each_image_keeps_the_batch():
    bench = bench_for(Between(lambda x: x.view(-1, 720)), number=3)
    assert bench.step.name == "view"
    assert that_fit(bench, remedies.one_row_for_each_image(bench, "flatten")) == ["flatten"]


def test_channels_before_changes_the_convolution_that_makes_them():
    bench = bench_for(nn.Sequential(nn.Conv2d(1, 10, 5), nn.Conv2d(16, 4, 5)))
    assert that_fit(bench, remedies.channels_before(bench, 16)) == ["layer 0: nn.Conv2d(1, 16, 5)"]


def test_sums_are_mended_on_either_side():
    bench = bench_for(Branches(lambda a, b: a + b, padding=1))
    assert "nn.Conv2d(10, 20, 1) on the side with 10 channels" in that_fit(
        bench, remedies.matching_shortcut(bench)
    )
    bench = bench_for(Branches(lambda a, b: a + b, c_out=10, width=5760))
    assert that_fit(bench, remedies.same_shape(bench)) == ["self.conv2 = nn.Conv2d(10, 10, 3, padding=1)"]
    assert len(that_fit(bench, remedies.stretched(bench))) == 1
