"""Fit a decision on validation pairs: thresholds, calibration, weight of a second score."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from gemel.config import DecisionConfig
from gemel.data import Pairs
from gemel.decision import Decision, Evidence
from gemel.evaluation.metrics import Ranking


def prior_weights(
    labels: Bool[np.ndarray, "pairs"],
    prevalence: float,
    times: Float[np.ndarray, "pairs"] | None = None,
) -> Float[np.ndarray, "pairs"]:
    """Return weights, 1 on average, that give duplicates the share `prevalence`; 0: all are 1.

    Args:
        labels: whether each pair is a duplicate.
        prevalence: the share, below 1.
        times: multiplicity of each pair; 1 if None.

    Raises:
        ValueError: an invalid share.

    Source: prior shift, as in Elkan, "The foundations of cost-sensitive learning" (2001).
    """
    if not 0 <= prevalence < 1:
        raise ValueError(f"prevalence must be at least 0 and below 1, not {prevalence}")
    found = float(np.average(labels, weights=times)) if prevalence else 0.0
    if not 0 < found < 1:  # a resample of one label only has no other to weigh
        return np.ones(len(labels))
    return np.where(labels, prevalence / found, (1 - prevalence) / (1 - found))


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """Three ascending similarities."""

    lower: float
    """Minimum for "ask a person"."""
    threshold: float
    """Minimum for a duplicate."""
    upper: float
    """Minimum for "the same" without asking."""


def fit_cuts(
    scores: Float[np.ndarray, "pairs"], labels: Bool[np.ndarray, "pairs"], settings: DecisionConfig
) -> Cuts:
    """Choose the best cuts on pairs.

    A cut is half-way between two distinct scores, so tied pairs stay together. Of equally good cuts
    the highest is taken. If no cut has the required precision, `upper` and `threshold` are above
    all scores. For "accuracy" and "f1" the three cuts are equal. Both labels must occur.
    """
    ranking = Ranking(scores, labels)
    # Number k of each array is what the k highest distinct scores have caught.
    positives, negatives = (
        np.concatenate([[0.0], caught])
        for caught in ranking.counts(prior_weights(labels, settings.prevalence))
    )
    if settings.objective == "precision":
        places = _by_precision(positives, negatives, settings.precision)
    elif settings.objective == "costs":
        places = _by_costs(positives, negatives, settings)
    elif settings.objective == "f1":
        f1 = 2 * positives / (positives[-1] + positives + negatives)
        places = (int(np.argmax(f1)),) * 3
    else:
        places = (int(np.argmax(positives - negatives)),) * 3
    distinct = ranking.scores[ranking.ends]
    upper, threshold, lower = (_cut(distinct, place) for place in places)
    return Cuts(lower=lower, threshold=threshold, upper=upper)


def _by_precision(
    positives: Float[np.ndarray, "cuts"], negatives: Float[np.ndarray, "cuts"], precision: float
) -> tuple[int, int, int]:
    """Maximise the pairs called the same, and not the same, at a given precision."""
    upper = int(np.argmax(np.where(_share(positives, negatives) >= precision, positives, -1)))
    left_positives, left_negatives = positives[-1] - positives, negatives[-1] - negatives
    right = _share(left_negatives, left_positives) >= precision
    lower = upper + int(np.argmax(right[upper:]))
    return upper, upper, lower


def _share(part: Float[np.ndarray, "cuts"], rest: Float[np.ndarray, "cuts"]) -> Any:
    """Return part / (part + rest); 1 if both are 0."""
    whole = part + rest
    return np.divide(part, whole, out=np.ones_like(whole), where=whole > 0)


def _by_costs(
    positives: Float[np.ndarray, "cuts"],
    negatives: Float[np.ndarray, "cuts"],
    settings: DecisionConfig,
) -> tuple[int, int, int]:
    """Minimise costs: above `upper` of negatives, below `lower` of positives, between of reviews.

    The sum separates into terms of either cut, so all pairs of cuts are tried in one pass.
    """
    review = settings.review_cost * (positives + negatives)
    above = settings.false_positive_cost * negatives - review
    below = review - settings.false_negative_cost * positives
    lower = int(np.argmin(np.minimum.accumulate(above) + below))
    upper = int(np.argmin(above[: lower + 1]))
    threshold = upper + int(np.argmin((above + below)[upper : lower + 1]))
    return upper, threshold, lower


def _cut(distinct: Float[np.ndarray, "scores"], place: int) -> float:
    """Return the cut after so many distinct scores in descending order."""
    if place == 0:
        top = distinct[0]
        return float(max(top + 1e-6, np.nextafter(top, type(top)(np.inf))))
    if place == len(distinct):
        return float(distinct[-1] - 1e-6)
    lower, upper = distinct[place], distinct[place - 1]
    # The middle in the scores' own precision; the upper one if nothing is between.
    middle = type(lower)((float(lower) + float(upper)) / 2)
    return float(middle if middle > lower else upper)


FEW = 500
"""Below this number of pairs, the cut with the most right verdicts is unreliable."""
_IDENTICAL = 1.0
"""Similarity of copies; no cut is above it."""


def fit_decision(
    scores: Float[np.ndarray, "pairs"],
    pairs: Pairs,
    settings: DecisionConfig | None = None,
    *,
    steady: bool = False,
) -> Decision:
    """Fit cuts and calibration on validation pairs.

    Args:
        scores: similarity of each pair.
        pairs: the pairs.
        settings: objective and prevalence; the defaults if None.
        steady: for accuracy, cut at a calibrated probability of one half, which is more stable on
            few pairs.

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
    scores: Float[np.ndarray, "pairs"], labels: Bool[np.ndarray, "pairs"], prevalence: float = 0.0
) -> tuple[float, float]:
    """Fit probability = sigmoid(slope * score + intercept) by maximum likelihood.

    Targets are smoothed, so that separated labels give a finite slope.

    Args:
        scores: similarity of each pair.
        labels: whether each is a duplicate; both labels must occur.
        prevalence: share of duplicates of the probabilities; 0: that of the labels.

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


_SHARES = np.linspace(0, 0.95, 20)


def fit_share(
    first: Float[np.ndarray, "pairs"],
    second: Float[np.ndarray, "pairs"],
    labels: Bool[np.ndarray, "pairs"],
) -> float:
    """Return the share of the second score in (1 - share) * first + share * second.

    The mean of twenty shares, weighted by the calibrated likelihood of the pairs; few pairs leave
    it close to the middle. Both labels must occur.
    """
    evidence = np.array(
        [_log_likelihood(first + share * (second - first), labels) for share in _SHARES]
    )
    worth = np.exp(evidence - evidence.max())
    return float(_SHARES @ worth / worth.sum())


def _log_likelihood(scores: Float[np.ndarray, "pairs"], labels: Bool[np.ndarray, "pairs"]) -> float:
    slope, intercept = fit_calibration(scores, labels)
    odds = slope * scores.astype(np.float64) + intercept
    return float((labels * odds - np.logaddexp(0, odds)).sum())
