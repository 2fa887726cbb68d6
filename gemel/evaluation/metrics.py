"""Metrics of scores and verdicts against labels, with weights for fast bootstraps."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Verdicts against labels; weighted counts if pairs have weights."""

    true_positives: float
    false_positives: float
    false_negatives: float
    true_negatives: float

    @property
    def accuracy(self) -> float:
        """Share of right verdicts."""
        right = self.true_positives + self.true_negatives
        return _ratio(right, right + self.false_positives + self.false_negatives)

    @property
    def precision(self) -> float:
        """Share of duplicates among pairs called duplicates; 0 if there are none."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        """Share of duplicates that were found; 0 if there are none."""
        return _ratio(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 if both are 0."""
        twice = 2 * self.true_positives
        return _ratio(twice, twice + self.false_positives + self.false_negatives)

    @property
    def mcc(self) -> float:
        """Matthews' correlation, -1 to 1; 0 if verdicts or labels are all equal."""
        right = self.true_positives * self.true_negatives
        wrong = self.false_positives * self.false_negatives
        called = self.true_positives + self.false_positives
        others = self.true_negatives + self.false_negatives
        duplicates = self.true_positives + self.false_negatives
        rest = self.true_negatives + self.false_positives
        return _ratio(right - wrong, math.sqrt(called * others * duplicates * rest))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def count_confusion(
    verdicts: Bool[np.ndarray, "pairs"],
    labels: Bool[np.ndarray, "pairs"],
    weights: Float[np.ndarray, "pairs"] | None = None,
) -> Confusion:
    """Count verdicts against labels."""
    counts = np.bincount(2 * labels + verdicts, weights=weights, minlength=4).astype(float).tolist()
    return Confusion(
        true_negatives=counts[0],
        false_positives=counts[1],
        false_negatives=counts[2],
        true_positives=counts[3],
    )


class Ranking:
    """Pairs sorted by score, for metrics over all thresholds; ties count as one threshold.

    Args:
        scores: higher is more similar.
        labels: whether each pair is a duplicate.
    """

    def __init__(self, scores: Float[np.ndarray, "pairs"], labels: Bool[np.ndarray, "pairs"]):
        self.order = np.argsort(-scores, kind="stable")
        self.scores = scores[self.order]
        self.labels = labels[self.order]
        self.ends = np.append(np.flatnonzero(np.diff(self.scores)), len(scores) - 1)

    def counts(
        self, weights: Float[np.ndarray, "pairs"] | None = None
    ) -> tuple[Float[np.ndarray, "cuts"], Float[np.ndarray, "cuts"]]:
        """Return duplicates and other pairs at or above each distinct score, descending."""
        ones = np.ones(len(self.labels)) if weights is None else weights[self.order]
        positives = np.cumsum(ones * self.labels)[self.ends]
        return positives, np.cumsum(ones)[self.ends] - positives

    def average_precision(self, weights: Float[np.ndarray, "pairs"] | None = None) -> float:
        """Return average precision; NaN without duplicates.

        Source: the step-wise definition, as in scikit-learn's `average_precision_score`.
        """
        positives, negatives = self.counts(weights)
        if not positives[-1]:
            return float("nan")
        gained = np.diff(positives, prepend=0)
        precision = positives / np.maximum(positives + negatives, np.finfo(float).tiny)
        return float((gained * precision).sum() / positives[-1])

    def roc_auc(self, weights: Float[np.ndarray, "pairs"] | None = None) -> float:
        """Return the area under the ROC curve; NaN with one label."""
        positives, negatives = self.counts(weights)
        if not (positives[-1] and negatives[-1]):
            return float("nan")
        before = np.concatenate([[0.0], positives[:-1]])
        area = (np.diff(negatives, prepend=0) * (before + positives) / 2).sum()
        return float(area / (positives[-1] * negatives[-1]))


def interval(values: Float[np.ndarray, "rounds"], level: float = 0.95) -> tuple[float, float]:
    """Return the central interval of bootstrap values, without NaN."""
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
