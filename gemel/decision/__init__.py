"""Applying a decision; choosing one is `gemel.evaluation.decision_fit`."""

from gemel.decision.decision import ANSWERS, EVIDENCE_BINS, Decision, Evidence, Verdict

__all__ = ["ANSWERS", "Decision", "EVIDENCE_BINS", "Evidence", "Verdict"]
