"""Learning from pairs; needs torch, the extra [train]."""

from gemel.training.learning import learn
from gemel.training.reporters import EpochSummary, Reporter, Silent
from gemel.training.trainer import Trainer, Validation

__all__ = ["EpochSummary", "Reporter", "Silent", "Trainer", "Validation", "learn"]
