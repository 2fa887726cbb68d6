"""Choosing a decision on validation pairs: a threshold and a calibration."""

import numpy as np
from jaxtyping import Bool, Float

from gemel.config import OBJECTIVES
from gemel.data import Pairs
from gemel.decision import Decision
from gemel.errors import DataError
from gemel.evaluation.metrics import Ranking

__all__ = ["fit_calibration", "fit_decision", "fit_threshold"]


def fit_threshold(
    scores: Float[np.ndarray, "pairs"],
    labels: Bool[np.ndarray, "pairs"],
    objective: str = "accuracy",
) -> float:
    """Choose the threshold that is best on the given pairs.

    A cut lies half-way between two distinct scores, so that tied pairs stay together and a small
    change of a score changes nothing. Of equally good cuts the highest is taken.

    Args:
        scores: similarity of each pair.
        labels: whether each is a duplicate; both labels must occur.
        objective: "accuracy" or "f1".

    Raises:
        ValueError: an unknown objective.
        DataError: one label only.
    """
    if objective not in OBJECTIVES:
        raise ValueError(f"objective must be one of {', '.join(OBJECTIVES)}, not {objective!r}")
    _require_both_labels(labels)
    ranking = Ranking(scores, labels)
    positives, negatives = ranking.counts()
    if objective == "accuracy":
        value = positives - negatives
    else:
        value = 2 * positives / (positives[-1] + positives + negatives)
    best = int(np.argmax(value))
    cut_scores = ranking.scores[ranking.ends]
    if objective == "accuracy" and value[best] <= 0:
        return _above(cut_scores[0])
    if best + 1 == len(cut_scores):
        return float(cut_scores[best] - 1e-6)
    return _between(cut_scores[best + 1], cut_scores[best])


def _between(lower: np.floating, upper: np.floating) -> float:
    """Give the middle, in the scores' own precision; the upper one if nothing lies between."""
    middle = type(lower)((float(lower) + float(upper)) / 2)
    return float(middle if middle > lower else upper)


def _above(score: np.floating) -> float:
    return float(max(score + 1e-6, np.nextafter(score, type(score)(np.inf))))


def fit_calibration(
    scores: Float[np.ndarray, "pairs"], labels: Bool[np.ndarray, "pairs"]
) -> tuple[float, float]:
    """Fit probability = sigmoid(slope * score + intercept) by maximum likelihood.

    Targets are smoothed a little, so that perfectly separated labels give no infinite slope.

    Returns:
        Slope and intercept.

    Raises:
        DataError: one label only.

    Source: Platt (1999), with the Newton steps of Lin, Lin and Weng (2007).
    """
    _require_both_labels(labels)
    positives = int(labels.sum())
    negatives = len(labels) - positives
    target = np.where(labels, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    x = np.stack([scores.astype(np.float64), np.ones(len(scores))])
    beta = np.array([0.0, np.log((positives + 1) / (negatives + 1))])
    loss = _log_loss(beta @ x, target)
    for _ in range(100):
        probability = 0.5 * (1 + np.tanh(0.5 * (beta @ x)))
        gradient = x @ (probability - target)
        hessian = (x * (probability * (1 - probability))) @ x.T + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while (fresh := _log_loss((beta - size * step) @ x, target)) > loss and size > 1e-10:
            size /= 2
        beta = beta - size * step
        if loss - fresh < 1e-10 * max(1.0, loss):
            break
        loss = fresh
    return float(beta[0]), float(beta[1])


def fit_decision(
    scores: Float[np.ndarray, "pairs"], pairs: Pairs, objective: str = "accuracy"
) -> Decision:
    """Fit threshold and calibration on the same validation pairs.

    Args:
        scores: similarity of each pair.
        pairs: the pairs themselves; their digest goes into the decision.
        objective: what the threshold shall be best for.

    Raises:
        DataError: one label only.
    """
    slope, intercept = fit_calibration(scores, pairs.labels)
    return Decision(
        threshold=fit_threshold(scores, pairs.labels, objective),
        slope=slope,
        intercept=intercept,
        objective=objective,
        pairs=len(pairs),
        prevalence=pairs.prevalence,
        data=pairs.digest,
    )


def _log_loss(odds: Float[np.ndarray, "pairs"], target: Float[np.ndarray, "pairs"]) -> float:
    return float((np.logaddexp(0, odds) - target * odds).sum())


def _require_both_labels(labels: Bool[np.ndarray, "pairs"]) -> None:
    if labels.all() or not labels.any():
        found = "none" if not len(labels) else "duplicates" if labels[0] else "non-duplicates"
        raise DataError(
            f"a decision is fitted on pairs of both labels; among {len(labels)} there are "
            f"only {found}"
        )
