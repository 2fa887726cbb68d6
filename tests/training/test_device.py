import pytest
import torch

from gemel.errors import ConfigError
from gemel.training import device as module
from gemel.training.device import choose_device

CPU = torch.device("cpu")


@pytest.fixture
def says_there_is_a_card(monkeypatch):
    """A torch that finds a card which cannot be used, as with one too old or too new for it."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


def test_the_processor_can_be_asked_for(says_there_is_a_card):
    assert choose_device("cpu") == (CPU, "")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
def test_without_a_card_nothing_is_reported():
    assert choose_device("auto") == (CPU, "")
    with pytest.raises(ConfigError, match="no card can be used: torch finds none; take"):
        choose_device("cuda")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card")
def test_a_card_that_fails_is_left_alone(says_there_is_a_card):
    device, problem = choose_device("auto")
    assert device == CPU
    assert problem.startswith("there is a graphics card, but it cannot be used: ")
    assert "\n" not in problem
    with pytest.raises(ConfigError, match='device is "cuda", but no card can be used'):
        choose_device("cuda")


def test_a_card_that_computes_something_else_is_left_alone(says_there_is_a_card, monkeypatch):
    gradient, wrong = module._gradient(CPU), [0.02, 0.0]
    monkeypatch.setattr(module, "_CARD", CPU)
    monkeypatch.setattr(module, "_gradient", lambda _: gradient + wrong.pop())
    device, problem = choose_device("auto")
    assert device == CPU
    assert "its gradients differ by 0.02 from the processor's" in problem


def test_a_card_that_computes_the_same_is_taken(says_there_is_a_card, monkeypatch):
    monkeypatch.setattr(module, "_CARD", CPU)
    assert choose_device("auto") == (CPU, "")
    assert choose_device("cuda") == (CPU, "")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a card")
def test_a_card_here_computes_what_the_processor_does():
    assert choose_device("cuda") == (torch.device("cuda"), "")
