import pytest
import torch
import torch.nn.functional as F

from cnnlab.arithmetic import ReceptiveField

STACKS = [  # layers of (k, s, p, d)
    [(5, 1, 0, 1)],
    [(5, 1, 0, 1), (2, 2, 0, 1), (5, 1, 0, 1), (2, 2, 0, 1)],
    [(5, 1, 2, 1), (2, 2, 0, 1), (5, 1, 2, 1), (2, 2, 0, 1)],
    [(3, 2, 1, 1), (3, 1, 1, 2), (4, 3, 1, 1)],
]


@pytest.mark.parametrize("stack", STACKS)
def test_a_receptive_field_holds_exactly_the_pixels_with_a_gradient(stack):
    field, image = ReceptiveField(), torch.ones(1, 1, 60, requires_grad=True)
    x = image
    for k, s, p, d in stack:
        field = field.after(k, s, p, d)
        x = F.conv1d(x, torch.ones(1, 1, k), stride=s, padding=p, dilation=d)
    for unit in range(x.shape[-1]):
        (gradient,) = torch.autograd.grad(x[0, 0, unit], image, retain_graph=True)
        seen = gradient[0, 0].nonzero().flatten().tolist()
        inside = [i for i in field.pixels(unit) if 0 <= i < 60]
        assert (seen[0], seen[-1]) == (inside[0], inside[-1])


def test_the_last_map_of_the_320_network_sees_16_pixels_every_4():
    field = ReceptiveField()
    for k, s in [(5, 1), (2, 2), (5, 1), (2, 2)]:
        field = field.after(k, s)
    assert field == ReceptiveField(size=16, jump=4, start=8.0)


def test_padding_moves_the_first_field_over_the_edge():
    assert ReceptiveField().after(k=5, p=2) == ReceptiveField(size=5, jump=1, start=0.5)
    assert ReceptiveField().after(k=5, p=2).pixels(0) == range(-2, 3)


def test_a_receptive_field_refuses_half_pixels():
    with pytest.raises(TypeError, match=r"k=2\.5 is not a whole number"):
        ReceptiveField().after(k=2.5)
