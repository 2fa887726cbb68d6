"""Training from pairs; needs torch, the extra [train]."""

from gemel.training.ranks import Ranks, joined
from gemel.training.refinement import Refined, refine, refine_to_folder
from gemel.training.reporters import (
    EpochSummary,
    Reporter,
    Several,
    Silent,
    StepSummary,
    WarningReporter,
)
from gemel.training.train_model import learn, train_to_folder
from gemel.training.trainer import Trainer, Validation

__all__ = [
    "EpochSummary",
    "Ranks",
    "Refined",
    "Reporter",
    "Several",
    "Silent",
    "StepSummary",
    "Trainer",
    "Validation",
    "WarningReporter",
    "joined",
    "learn",
    "refine",
    "refine_to_folder",
    "train_to_folder",
]
