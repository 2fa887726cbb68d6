"""What rankings are worth: nDCG, recall and reciprocal rank, with intervals over groups."""

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["MEASURES", "figures", "score_ranking"]

MEASURES = ("ndcg@10", "recall@10", "mrr@10")
_DEPTH = 10
_ROUNDS = 1000


def score_ranking(ranked: Sequence[int], relevant: set[int]) -> tuple[float, float, float]:
    """Score one ranking by `MEASURES`; all that is relevant is equally so.

    Args:
        ranked: what was found, best first; only the first ten count.
        relevant: what should have been, not empty.
    """
    hits = np.array([number in relevant for number in ranked[:_DEPTH]], bool)
    discounts = 1 / np.log2(np.arange(2, _DEPTH + 2))
    best = discounts[: min(len(relevant), _DEPTH)].sum()
    places = np.flatnonzero(hits)
    return (
        float(discounts[: len(hits)][hits].sum() / best),
        float(hits.sum() / len(relevant)),
        float(1 / (places[0] + 1)) if len(places) else 0.0,
    )


def figures(scores: Any, groups: Any) -> dict[str, dict[str, float]]:
    """Give the mean of each measure and its 95 % interval, over draws of whole groups.

    Args:
        scores: of each query its three scores.
        groups: of each query the number of its duplicate group.
    """
    _, units = np.unique(groups, return_inverse=True)
    sums = np.stack([np.bincount(units, column) for column in np.transpose(scores)])
    counts = np.bincount(units)
    random = np.random.default_rng(0)
    means = []
    for _ in range(_ROUNDS):
        drawn = random.integers(len(counts), size=len(counts))
        means.append(sums[:, drawn].sum(axis=1) / counts[drawn].sum())
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    value = np.mean(scores, axis=0)
    return {
        name: {"value": float(value[each]), "low": float(low[each]), "high": float(high[each])}
        for each, name in enumerate(MEASURES)
    }
