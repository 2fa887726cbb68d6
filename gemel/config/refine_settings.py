"""Settings: what changes where few pairs are learned on top of a model."""

REFINING = (
    "training.epochs=10",
    "training.learning_rate=0.001",
    "training.batch_size=32",
    "training.keep=last",
    "training.contrasts=0",
    "decision.prevalence=0",
)
"""Assignments to the model's own settings, so that a few pairs teach it and cost it little; see
docs/review.md."""
