"""Quality of calibrated probabilities."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

BINS = 10
"""Bins of probability, of equal width."""
_LEAST = 1e-12
"""Clipping of probabilities for the log loss."""


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Pairs with a probability in one bin."""

    low: float
    """Lower end."""
    high: float
    """Upper end; included in the last bin only."""
    weight: float
    """Sum of weights."""
    promised: float
    """Mean probability; NaN without pairs."""
    found: float
    """Share of duplicates; NaN without pairs."""


class Probabilities:
    """Probabilities with labels, for many weightings.

    Args:
        probability: probability of each pair, 0 to 1.
        labels: whether it is a duplicate.
    """

    def __init__(self, probability: Float[np.ndarray, "pairs"], labels: Bool[np.ndarray, "pairs"]):
        kept = probability.clip(_LEAST, 1 - _LEAST)
        self._losses = -np.log(np.where(labels, kept, 1 - kept))
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
        promised, found = (
            np.divide(
                np.bincount(self._bins, weights * values, BINS),
                totals,
                out=np.full(BINS, np.nan),
                where=totals > 0,
            )
            for values in (self._probability, self._labels)
        )
        return [
            Bin(low=k / BINS, high=(k + 1) / BINS, weight=weight, promised=said, found=was)
            for k, (weight, said, was) in enumerate(
                zip(totals.tolist(), promised.tolist(), found.tolist(), strict=True)
            )
        ]
