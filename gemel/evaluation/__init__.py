"""How good a scorer is, and which decision suits it; knows no model."""

from gemel.evaluation.evaluator import Figure, Report, Score, evaluate, evaluate_by_halves
from gemel.evaluation.fitting import fit_calibration, fit_decision, fit_threshold
from gemel.evaluation.metrics import Confusion, Ranking, count_confusion

__all__ = [
    "Confusion",
    "Figure",
    "Ranking",
    "Report",
    "Score",
    "count_confusion",
    "evaluate",
    "evaluate_by_halves",
    "fit_calibration",
    "fit_decision",
    "fit_threshold",
]
