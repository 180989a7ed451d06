from __future__ import annotations

import pytest
import torch

from cnnlab.device import has_bfloat16, is_out_of_memory, pick_device


def pretend(monkeypatch: pytest.MonkeyPatch, cuda: int = 0, mps: bool = False) -> None:
    """A machine with so many CUDA devices, and with or without an Apple GPU."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(0, False, "cpu"), (1, False, "cuda"), (0, True, "mps"), (2, True, "cuda")]
)
def test_auto_takes_the_fastest_device_there_is(
    monkeypatch: pytest.MonkeyPatch, cuda: int, mps: bool, expected: str
) -> None:
    pretend(monkeypatch, cuda, mps)
    assert pick_device().type == expected
    assert pick_device("auto").type == expected


def test_a_device_is_taken_as_it_is() -> None:
    assert pick_device(torch.device("cpu")) == torch.device("cpu")


def test_cuda_without_a_gpu_says_what_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch)
    with pytest.raises(ValueError, match="has no CUDA device: use device='auto' or 'cpu'"):
        pick_device("cuda")


def test_mps_without_an_apple_gpu_says_what_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch)
    with pytest.raises(ValueError, match="has no Apple GPU: use device='auto' or 'cpu'"):
        pick_device("mps")


def test_a_gpu_that_is_not_there_says_how_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, cuda=2)
    assert pick_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(ValueError, match="there are 2 CUDA devices, numbered from 0"):
        pick_device("cuda:2")


def test_an_unknown_device_suggests_the_nearest() -> None:
    with pytest.raises(ValueError, match="unknown device 'cudda': did you mean 'cuda'"):
        pick_device("cudda")


@pytest.mark.parametrize(("name", "meant"), [("gpu", "cuda"), ("GPU:0", "cuda"), ("metal", "mps")])
def test_a_gpu_is_not_taken_for_a_misspelt_cpu(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"unknown device '{name}': did you mean '{meant}'"):
        pick_device(name)


def test_a_number_that_is_none_says_how_to_write_it() -> None:
    with pytest.raises(ValueError, match="'cuda:one' is not a device: write 'cpu', 'cuda', 'cuda:0'"):
        pick_device("cuda:one")


def test_auto_has_no_number() -> None:
    with pytest.raises(ValueError, match="device='auto:1': auto takes no number: use 'auto' or 'cuda:1'"):
        pick_device("auto:1")


def test_no_device_at_all_is_said():
    with pytest.raises(
        TypeError, match=r"^device=None is no device: leave it out, or write 'auto' or 'cpu'\.$"
    ):
        pick_device(None)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"architecture": "x86_64", "avx512_bf16": True, "amx_bf16": False}, True),
        ({"architecture": "x86_64", "avx512_bf16": False, "amx_bf16": True}, True),
        ({"architecture": "x86_64", "avx512_bf16": False, "amx_bf16": False}, False),
        ({"architecture": "aarch64", "bf16": False}, False),
        ({"architecture": "aarch64", "bf16": True}, True),
        ({"architecture": "ppc64le"}, True),  # PyTorch does not say
    ],
)
def test_a_processor_says_whether_it_multiplies_bfloat16(monkeypatch, found, expected) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
    assert has_bfloat16("cpu") is expected


def test_where_pytorch_cannot_tell_bfloat16_is_taken_to_be_there(monkeypatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert has_bfloat16("cpu")


@pytest.mark.parametrize(("capability", "expected"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_a_gpu_multiplies_bfloat16_from_ampere_on(monkeypatch, capability, expected) -> None:
    pretend(monkeypatch, cuda=1)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert has_bfloat16("cuda") is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_running_out_of_memory_is_told_by_the_error_or_its_words(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected
