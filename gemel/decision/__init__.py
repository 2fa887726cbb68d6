"""Applying a decision; choosing one is `gemel.evaluation.decision_fit`."""

from gemel.decision.decision import ANSWERS, Decision, Verdict
from gemel.decision.evidence import EVIDENCE_BINS, Evidence

__all__ = ["ANSWERS", "Decision", "EVIDENCE_BINS", "Evidence", "Verdict"]
