"""Applying a decision; choosing one is `gemel.evaluation.fitting`."""

from gemel.decision.decision import ANSWERS, Decision, Verdict

__all__ = ["ANSWERS", "Decision", "Verdict"]
