"""Choosing a decision on validation pairs: cuts and a calibration."""

import numpy as np
from jaxtyping import Bool, Float

from gemel.config import DecisionConfig
from gemel.data import Pairs
from gemel.decision import Decision, Evidence
from gemel.evaluation.cuts import Cuts, fit_cuts
from gemel.evaluation.prior import prior_weights

FEW = 500
"""Of fewer pairs than this, the cut with the most right verdicts is a matter of luck."""
_IDENTICAL = 1.0
"""Similarity of a question with itself; no cut lies above it."""


def fit_decision(
    scores: Float[np.ndarray, "pairs"],
    pairs: Pairs,
    settings: DecisionConfig | None = None,
    *,
    steady: bool = False,
) -> Decision:
    """Fit cuts and calibration on the same validation pairs.

    Args:
        scores: similarity of each pair.
        pairs: the pairs themselves; their digest goes into the decision.
        settings: objective and prevalence; the defaults if None.
        steady: whether the cut best for accuracy is to be the one where, by the calibration, a pair
            is as likely the same as not: on few pairs it hangs less on single ones.

    Raises:
        DataError: one label only.
    """
    pairs.require_both_labels(
        "pairs to fit a decision on", "; decide more pairs (gemel review), or take others"
    )
    settings = settings or DecisionConfig()
    cuts = fit_cuts(scores, pairs.labels, settings)
    slope, intercept = fit_calibration(scores, pairs.labels, settings.prevalence)
    if steady and settings.objective == "accuracy" and slope > 0:
        half = max(-intercept / slope, -_IDENTICAL)
        cuts = Cuts(lower=half, threshold=half, upper=half)
    return Decision(
        threshold=min(cuts.threshold, _IDENTICAL),
        lower=min(cuts.lower, _IDENTICAL),
        upper=min(cuts.upper, _IDENTICAL),
        slope=slope,
        intercept=intercept,
        settings=settings,
        pairs=len(pairs),
        prevalence=settings.prevalence or pairs.prevalence,
        data=pairs.digest,
        evidence=Evidence.of(scores, pairs.labels),
    )


def fit_calibration(
    scores: Float[np.ndarray, "pairs"],
    labels: Bool[np.ndarray, "pairs"],
    prevalence: float = 0.0,
) -> tuple[float, float]:
    """Fit probability = sigmoid(slope * score + intercept) by maximum likelihood.

    Targets are smoothed a little, so that perfectly separated labels give no infinite slope.

    Args:
        scores: similarity of each pair.
        labels: whether each is a duplicate; both labels must occur.
        prevalence: share of duplicates that the probabilities shall hold for; 0: that of the
            labels.

    Returns:
        Slope and intercept.

    Source: Platt (1999), with the Newton steps of Lin, Lin and Weng (2007).
    """
    weights = prior_weights(labels, prevalence)
    positives = int(labels.sum())
    negatives = len(labels) - positives
    target = np.where(labels, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    x = np.stack([scores.astype(np.float64), np.ones(len(scores))])
    beta = np.array([0.0, np.log((positives + 1) / (negatives + 1))])
    loss = _log_loss(beta @ x, target, weights)
    for _ in range(100):
        probability = 0.5 * (1 + np.tanh(0.5 * (beta @ x)))
        gradient = x @ (weights * (probability - target))
        hessian = (x * (weights * probability * (1 - probability))) @ x.T + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while (fresh := _log_loss((beta - size * step) @ x, target, weights)) > loss:
            size /= 2
            if size < 1e-10:
                break
        beta = beta - size * step
        if loss - fresh < 1e-10 * max(1.0, loss):
            break
        loss = fresh
    return float(beta[0]), float(beta[1])


def _log_loss(
    odds: Float[np.ndarray, "pairs"],
    target: Float[np.ndarray, "pairs"],
    weights: Float[np.ndarray, "pairs"],
) -> float:
    return float((weights * (np.logaddexp(0, odds) - target * odds)).sum())
