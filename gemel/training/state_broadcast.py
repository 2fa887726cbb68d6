"""Several processes begin a training at the same place, with the same weights, or not at all."""

from pathlib import Path

from torch import Tensor

from gemel.errors import DataError
from gemel.training.checkpoint import Checkpoint, take_down
from gemel.training.trainer import Trainer
from gemel.training.training_identity import Identity


def bring_abreast(trainer: Trainer, identity: Identity) -> None:
    """Put every process's trainer where the first one's is.

    What each of them makes of the same seed may differ in the last digit where the machines do; and
    only the first one has looked for a checkpoint, so the others need not see the file.

    Args:
        trainer: this process's, of the same settings as all.
        identity: of the training as this process knows it.

    Raises:
        DataError: it is not that of the first process: other pairs, or another gemel.
        OthersGoneError: another process has failed.
    """
    ranks = trainer.ranks
    if ranks.is_alone:
        return
    ranks.meet()
    first = ranks.from_first(lambda: identity)
    changed = identity.changed_setting(first)
    if changed:
        raise DataError(
            f"this process has another gemel, or other settings, than rank 0: {changed}"
        )
    if identity.changed_data(first):
        raise DataError("this process has read other pairs, or another model, than rank 0")
    ranks.meet()
    content = ranks.from_first(lambda: _on_processor(*take_down(trainer, identity)))
    if not ranks.is_first:
        Checkpoint(Path("rank 0"), content).restore(trainer, identity)


def _on_processor(tensors: dict[str, Tensor], known: str) -> tuple[dict[str, Tensor], str]:
    return {name: tensor.cpu() for name, tensor in tensors.items()}, known
