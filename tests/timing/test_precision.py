"""TF32 or all 32 bits: set inside, put back afterwards; no GPU is needed to see it."""

from types import SimpleNamespace

import pytest
import torch

from cnnlab.timing import precision
from cnnlab.timing.precision import has_tf32, products_in


def now():
    return [getattr(owner, name) for owner, name, _ in precision._places("ieee")]


@pytest.mark.parametrize("kind", ["ieee", "tf32"])
def test_the_choice_holds_inside_and_is_put_back(kind):
    before = now()
    with products_in(kind):
        assert now() == [value for _, _, value in precision._places(kind)]
    assert now() == before


def test_it_is_put_back_after_an_error_too():
    before = now()
    with pytest.raises(RuntimeError, match="on purpose"), products_in("tf32"):
        raise RuntimeError("on purpose")
    assert now() == before


def test_an_older_pytorch_keeps_it_elsewhere(monkeypatch):
    monkeypatch.setattr(torch.backends, "cudnn", SimpleNamespace(allow_tf32=True))
    assert [(name, value) for _, name, value in precision._places("tf32")] == [("allow_tf32", True)] * 2


def test_a_cpu_has_no_tf32():
    assert not has_tf32("cpu")


@pytest.mark.parametrize(("capability", "found"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_gpus_have_tf32_from_ampere_on(monkeypatch, capability, found):
    monkeypatch.setattr(precision, "pick_device", lambda device: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert has_tf32("cuda") is found
