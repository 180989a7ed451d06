from torch import nn

from cnnlab.inspection import explain
from cnnlab.inspection.pair_faults import sign_of
from tests.inspection.broken_models import Branches, Own
from tests.inspection.mending import mended, runs


def test_a_sum_of_rows_of_two_widths_is_mended_at_its_linear_layers():
    model = Own(
        lambda net, x: net.a(x.flatten(1)) + net.b(x.flatten(1)), a=nn.Linear(784, 10), b=nn.Linear(784, 20)
    )
    found = explain(model)
    assert found.headline == "x + y does not fit: it gets 10 and 20."
    assert (found.has, found.needs) == (20, 10)
    assert found.details == ("All sides must be equal.", "b makes 20.")
    assert found.remedies == ("self.b = nn.Linear(784, 10)", "self.a = nn.Linear(784, 20)")
    assert all(runs(mended(model, text)) for text in found.remedies)


def test_the_layers_behind_a_product_follow():
    model = Own(
        lambda net, x: net.head(net.a(x.flatten(1)) * net.b(x.flatten(1))),
        a=nn.Linear(784, 10),
        b=nn.Linear(784, 20),
        head=nn.Linear(10, 10),
    )
    assert explain(model).remedies == (
        "self.b = nn.Linear(784, 10)",
        "self.a = nn.Linear(784, 20), and self.head = nn.Linear(20, 10)",
    )


def test_rows_of_numbers_never_hear_of_a_convolution():
    found = explain(Own(lambda net, x: x.flatten(1) + x.flatten(1)[:, :9]))
    assert found.headline == "x + y does not fit: it gets 784 and 9."
    assert len(found.remedies) == 2
    assert not any("convolution" in text for text in found.remedies)


def test_the_second_thing_is_told_with_its_arithmetic():
    found = explain(Branches(lambda a, b: a + b))
    assert found.details[1] == "conv2 makes 20 × 22 × 22: floor((24 + 2·0 − 3)/1) + 1 = 22."


def test_operations_are_written_as_a_student_writes_them():
    assert (sign_of("mul"), sign_of("truediv"), sign_of("cat")) == ("x * y", "x / y", "torch.cat")
