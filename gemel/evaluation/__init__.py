"""Evaluation of scorers, and fits of decisions; independent of models."""

from gemel.evaluation.decision_fit import (
    FEW,
    Cuts,
    fit_calibration,
    fit_cuts,
    fit_decision,
    fit_share,
)
from gemel.evaluation.fit_checks import (
    FitFinding,
    Refit,
    check_decision,
    check_fit,
    check_labels,
    neighbour_similarity,
    refit,
    warn_of_findings,
)
from gemel.evaluation.judged_pairs import Judged, Score, Share, judge, judge_by_halves, judge_scored
from gemel.evaluation.metrics import BINS, Probabilities, Ranking, count_confusion, score_grouping
from gemel.evaluation.report import (
    MEANINGS,
    Figure,
    Mistake,
    Report,
    evaluate,
    in_plain_words,
    probes_in_plain_words,
)
from gemel.evaluation.robustness import (
    PERTURBATIONS,
    Effect,
    Robustness,
    measure_probes,
    measure_robustness,
)

__all__ = [
    "BINS",
    "MEANINGS",
    "PERTURBATIONS",
    "Cuts",
    "Effect",
    "FEW",
    "Figure",
    "FitFinding",
    "Judged",
    "Mistake",
    "Probabilities",
    "Ranking",
    "Refit",
    "Report",
    "Robustness",
    "Score",
    "Share",
    "check_decision",
    "check_fit",
    "check_labels",
    "count_confusion",
    "evaluate",
    "fit_calibration",
    "fit_cuts",
    "fit_decision",
    "fit_share",
    "in_plain_words",
    "judge",
    "judge_by_halves",
    "judge_scored",
    "measure_probes",
    "measure_robustness",
    "neighbour_similarity",
    "probes_in_plain_words",
    "refit",
    "score_grouping",
    "warn_of_findings",
]
