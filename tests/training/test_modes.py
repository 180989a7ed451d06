"""Whatever mode a module was in, it is in afterwards."""

import pytest
from torch import nn

from cnnlab.training.modes import keep_mode


def break_while_evaluating(model: nn.Module) -> None:
    with keep_mode(model):
        model.eval()
        raise RuntimeError("on purpose")


def test_every_module_gets_its_own_mode_back_even_after_an_error():
    model = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(3))
    model[1].eval()  # frozen on purpose
    with pytest.raises(RuntimeError, match="on purpose"):
        break_while_evaluating(model)
    assert [m.training for m in (model, model[0], model[1])] == [True, True, False]
