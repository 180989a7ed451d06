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


def reads(how, width, layer=nn.LSTM, **settings):
    settings.setdefault("batch_first", True)
    return Own(
        lambda net, x: net.fc(net.rnn(how(x))[0][:, -1]),
        rnn=layer(width, 32, **settings),
        fc=nn.Linear(32, 10),
    )


def test_steps_of_another_width_name_both_numbers():
    found = explain(reads(lambda x: x[:, 0], 784))
    assert (
        found.headline == "rnn does not fit: it gets 28 steps of 28 numbers, but nn.LSTM(784, 32) takes 784."
    )
    assert (found.layer, found.has, found.needs) == ("rnn", 28, 784)
    assert found.details[1] == "In one step, an image has 28 × 28 = 784."
    assert found.remedies[:2] == (
        "self.rnn = nn.LSTM(28, 32, batch_first=True)",
        "x = x.flatten(1).unsqueeze(1) before rnn",
    )
    assert runs(reads(lambda x: x[:, 0], 28))
    assert runs(reads(lambda x: x[:, 0].flatten(1).unsqueeze(1), 784))


def test_steps_that_cannot_be_read_otherwise_are_fitted_by_a_linear_layer():
    assert explain(reads(lambda x: x[:, 0], 30, nn.RNN)).remedies == (
        "self.rnn = nn.RNN(28, 32, batch_first=True)",
        "self.fit = nn.Linear(28, 30), and x = self.fit(x) before rnn",
    )


def test_a_recurrent_layer_takes_no_channel():
    found = explain(reads(lambda x: x, 784))
    assert (found.has, found.needs) == (3, 2)
    assert found.details == ("An image has 1 × 28 × 28 = 784 numbers.",)
    assert found.remedies == (
        "x = x.flatten(2) before rnn",
        "x = x.squeeze(1) before rnn, and self.rnn = nn.LSTM(28, 32, batch_first=True)",
    )
    assert runs(reads(lambda x: x.flatten(2), 784))


def test_a_row_of_numbers_is_no_sequence():
    found = explain(reads(lambda x: x.flatten(1), 700))
    assert (found.has, found.needs) == (1, 2)
    assert found.remedies[0].startswith("x = x.view(x.size(0), 28, 28) before rnn, and self.rnn = nn.LSTM(28")
    assert len(found.remedies) == 2


def test_a_map_is_read_as_tokens():
    model = Own(
        lambda net, x: net.fc(net.rnn(net.conv(x))[0][:, -1]),
        conv=nn.Conv2d(1, 8, 4, stride=4),
        rnn=nn.GRU(8, 32, batch_first=True),
        fc=nn.Linear(32, 10),
    )
    assert explain(model).remedies == (
        "x = x.flatten(2).transpose(1, 2) before rnn",
        "x = x.flatten(2) before rnn, and self.rnn = nn.GRU(49, 32, batch_first=True)",
    )


def test_a_layer_that_takes_its_steps_first_is_not_told_to_put_the_batch_first():
    model = Own(
        lambda net, x: net.fc(net.rnn(x[:, 0].permute(1, 0, 2))[0][-1]),
        rnn=nn.GRU(30, 32),
        fc=nn.Linear(32, 10),
    )
    found = explain(model)
    assert (found.layer, found.has, found.needs) == ("rnn", 28, 30)
    assert found.remedies[0] == "self.rnn = nn.GRU(28, 32)"
    assert len(found.remedies) == 2


def attends(how, c_out, width):
    def forward(net, x):
        tokens = how(net.conv(x))
        return net.fc(net.att(tokens, tokens, tokens)[0].mean(1))

    return Own(
        forward,
        conv=nn.Conv2d(1, c_out, 4, stride=4),
        att=nn.MultiheadAttention(width, 4, batch_first=True),
        fc=nn.Linear(width, 10),
    )


def test_attention_for_tokens_of_another_width():
    found = explain(attends(lambda x: x.flatten(2).transpose(1, 2), 32, 64))
    assert found.headline == (
        "att does not fit: it gets 49 tokens of 32 numbers, "
        "but nn.MultiheadAttention(64, 4) takes tokens of 64."
    )
    assert (found.layer, found.has, found.needs) == ("att", 32, 64)
    assert found.details == ("The 4 heads share the numbers of a token: 64/4 = 16 each.",)
    assert found.remedies == (
        "self.att = nn.MultiheadAttention(32, 4, batch_first=True), and self.fc = nn.Linear(32, 10)",
        "self.conv = nn.Conv2d(1, 64, 4, stride=4)",
        "self.fit = nn.Linear(32, 64), and x = self.fit(x) before att",
    )
    assert runs(attends(lambda x: x.flatten(2).transpose(1, 2), 64, 64))


def test_attention_in_front_of_channels_or_of_a_map_is_given_tokens():
    assert "x = x.transpose(1, 2) before att" in explain(attends(lambda x: x.flatten(2), 32, 32)).remedies
    found = explain(attends(lambda x: x, 32, 32))
    assert found.remedies[0] == "x = x.flatten(2).transpose(1, 2) before att"
    assert len(found.remedies) == 2


def test_attention_that_is_given_its_tokens_by_name():
    def forward(net, x):
        tokens = net.conv(x).flatten(2).transpose(1, 2)
        return net.fc(net.att(query=tokens, key=tokens, value=tokens)[0].mean(1))

    att = nn.MultiheadAttention(64, 4, batch_first=True)
    found = explain(Own(forward, conv=nn.Conv2d(1, 32, 4, stride=4), att=att, fc=nn.Linear(64, 10)))
    assert (found.has, found.needs) == (32, 64)
    assert found.remedies[1] == "self.fit = nn.Linear(32, 64), and x = self.fit(x) before att"


def test_a_layer_of_a_transformer_names_both_numbers():
    model = Own(
        lambda net, x: net.fc(net.block(net.conv(x).flatten(2).transpose(1, 2)).mean(1)),
        conv=nn.Conv2d(1, 32, 4, stride=4),
        block=nn.TransformerEncoderLayer(64, 4, batch_first=True),
        fc=nn.Linear(64, 10),
    )
    found = explain(model)
    assert (found.layer, found.has, found.needs) == ("block", 32, 64)
    assert found.remedies == (
        "self.conv = nn.Conv2d(1, 64, 4, stride=4)",
        "self.fit = nn.Linear(32, 64), and x = self.fit(x) before block",
    )


def test_a_state_that_is_given_too_stays_as_it_is():
    model = Own(
        lambda net, x: net.fc(net.rnn(x[:, 0], torch.zeros(1, len(x), 32))[0][:, -1]),
        rnn=nn.GRU(30, 32, batch_first=True),
        fc=nn.Linear(32, 10),
    )
    assert len(explain(model).remedies) == 2
