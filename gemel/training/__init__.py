"""Learning from pairs; needs torch, the extra [train]."""

from gemel.training.learning import learn
from gemel.training.reporters import EpochSummary, Reporter, Several, Silent, StepSummary
from gemel.training.run import train_to_folder
from gemel.training.trainer import Trainer, Validation

__all__ = [
    "EpochSummary",
    "Reporter",
    "Several",
    "Silent",
    "StepSummary",
    "Trainer",
    "Validation",
    "learn",
    "train_to_folder",
]
