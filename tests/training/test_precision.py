import pytest
import torch

from gemel.training.device import uses_bfloat16

CPU = torch.device("cpu")


def test_what_is_asked_for_is_given():
    assert uses_bfloat16("bfloat16", CPU)
    assert not uses_bfloat16("float32", CPU)


@pytest.mark.parametrize("supported", [True, False])
def test_auto_asks_the_processor(monkeypatch, supported):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: supported)
    assert uses_bfloat16("auto", CPU) == supported


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_auto_never_reduces_what_is_promised_to_be_exact(monkeypatch, device):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert uses_bfloat16("auto", torch.device(device))
    assert not uses_bfloat16("auto", torch.device(device), is_exact=True)
    assert uses_bfloat16("bfloat16", torch.device(device), is_exact=True)


def test_auto_on_a_torch_that_cannot_tell(monkeypatch):
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")
    assert not uses_bfloat16("auto", CPU)
