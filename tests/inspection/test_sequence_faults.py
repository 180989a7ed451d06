import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnnlab.inspection import explain
from cnnlab.inspection.sequence_faults import giving
from tests.inspection.broken_models import Own
from tests.inspection.mending import runs


def rows(how, layer=nn.GRU, **settings):
    """A recurrent layer that reads the 28 rows of an image, and a linear layer."""
    settings.setdefault("batch_first", True)
    return Own(how, rnn=layer(28, 32, **settings), fc=nn.Linear(32, 10))


def test_a_recurrent_layer_whose_two_results_are_taken_for_one_is_to_be_unpacked():
    found = explain(rows(lambda net, x: net.fc(net.rnn(x[:, 0]))))
    assert found.headline == (
        "rnn returns two things, but fc gets both at once: unpack them, out, _ = self.rnn(x)."
    )
    assert (found.layer, found.has, found.needs) == ("fc", 2, 1)
    assert found.details == (
        "nn.GRU gives out, 28 × 32: 32 numbers for each of 28 steps; and h, its last state.",
    )
    assert found.remedies == (
        "out, _ = self.rnn(x), and go on with out[:, -1], the last step",
        "_, h = self.rnn(x), and go on with h[-1]",
        "out, _ = self.rnn(x), and go on with out.mean(1), the mean of all",
    )
    assert found.heading == "Any one of these mends it:"
    assert runs(rows(lambda net, x: net.fc(net.rnn(x[:, 0])[0][:, -1])))
    assert runs(rows(lambda net, x: net.fc(net.rnn(x[:, 0])[1][-1])))


def test_the_two_states_of_an_lstm_are_unpacked_too():
    found = explain(rows(lambda net, x: net.fc(F.relu(net.rnn(x[:, 0]))), nn.LSTM))
    assert "but relu gets both at once" in found.headline
    assert found.remedies[1] == "_, (h, _) = self.rnn(x), and go on with h[-1]"


def test_a_linear_layer_follows_the_width_of_a_layer_that_reads_both_ways():
    found = explain(rows(lambda net, x: net.fc(net.rnn(x[:, 0])), bidirectional=True))
    assert found.remedies[0] == (
        "out, _ = self.rnn(x), and go on with out[:, -1], the last step, and self.fc = nn.Linear(64, 10)"
    )
    assert len(found.remedies) >= 2


def test_a_layer_that_would_take_images_for_steps_gets_batch_first():
    found = explain(rows(lambda net, x: net.fc(net.rnn(x[:, 0])), batch_first=False))
    assert found.remedies[0].startswith("self.rnn = nn.GRU(28, 32, batch_first=True), then out, _ = ")


@pytest.mark.parametrize(
    "how",
    [
        lambda net, x: net.fc(net.rnn(x[:, 0])[:, -1]),
        lambda net, x: net.fc(net.rnn(x[:, 0]).mean(1)),
        lambda net, x: net.fc(net.rnn(x[:, 0]))[:, -1],
    ],
)
def test_a_forward_that_picks_the_step_later_needs_only_the_first_of_the_two(how):
    found = explain(rows(how))
    assert found.headline.startswith("rnn returns two things, but ")
    assert found.remedies == (
        "out, _ = self.rnn(x), and go on with out",
        "self.rnn(x)[0] in place of self.rnn(x)",
    )


def test_attention_returns_two_things_as_well():
    found = explain(
        Own(
            lambda net, x: net.fc(net.att(x[:, 0], x[:, 0], x[:, 0])),
            att=nn.MultiheadAttention(28, 4, batch_first=True),
            fc=nn.Linear(28, 10),
        )
    )
    assert found.headline.startswith("att returns two things, but fc gets both at once")
    assert found.remedies[0] == "out, _ = self.att(x), and go on with out.mean(1), the mean of all"


def test_in_a_sequential_a_forward_of_ones_own_is_asked_for():
    found = explain(nn.Sequential(nn.Flatten(1, 2), nn.GRU(28, 32, batch_first=True), nn.Linear(32, 10)))
    assert found.headline.startswith("layer 1 returns two things, but layer 2 gets both at once")
    assert found.remedies[0].startswith("in a forward() of your own: out, _ = gru(x), and go on")


def test_a_state_that_counts_its_layers_first_is_told():
    found = explain(rows(lambda net, x: net.fc(net.rnn(x[:, 0])[1])))
    assert found.headline == (
        "fc gets h of rnn, whose first side counts layers, not images: (1, 32) for each image."
    )
    assert found.details == ("h is (layers, N, numbers) = (1, N, 32), also with batch_first.",)
    assert found.remedies == ("h[-1] in place of h", "out[:, -1] in place of h, the last step of out")
    assert runs(rows(lambda net, x: net.fc(net.rnn(x[:, 0])[1][-1])))


def test_a_layer_that_gives_part_of_its_output_is_a_copy():
    layer = nn.GRU(28, 32, batch_first=True)
    part = giving(layer, lambda both: both[0][:, -1])
    assert part(torch.zeros(2, 5, 28)).shape == (2, 32)
    assert isinstance(layer(torch.zeros(2, 5, 28)), tuple)
