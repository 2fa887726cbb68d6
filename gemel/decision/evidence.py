"""How many pairs of either label a decision was fitted on, by their similarity."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

EVIDENCE_BINS = 100
"""Number of bins between the similarities -1 and 1, all equally wide."""


@dataclass(frozen=True)
class Evidence:
    """Labelled pairs, counted by similarity: what any threshold would do can be read off them.

    Raises:
        ValueError: not `EVIDENCE_BINS` counts of either label, or one below 0.
    """

    same: tuple[int, ...]
    """How many pairs that ask the same lie in each bin, from the lowest similarity on."""
    different: tuple[int, ...]
    """How many of the others."""

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

        A bin holds the similarities from its edge on and below the next one; the last one those of
        its upper edge too. What lies outside counts in the outermost bin on its side.

        Args:
            similarity: of each pair.
            labels: whether each asks the same.

        Raises:
            ValueError: a similarity is no number.
        """
        if np.isnan(similarity).any():
            raise ValueError("a similarity is not a number; it cannot be counted")
        places = np.searchsorted(_EDGES, similarity.astype(np.float64), side="right") - 1
        places = places.clip(0, EVIDENCE_BINS - 1)
        same, different = (
            tuple(np.bincount(places[kept], minlength=EVIDENCE_BINS).tolist())
            for kept in (labels, ~labels)
        )
        return cls(same, different)

    @property
    def edges(self) -> tuple[float, ...]:
        """The bins' edges, one more than there are bins."""
        return tuple(_EDGES.tolist())

    @property
    def pairs(self) -> int:
        """Number of pairs."""
        return sum(self.same) + sum(self.different)


_EDGES = (np.arange(EVIDENCE_BINS + 1) * 2 - EVIDENCE_BINS) / EVIDENCE_BINS
