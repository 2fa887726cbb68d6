"""Weighing pairs as if another share of them asked the same."""

import numpy as np
from jaxtyping import Bool, Float

__all__ = ["prior_weights"]


def prior_weights(
    labels: Bool[np.ndarray, "pairs"], prevalence: float
) -> Float[np.ndarray, "pairs"]:
    """Give each pair a weight, 1 on average, so that duplicates weigh the wanted share.

    Args:
        labels: whether each pair is a duplicate; both must occur unless `prevalence` is 0.
        prevalence: the share, between 0 and 1; 0 leaves all weights at 1.

    Raises:
        ValueError: that is no such share.

    Source: prior shift, as in Elkan, "The foundations of cost-sensitive learning" (2001).
    """
    if not 0 <= prevalence < 1:
        raise ValueError(f"prevalence must be at least 0 and below 1, not {prevalence}")
    if not prevalence:
        return np.ones(len(labels))
    found = float(labels.mean())
    return np.where(labels, prevalence / found, (1 - prevalence) / (1 - found))
