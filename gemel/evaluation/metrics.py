"""Metrics of scores, verdicts, probabilities and groups, with weights for fast bootstraps."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Int64

from gemel.data import PairGraph


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
    counts = np.bincount(2 * labels + verdicts, weights=weights, minlength=4).astype(float)
    names = ("true_negatives", "false_positives", "false_negatives", "true_positives")
    return Confusion(**dict(zip(names, counts.tolist(), strict=True)))


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


BINS = 10
"""Bins of probability, of equal width."""
_LEAST = 1e-12
"""Clipping of probabilities for the log loss."""


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Pairs with a probability in one bin."""

    low: float
    high: float
    """Upper end; included in the last bin only."""
    weight: float
    """Sum of weights."""
    promised: float
    """Mean probability; NaN without pairs."""
    found: float
    """Share of duplicates; NaN without pairs."""


class Probabilities:
    """Calibrated probabilities with labels, for many weightings.

    Args:
        probability: probability of each pair, 0 to 1.
        labels: whether it is a duplicate.
    """

    def __init__(self, probability: Float[np.ndarray, "pairs"], labels: Bool[np.ndarray, "pairs"]):
        clipped = probability.clip(_LEAST, 1 - _LEAST)
        self._losses = -np.log(np.where(labels, clipped, 1 - clipped))
        self._squares = np.square(probability - labels)
        self._bins = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
        self._probability = probability
        self._labels = labels.astype(np.float64)

    def log_loss(self, weights: Float[np.ndarray, "pairs"]) -> float:
        """Return the mean negative log-likelihood, natural logarithm."""
        return float(weights @ self._losses / weights.sum())

    def brier(self, weights: Float[np.ndarray, "pairs"]) -> float:
        """Return the mean squared difference of probability and label."""
        return float(weights @ self._squares / weights.sum())

    def ece(self, weights: Float[np.ndarray, "pairs"]) -> float:
        """Return the expected calibration error.

        Source: Naeini et al. (2015), with ten bins of equal width.
        """
        gap = np.bincount(self._bins, weights * (self._probability - self._labels), BINS)
        return float(np.abs(gap).sum() / weights.sum())

    def bins(self, weights: Float[np.ndarray, "pairs"]) -> list[Bin]:
        """Return all bins, lowest first."""
        totals = np.bincount(self._bins, weights, BINS)
        with np.errstate(invalid="ignore"):
            promised, found = (
                (np.bincount(self._bins, weights * values, BINS) / totals).tolist()
                for values in (self._probability, self._labels)
            )
        return [
            Bin(
                low=k / BINS,
                high=(k + 1) / BINS,
                weight=weight,
                promised=promised[k],
                found=found[k],
            )
            for k, weight in enumerate(totals.tolist())
        ]


_LARGEST = 0.05
"""Share of the pairs above which a component is sampled pair by pair."""


class Resampler:
    """Bootstrap: samples connected components with replacement.

    Pairs that share a question are dependent: sampled one by one they would make intervals too
    narrow. A component above 5 % of the pairs is sampled pair by pair.

    Args:
        graph: questions and their links.
        seed: random seed.

    Source: Field and Welsh, "Bootstrapping clustered data" (2007).
    """

    def __init__(self, graph: PairGraph, seed: int):
        component = graph.components[graph.left]
        pairs = len(component)
        sizes = np.bincount(component, minlength=1)
        alone = sizes[component] > max(_LARGEST * pairs, 1)
        units = np.where(alone, len(sizes) + np.arange(pairs), component)
        _, self._unit_of = np.unique(units, return_inverse=True)
        self._units = int(self._unit_of.max(initial=-1)) + 1
        self._random = np.random.default_rng(seed)

    def draw(self) -> Float[np.ndarray, "pairs"]:
        """Return the number of times each pair was sampled."""
        drawn = self._random.integers(self._units, size=self._units)
        counts = np.bincount(drawn, minlength=self._units).astype(np.float64)
        times: Float[np.ndarray, "pairs"] = counts[self._unit_of]
        return times


def interval(values: Float[np.ndarray, "rounds"], level: float = 0.95) -> tuple[float, float]:
    """Return the central interval of bootstrap values, without NaN."""
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@dataclass(frozen=True, kw_only=True)
class GroupingScores:
    """Agreement of groups and true groups."""

    pairs: Confusion
    """Over all pairs of rows: in one group, and truly so."""
    bcubed_precision: float
    """Share of a row's group that truly belongs to it, itself included; mean over rows."""
    bcubed_recall: float
    """Share of a row's true group that is in its group, itself included; mean over rows."""

    @property
    def bcubed_f1(self) -> float:
        """Harmonic mean of the two; 0 without rows."""
        both = self.bcubed_precision + self.bcubed_recall
        return _ratio(2 * self.bcubed_precision * self.bcubed_recall, both)


def score_grouping(
    groups: Int[np.ndarray, "rows"], true_groups: Int[np.ndarray, "rows"]
) -> GroupingScores:
    """Compare the group numbers of rows with true ones.

    Source: B-cubed, Bagga and Baldwin 1998; both compared by Amigó et al. 2009.
    """
    rows = len(groups)
    _, found, found_sizes = np.unique(groups, return_inverse=True, return_counts=True)
    _, true, true_sizes = np.unique(true_groups, return_inverse=True, return_counts=True)
    cells, shared = np.unique(found * len(true_sizes) + true, return_counts=True)
    found_in, true_in = np.divmod(cells, max(len(true_sizes), 1))
    joined, together, both = map(_pairs, (found_sizes, true_sizes, shared))
    return GroupingScores(
        pairs=Confusion(
            true_positives=both,
            false_positives=joined - both,
            false_negatives=together - both,
            true_negatives=rows * (rows - 1) / 2 - joined - together + both,
        ),
        bcubed_precision=float((shared**2 / found_sizes[found_in]).sum() / max(rows, 1)),
        bcubed_recall=float((shared**2 / true_sizes[true_in]).sum() / max(rows, 1)),
    )


def _pairs(sizes: Int64[np.ndarray, "groups"]) -> float:
    """Count the pairs within groups of these sizes."""
    return float((sizes * (sizes - 1) // 2).sum())
