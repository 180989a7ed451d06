import torch.nn.functional as F
from torch import nn

from cnnlab.inspection import explain
from tests.inspection.broken_models import Own, stack
from tests.inspection.mending import mended, runs


def test_slopes_for_other_channels():
    model = stack(nn.Conv2d(1, 20, 5), nn.PReLU(5), width=11520)
    found = explain(model)
    assert found.headline == "layer 1 does not fit: it gets 20 channels, but nn.PReLU(5) takes 5."
    assert (found.layer, found.has, found.needs) == ("1", 20, 5)
    assert found.remedies == (
        "layer 1: nn.PReLU(20)",
        "layer 1: nn.PReLU(), with one slope for all",
        "layer 0: nn.Conv2d(1, 5, 5), and layer 3: nn.Linear(2880, 10)",
    )
    assert runs(mended(model, found.remedies[0]))
    assert runs(mended(model, found.remedies[2]))


def test_channels_that_make_no_whole_pixels():
    model = stack(nn.Conv2d(1, 6, 5), nn.PixelShuffle(2), width=3456)
    found = explain(model)
    assert found.headline == (
        "layer 1 does not fit: it gets 6 channels, but nn.PixelShuffle(2) takes a multiple of 4."
    )
    assert (found.has, found.needs) == (6, 8)
    assert found.details == (
        "One pixel becomes 2 × 2, out of 2·2 = 4 channels; 6/4 = 1.5 is no whole number, 8/4 = 2 is.",
    )
    assert found.remedies[0] == "layer 0: nn.Conv2d(1, 8, 5), and layer 3: nn.Linear(4608, 10)"
    assert len(found.remedies) == 3
    assert all(runs(mended(model, text)) for text in found.remedies[:2])


def test_pixels_that_a_function_makes():
    found = explain(
        Own(
            lambda net, x: net.fc(F.pixel_shuffle(net.conv(x), 2).mean((2, 3))),
            conv=nn.Conv2d(1, 6, 5),
            fc=nn.Linear(6, 10),
        )
    )
    assert (found.has, found.needs) == (6, 8)
    assert "F.interpolate(x, scale_factor=2) in place of F.pixel_shuffle(x, 2)" in found.remedies


def test_a_row_that_is_folded_into_too_many_numbers():
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 200), nn.Unflatten(1, (8, 5, 6)), nn.Flatten(), nn.Linear(240, 10)
    )
    found = explain(model)
    assert found.headline == (
        "layer 2 does not fit: it gets 200 numbers, but nn.Unflatten(1, (8, 5, 6)) takes 8·5·6 = 240."
    )
    assert (found.layer, found.has, found.needs) == ("2", 200, 240)
    assert found.remedies == (
        "layer 2: nn.Unflatten(1, (8, 5, 5)), and layer 4: nn.Linear(200, 10)",
        "layer 1: nn.Linear(784, 240)",
        "layer 2: nn.Unflatten(1, (8, 5, -1)), where -1 is counted by PyTorch itself, "
        "and layer 4: nn.Linear(200, 10)",
    )
    assert all(runs(mended(model, text)) for text in found.remedies)


def test_a_row_that_a_method_folds():
    found = explain(
        Own(
            lambda net, x: net.fc(net.a(x.flatten(1)).unflatten(1, (8, 5, 6)).flatten(1)),
            a=nn.Linear(784, 200),
            fc=nn.Linear(240, 10),
        )
    )
    assert (found.has, found.needs) == (200, 240)
    assert found.remedies == (
        "x.unflatten(1, (8, 5, 5)), and self.fc = nn.Linear(200, 10)",
        "self.a = nn.Linear(784, 240)",
        "x.unflatten(1, (8, 5, -1)), where -1 is counted by PyTorch itself, and self.fc = nn.Linear(200, 10)",
    )


def test_sides_of_which_one_is_open_must_divide_the_row():
    found = explain(nn.Sequential(nn.Flatten(), nn.Linear(784, 200), nn.Unflatten(1, (-1, 7)), nn.Flatten()))
    assert found.headline.endswith("but nn.Unflatten(1, (-1, 7)) takes a multiple of 7.")
    assert (found.has, found.needs) == (200, 203)
    assert found.remedies == ("layer 2: nn.Unflatten(1, (-1, 5))", "layer 1: nn.Linear(784, 203)")


def test_a_side_may_be_left_open_where_nothing_before_it_can_change():
    model = nn.Sequential(
        nn.Flatten(), nn.Unflatten(1, (1, 27, 28)), nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(2704, 10)
    )
    found = explain(model)
    assert found.remedies == (
        "layer 1: nn.Unflatten(1, (1, 28, 28))",
        "layer 1: nn.Unflatten(1, (1, -1, 28)), where -1 is counted by PyTorch itself",
    )
    assert all(runs(mended(model, text)) for text in found.remedies)
