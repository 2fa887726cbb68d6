"""Start several processes from the same training state."""

from pathlib import Path

from torch import Tensor

from gemel.errors import DataError
from gemel.training.checkpoint import Checkpoint, take_down
from gemel.training.trainer import Trainer
from gemel.training.training_identity import TrainingIdentity


def broadcast_state(trainer: Trainer, identity: TrainingIdentity) -> None:
    """Copy rank 0's training state to all processes.

    Random initialisation may differ in the last digit between machines, and only rank 0 reads the
    checkpoint.

    Raises:
        DataError: this process has other pairs, or another gemel.
        OthersGoneError: another process has failed.
    """
    ranks = trainer.ranks
    if ranks.is_alone:
        return
    ranks.wait()
    first = ranks.from_first(lambda: identity)
    changed = identity.changed_setting(first)
    if changed:
        raise DataError(
            f"this process has another gemel, or other settings, than rank 0: {changed}"
        )
    if identity.changed_data(first):
        raise DataError("this process has read other pairs, or another model, than rank 0")
    ranks.wait()
    content = ranks.from_first(lambda: _on_processor(*take_down(trainer, identity)))
    if not ranks.is_first:
        Checkpoint(Path("rank 0"), content).restore(trainer, identity)


def _on_processor(tensors: dict[str, Tensor], known: str) -> tuple[dict[str, Tensor], str]:
    return {name: tensor.cpu() for name, tensor in tensors.items()}, known
