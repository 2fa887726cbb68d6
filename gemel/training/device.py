"""Device and precision of a training."""

import numpy as np
import torch

from gemel.errors import ConfigError
from gemel.models import SiameseModel, read
from gemel.training.ranks import Ranks


def uses_bfloat16(precision: str, device: torch.device, *, is_exact: bool = False) -> bool:
    """Resolve the setting `training.precision`.

    "auto": bfloat16 where the device supports it, unless Trax's numbers are promised (`is_exact`).
    """
    if precision != "auto" or is_exact:
        return precision == "bfloat16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # A private name; without it training is slower, and its result the same.
    is_supported = getattr(torch.cpu, "_is_avx512_bf16_supported", bool)
    return bool(is_supported())


_CPU, _CARD = torch.device("cpu"), torch.device("cuda")
_TOLERANCE = 1e-2
"""Between gradients on GPU and CPU; a GPU may round to 10 bits."""


def choose_device(setting: str, ranks: Ranks | None = None) -> tuple[torch.device, str]:
    """Resolve the setting `training.device`: "auto" is a GPU if it computes what the CPU does.

    Of several processes each has its own GPU, or none has one.

    Returns:
        The device, and why a GPU is not used; empty if one is, or there is none.

    Raises:
        ConfigError: "cuda" without a working GPU, or with fewer than processes.
        OthersGoneError: another process has failed.
    """
    ranks = ranks or Ranks()
    device, problem = _of_this_process(setting, ranks)
    ranks.wait()
    if ranks.any(device.type == "cpu") and device.type != "cpu":
        device, problem = _CPU, "another process of this training has no card that it can use"
    ranks.use(device)
    return device, problem


def _of_this_process(setting: str, ranks: Ranks) -> tuple[torch.device, str]:
    if setting == "cpu" or (setting == "auto" and not torch.cuda.is_available()):
        return _CPU, ""
    card = _CARD if ranks.is_alone else torch.device("cuda", ranks.local_rank)
    problem = _problem(card, ranks)
    if not problem:
        return card, ""
    if setting == "cuda":
        raise ConfigError(
            f'training.device is "cuda", but no card can be used: {problem}; take "cpu", or '
            "install a torch that fits the card"
        )
    return _CPU, f"there is a graphics card, but it cannot be used: {problem}"


def _problem(card: torch.device, ranks: Ranks) -> str:
    """Compare a small step on GPU and CPU; describe the difference, if any."""
    if not torch.cuda.is_available():
        return "torch finds none"
    if not ranks.is_alone and ranks.local_count > torch.cuda.device_count():
        return f"{ranks.local_count} processes are to share {torch.cuda.device_count()}"
    try:
        difference = (_gradient(card).cpu() - _gradient(_CPU)).abs().max().item()
    except (RuntimeError, AssertionError) as error:
        return str(error).partition("\n")[0]
    return (
        ""
        if difference < _TOLERANCE
        else f"its gradients differ by {difference:.3g} from the processor's"
    )


def _gradient(device: torch.device) -> torch.Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        processor = SiameseModel(12, 8, "train", bidirectional=True).processor.to(device)
    ids = np.array([[2, 3, 4, 5], [6, 7, 8, 1], [9, 10, 1, 1], [11, 2, 3, 1]])
    left, right = read(processor, (ids,)).float().chunk(2)
    (left * right).sum().backward()
    found = [each.grad.flatten() for each in processor.parameters() if each.grad is not None]
    return torch.cat(found)
