"""From similarity to probability to verdict; decisions are chosen by `gemel.evaluation`."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from gemel.config import DecisionConfig
from gemel.notebook import shown

ANSWERS = ("not the same", "ask a person", "the same")
"""The three answers, by growing similarity."""
EVIDENCE_BINS = 100
"""Number of bins between the similarities -1 and 1, all equally wide."""
_EDGES = (np.arange(EVIDENCE_BINS + 1) * 2 - EVIDENCE_BINS) / EVIDENCE_BINS
_COPY = 1.0
"""The similarity of copies, and of nothing else; see `Engine.similarity`."""
_COPY_PROBABILITY = 0.99
"""Minimum probability of copies, whatever was fitted."""


@dataclass(frozen=True)
class Evidence:
    """Labelled pairs, counted by similarity, from which the effect of any threshold can be read.

    Raises:
        ValueError: not `EVIDENCE_BINS` counts of either label, or one below 0.
    """

    same: tuple[int, ...]
    """Number of duplicates in each bin, lowest similarity first."""
    different: tuple[int, ...]
    """Number of the others."""

    def __post_init__(self) -> None:
        for name, counts in (("same", self.same), ("different", self.different)):
            if len(counts) != EVIDENCE_BINS or min(counts) < 0:
                raise ValueError(
                    f"evidence.{name} must be {EVIDENCE_BINS} counts of 0 and more, not "
                    f"{len(counts)} numbers from {min(counts, default=0)} on"
                )

    @classmethod
    def of(
        cls, similarity: Float[np.ndarray, "pairs"], labels: Bool[np.ndarray, "pairs"]
    ) -> "Evidence":
        """Count pairs.

        A bin includes its lower edge, the last one both. Similarities outside count in the
        outermost bin on their side.

        Raises:
            ValueError: a similarity is no number.
        """
        if np.isnan(similarity).any():
            raise ValueError("a similarity is not a number; it cannot be counted")
        places = np.searchsorted(_EDGES, similarity.astype(np.float64), side="right") - 1
        places = places.clip(0, EVIDENCE_BINS - 1)
        return cls(
            *(
                tuple(np.bincount(places[chosen], minlength=EVIDENCE_BINS).tolist())
                for chosen in (labels, ~labels)
            )
        )

    @property
    def edges(self) -> tuple[float, ...]:
        """The bins' edges, one more than there are bins."""
        return tuple(_EDGES.tolist())

    @property
    def pairs(self) -> int:
        """Number of pairs."""
        return sum(self.same) + sum(self.different)


@shown(
    lambda it: {
        "answer": it.answer,
        "probability": it.probability,
        "similarity": it.similarity,
        "threshold": it.threshold,
    }
)
@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer about one pair of questions."""

    answer: str
    """One of `ANSWERS`."""
    similarity: float
    """-1 to 1: the cosine of the vectors, or the pair head's similarity, mixed with that of
    spelling if the model has it; 1 for copies only."""
    probability: float
    """Probability of a duplicate, 0 to 1, at the prevalence that the decision was fitted for."""
    is_duplicate: bool
    """Whether the similarity reaches the threshold: yes or no, where no one can be asked."""
    threshold: float
    """Minimum similarity of a duplicate."""


@shown(
    lambda it: {
        "threshold": it.threshold,
        "objective": it.settings.objective,
        "pairs": it.pairs,
        "prevalence": it.prevalence,
    }
)
@dataclass(frozen=True, kw_only=True)
class Decision:
    """How a model decides; fitted on validation pairs, stored in its folder.

    probability = 1 / (1 + exp(-(slope * similarity + intercept)))
    """

    threshold: float
    """Minimum similarity of a duplicate."""
    lower: float
    """Minimum similarity that is worth asking a person, at most the threshold."""
    upper: float
    """Minimum similarity that is the same without asking, at least the threshold."""
    slope: float
    intercept: float
    settings: DecisionConfig
    """Objective of the fit."""
    pairs: int
    """Number of pairs of the fit."""
    prevalence: float
    """Share of duplicates that it holds for."""
    data: str
    """SHA-256 of the pairs of the fit (`Pairs.digest`)."""
    evidence: Evidence | None = None
    """Those pairs, not weighted for the prevalence; None if an older gemel fitted it."""

    def __post_init__(self) -> None:
        numbers = (self.threshold, self.lower, self.upper, self.slope, self.intercept)
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(f"thresholds, slope and intercept must be finite, not {numbers}")
        if not self.lower <= self.threshold <= self.upper:
            raise ValueError(
                "lower, threshold and upper must not fall, as do "
                f"{self.lower}, {self.threshold}, {self.upper}"
            )
        if not 0 <= self.prevalence <= 1:
            raise ValueError(f"prevalence must be from 0 to 1, not {self.prevalence}")
        if self.evidence is not None and self.evidence.pairs != self.pairs:
            raise ValueError(
                f"the evidence must be of the {self.pairs} pairs it was fitted on, not of "
                f"{self.evidence.pairs}"
            )

    def is_duplicate(self, similarity: Float[np.ndarray, "pairs"]) -> Bool[np.ndarray, "pairs"]:
        """Return which similarities reach the threshold; 1, that of copies, always does."""
        return similarity >= min(self.threshold, _COPY)

    def probability(self, similarity: Float[np.ndarray, "pairs"]) -> Float[np.ndarray, "pairs"]:
        """Return the calibrated probability of each similarity; for 1 at least 0.99."""
        odds = self.slope * similarity.astype(np.float64) + self.intercept
        likely = 0.5 * (1 + np.tanh(0.5 * odds))
        return np.where(similarity >= _COPY, np.maximum(likely, _COPY_PROBABILITY), likely)

    def answers(self, similarity: Float[np.ndarray, "pairs"]) -> Int[np.ndarray, "pairs"]:
        """Return the answer to each similarity, as its place in `ANSWERS`; 1 is the same."""
        lower, upper = min(self.lower, _COPY), min(self.upper, _COPY)
        return (similarity >= lower).astype(np.int8) + (similarity >= upper)

    def verdicts(self, similarity: Float[np.ndarray, "pairs"]) -> list[Verdict]:
        """Return the verdict on each similarity."""
        columns = zip(
            self.answers(similarity).tolist(),
            similarity.tolist(),
            self.probability(similarity).tolist(),
            self.is_duplicate(similarity).tolist(),
            strict=True,
        )
        return [
            Verdict(
                answer=ANSWERS[answer],
                similarity=alike,
                probability=likely,
                is_duplicate=same,
                threshold=self.threshold,
            )
            for answer, alike, likely, same in columns
        ]
