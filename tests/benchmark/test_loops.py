"""The labs' loops: that they train, with what makes them slow."""

import pytest
import torch

from cnnlab.benchmark import lab_002_epoch, lab_004_epoch
from cnnlab.models import build


@pytest.mark.parametrize(("loop", "passes"), [(lab_002_epoch, 3), (lab_004_epoch, 1)])
def test_a_labs_loop_trains_with_its_own_number_of_forward_passes(loop, passes, few):
    torch.manual_seed(0)
    model, calls = build("cnn_320"), []
    before = model.fc2.bias.detach().clone()
    model.register_forward_hook(lambda *_: calls.append(1))
    loop(model, few.train.batches(50))
    assert len(calls) == 2 * passes
    assert not torch.equal(model.fc2.bias, before)
