"""Whatever mode a module was in, it is in afterwards."""

import pytest
import torch
from torch import nn

from cnnlab.training.modes import keep_mode, on_device


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


class Traveller(nn.Linear):
    """Notes where it is sent, so that no second device is needed."""

    def __init__(self) -> None:
        super().__init__(1, 1)
        self.sent: list[str] = []

    def to(self, device):  # type: ignore[override]
        self.sent.append(str(device))
        return self


def test_a_model_comes_back_from_the_device_even_after_an_error():
    model = Traveller()
    with pytest.raises(RuntimeError, match="on purpose"), on_device(model, torch.device("cuda")):
        raise RuntimeError("on purpose")
    assert model.sent == ["cuda", "cpu"]


def test_a_model_without_weights_may_go_anywhere():
    with on_device(nn.Flatten(), torch.device("cpu")):
        pass


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_weights_are_on_the_gpu_inside_and_on_the_cpu_afterwards():
    model = nn.Linear(1, 1)
    with on_device(model, torch.device("cuda")):
        assert model.weight.is_cuda
    assert not model.weight.is_cuda
