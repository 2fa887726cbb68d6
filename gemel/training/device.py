"""Where the network learns: on the processor, or on a graphics card."""

import numpy as np
import torch

from gemel.errors import ConfigError
from gemel.models import SiameseModel, read

__all__ = ["choose_device"]

_CPU, _CARD = torch.device("cpu"), torch.device("cuda")
_APART = 1e-2
"""How far a card's gradients may lie from the processor's; it may round to 10 bits."""


def choose_device(setting: str) -> tuple[torch.device, str]:
    """Resolve the setting `training.device` on this machine.

    Args:
        setting: "cpu", "cuda", or "auto": a card where there is one that computes what the
            processor does.

    Returns:
        The device, and what is to be said of a card that is not taken; empty if nothing is.

    Raises:
        ConfigError: "cuda", and there is no card that computes what the processor does.
    """
    if setting == "cpu" or (setting == "auto" and not torch.cuda.is_available()):
        return _CPU, ""
    problem = _problem() if torch.cuda.is_available() else "torch finds none"
    if not problem:
        return _CARD, ""
    if setting == "cuda":
        raise ConfigError(
            f'training.device is "cuda", but no card can be used: {problem}; take "cpu", or '
            "install a torch that fits the card"
        )
    return _CPU, f"there is a graphics card, but it cannot be used: {problem}"


def _problem() -> str:
    """Take a small step on the card and on the processor; say what goes wrong, or differs."""
    try:
        apart = (_gradient(_CARD).cpu() - _gradient(_CPU)).abs().max().item()
    except (RuntimeError, AssertionError) as error:
        return str(error).partition("\n")[0]
    return "" if apart < _APART else f"its gradients differ by {apart:.3g} from the processor's"


def _gradient(device: torch.device) -> torch.Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        processor = SiameseModel(12, 8, "train", bidirectional=True).processor.to(device)
    ids = np.array([[2, 3, 4, 5], [6, 7, 8, 1], [9, 10, 1, 1], [11, 2, 3, 1]])
    left, right = read(processor, (ids,)).float().chunk(2)
    (left * right).sum().backward()
    found = [each.grad.flatten() for each in processor.parameters() if each.grad is not None]
    return torch.cat(found)
