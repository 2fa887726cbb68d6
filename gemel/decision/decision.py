"""From similarity to probability to verdict."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from gemel.config import OBJECTIVES

__all__ = ["Decision", "Verdict"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer about one pair of questions."""

    similarity: float
    """Cosine of the two questions' vectors, -1 to 1."""
    probability: float
    """How likely the two ask the same, 0 to 1, where duplicates are as frequent as they were in
    the pairs the decision was fitted on."""
    is_duplicate: bool
    """Whether the similarity reaches the threshold."""
    threshold: float
    """The least similarity that counts as the same."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How a model decides; fitted on validation pairs, kept in its folder."""

    threshold: float
    """The least similarity that counts as the same (`>=`)."""
    slope: float
    """Of the calibration: probability = 1 / (1 + exp(-(slope * similarity + intercept)))."""
    intercept: float
    """Of the calibration."""
    objective: str
    """What the threshold is best for."""
    pairs: int
    """Number of pairs it was fitted on."""
    prevalence: float
    """Share of duplicates among them."""
    data: str
    """SHA-256 of those pairs (`Pairs.digest`)."""

    def __post_init__(self) -> None:
        numbers = (self.threshold, self.slope, self.intercept)
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"threshold, slope and intercept must be finite, not {numbers}")
        if self.objective not in OBJECTIVES:
            raise ValueError(f"the objective must be one of {OBJECTIVES}, not {self.objective!r}")

    def is_duplicate(self, similarity: Float[np.ndarray, "pairs"]) -> Bool[np.ndarray, "pairs"]:
        """Say which similarities reach the threshold."""
        return similarity >= self.threshold

    def probability(self, similarity: Float[np.ndarray, "pairs"]) -> Float[np.ndarray, "pairs"]:
        """Give the calibrated probability of each similarity."""
        odds = self.slope * similarity.astype(np.float64) + self.intercept
        return 0.5 * (1 + np.tanh(0.5 * odds))

    def verdicts(self, similarity: Float[np.ndarray, "pairs"]) -> list[Verdict]:
        """Judge every similarity."""
        columns = zip(
            similarity.tolist(),
            self.probability(similarity).tolist(),
            self.is_duplicate(similarity).tolist(),
            strict=True,
        )
        return [
            Verdict(
                similarity=alike, probability=likely, is_duplicate=same, threshold=self.threshold
            )
            for alike, likely, same in columns
        ]
