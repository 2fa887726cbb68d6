"""What a model folder gives of a training."""

import dataclasses
from typing import Any

from gemel.data import Pairs
from gemel.folder import Model
from gemel.training.trainer import Trainer


def data_record(
    pairs: Pairs, training: Pairs, validation: Pairs, start: Model | None
) -> dict[str, Any]:
    """Report which pairs a model trained on, and those that it went on from.

    Args:
        pairs: all that were given.
        training: those it trained on.
        validation: those its decision was fitted on.
        start: the model that it went on from, if there is one.
    """
    before = start.training if start else {}
    return {
        "data": pairs.digest,
        "earlier_data": [*before.get("earlier_data", []), before["data"]] if start else [],
        "pairs": len(pairs),
        "training_pairs": len(training),
        "training_duplicates": int(training.labels.sum()),
        "validation_pairs": len(validation),
    }


def history_record(trainer: Trainer) -> dict[str, Any]:
    """Report how a training went."""
    state = trainer.state
    kept = trainer.kept_epoch
    return {
        "seed": trainer.settings.seed,
        "precision": "bfloat16" if trainer.bfloat16 else "float32",
        "kept_epoch": kept.epoch,
        "validation_average_precision": kept.validation_average_precision,
        "mean_similarity": kept.mean_similarity,
        "epochs": [dataclasses.asdict(summary) for summary in state.history],
        "loss_every": state.curve.stride,
        "losses": state.curve.losses,
    }
