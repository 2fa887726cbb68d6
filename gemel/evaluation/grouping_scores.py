"""Scores of groups against true groups."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Int64

from gemel.evaluation.metrics import Confusion


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
        return 2 * self.bcubed_precision * self.bcubed_recall / both if both else 0.0


def score_grouping(
    groups: Int[np.ndarray, "rows"], true_groups: Int[np.ndarray, "rows"]
) -> GroupingScores:
    """Compare groups with true ones.

    Args:
        groups: group number of each row.
        true_groups: true group number of each row.

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
