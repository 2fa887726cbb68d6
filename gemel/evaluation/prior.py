"""Weighing pairs as if another share of them asked the same."""

import numpy as np
from jaxtyping import Bool, Float


def prior_weights(
    labels: Bool[np.ndarray, "pairs"],
    prevalence: float,
    times: Float[np.ndarray, "pairs"] | None = None,
) -> Float[np.ndarray, "pairs"]:
    """Give each pair a weight, 1 on average, so that duplicates weigh the wanted share.

    Args:
        labels: whether each pair is a duplicate; both must occur unless `prevalence` is 0.
        prevalence: the share, between 0 and 1; 0 leaves all weights at 1.
        times: how often each pair stands there; once if None.

    Raises:
        ValueError: that is no such share.

    Source: prior shift, as in Elkan, "The foundations of cost-sensitive learning" (2001).
    """
    if not 0 <= prevalence < 1:
        raise ValueError(f"prevalence must be at least 0 and below 1, not {prevalence}")
    if not prevalence:
        return np.ones(len(labels))
    found = float(np.average(labels, weights=times))
    if not 0 < found < 1:  # a resample of one label only has no other to weigh
        return np.ones(len(labels))
    return np.where(labels, prevalence / found, (1 - prevalence) / (1 - found))
