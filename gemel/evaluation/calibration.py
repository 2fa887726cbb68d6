"""What calibrated probabilities are worth against labels."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

BINS = 10
"""Ranges of probability, equally wide, in which promised and found shares are compared."""
_LEAST = 1e-12
"""How near to 0 and 1 a probability may come before a wrong one costs no more."""


@dataclass(frozen=True, kw_only=True)
class Bin:
    """The pairs whose probability is in one range."""

    low: float
    """Where the range begins."""
    high: float
    """Where it ends; only the last one holds its end."""
    weight: float
    """Of the pairs in it, in sum."""
    promised: float
    """Their mean probability; NaN without pairs."""
    found: float
    """Share of them that are duplicates; NaN without pairs."""


class Probabilities:
    """Probabilities next to labels, prepared once for many weightings.

    Args:
        probability: of each pair to be a duplicate, 0 to 1.
        labels: whether it is one.
    """

    def __init__(self, probability: Float[np.ndarray, "pairs"], labels: Bool[np.ndarray, "pairs"]):
        kept = probability.clip(_LEAST, 1 - _LEAST)
        self._losses = -np.log(np.where(labels, kept, 1 - kept))
        self._squares = np.square(probability - labels)
        self._bins = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
        self._probability = probability
        self._labels = labels.astype(np.float64)

    def log_loss(self, weights: Float[np.ndarray, "pairs"]) -> float:
        """Return the mean of -log(the probability of what is true), natural logarithm."""
        return float(weights @ self._losses / weights.sum())

    def brier(self, weights: Float[np.ndarray, "pairs"]) -> float:
        """Return the mean squared difference of probability and label."""
        return float(weights @ self._squares / weights.sum())

    def ece(self, weights: Float[np.ndarray, "pairs"]) -> float:
        """Return the expected calibration error: promised against found share, mean over the pairs.

        Source: Naeini et al. (2015), with ten equally wide bins.
        """
        gap = np.bincount(self._bins, weights * (self._probability - self._labels), BINS)
        return float(np.abs(gap).sum() / weights.sum())

    def bins(self, weights: Float[np.ndarray, "pairs"]) -> list[Bin]:
        """Return each range of probability, from the lowest up."""
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
