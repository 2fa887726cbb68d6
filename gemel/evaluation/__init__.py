"""Evaluation of scorers, and fits of decisions; independent of models."""

from gemel.evaluation.calibration import BINS, Bin, Probabilities
from gemel.evaluation.decision_fit import (
    FEW,
    Cuts,
    fit_calibration,
    fit_cuts,
    fit_decision,
    fit_share,
)
from gemel.evaluation.evaluator import evaluate
from gemel.evaluation.fit_checks import (
    FitFinding,
    check_decision,
    check_fit,
    check_labels,
    neighbour_similarity,
    warn_of_findings,
)
from gemel.evaluation.grouping_scores import GroupingScores, score_grouping
from gemel.evaluation.judged_pairs import Judged, Score, Share, judge, judge_by_halves, judge_scored
from gemel.evaluation.metrics import Confusion, Ranking, count_confusion
from gemel.evaluation.perturbations import PERTURBATIONS, Perturbation
from gemel.evaluation.probes import ProbeKind, ProbeSet, measure_probes
from gemel.evaluation.refit_report import Refit, refit
from gemel.evaluation.report import (
    MEANINGS,
    BaselineResult,
    Figure,
    Mistake,
    Report,
    in_plain_words,
    probes_in_plain_words,
)
from gemel.evaluation.robustness import (
    Effect,
    IdenticalQuestions,
    Robustness,
    Symmetry,
    measure_robustness,
)

__all__ = [
    "BINS",
    "MEANINGS",
    "PERTURBATIONS",
    "BaselineResult",
    "Bin",
    "Confusion",
    "Cuts",
    "Effect",
    "FEW",
    "Figure",
    "FitFinding",
    "GroupingScores",
    "IdenticalQuestions",
    "Judged",
    "Mistake",
    "Perturbation",
    "Probabilities",
    "ProbeKind",
    "ProbeSet",
    "Ranking",
    "Refit",
    "Report",
    "Robustness",
    "Score",
    "Share",
    "Symmetry",
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
