"""Applying a decision; choosing one is `gemel.evaluation.fitting`."""

from gemel.decision.decision import Decision, Verdict

__all__ = ["Decision", "Verdict"]
