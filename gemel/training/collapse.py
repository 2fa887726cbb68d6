"""The failure that a triplet loss can sleep through: every question at the same place."""

import numpy as np
from jaxtyping import Float

COLLAPSED = 0.98
"""Mean cosine of different questions from which on we call the twin collapsed."""


def mean_similarity(vectors: Float[np.ndarray, "questions dim"]) -> float:
    """Give the mean cosine over all pairs of different rows; near 1 means collapse.

    Args:
        vectors: unit vectors, at least two.
    """
    count = len(vectors)
    total = np.square(vectors.sum(axis=0, dtype=np.float64)).sum() - np.square(vectors).sum()
    return float(total / (count * (count - 1)))
