"""Whether a network ends in logits is seen from its numbers."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cnnlab.checks.logits import must_be_logits, only_shifted
from cnnlab.checks.verdict import Wrong
from cnnlab.checks.watching import watch
from tests.checks.nets import sequential


def test_a_bias_shifts_all_rows_by_the_same_numbers() -> None:
    z = torch.randn(16, 10)
    assert only_shifted(z + torch.arange(10), z)
    assert not only_shifted(z + torch.arange(16)[:, None], z)


def test_logits_pass_and_log_softmax_only_where_it_may() -> None:
    must_be_logits(watch(sequential().eval()))
    must_be_logits(watch(sequential(nn.LogSoftmax(dim=1)).eval()), log_softmax_too=True)
    with pytest.raises(Wrong, match="It ends in log-softmax"):
        must_be_logits(watch(sequential(nn.LogSoftmax(dim=1)).eval()))


@pytest.mark.parametrize("log_softmax_too", [False, True])
def test_log_softmax_over_the_images_is_no_bias(log_softmax_too: bool) -> None:
    with pytest.raises(Wrong, match="log-softmax over the images"):
        must_be_logits(watch(sequential(nn.LogSoftmax(dim=0)).eval()), log_softmax_too)
