"""Score close pairs with known vectors."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from jaxtyping import Float16, Float32

from gemel.duplicates.bounded_pairs import ClosePairs
from gemel.duplicates.duplicate_groups import ScoredPairs
from gemel.inference import Engine
from gemel.text import Progress

_LOT = 1 << 15
"""Pairs scored at a time."""


def score_pairs(
    engine: Engine,
    pairs: ClosePairs,
    texts: Sequence[str],
    vectors: Float16[np.ndarray, "questions dim"],
    *,
    threads: int = 1,
    progress: Progress | None = None,
) -> ScoredPairs:
    """Return similarity and probability of close pairs by the whole model.

    Args:
        engine: the model.
        pairs: rows of `texts` and `vectors`.
        texts: distinct questions.
        vectors: their vectors.
        threads: number of threads.
        progress: callback `progress(done, total)` in pairs.
    """
    similarity = np.empty(len(pairs.left), np.float32)
    score = partial(_score, engine, pairs, texts, vectors)
    starts = range(0, len(similarity), _LOT)
    with ThreadPoolExecutor(threads, "score") as pool:
        for start, scores in zip(starts, pool.map(score, starts), strict=True):
            similarity[start : start + len(scores)] = scores
            if progress is not None:
                progress("judging pairs", start + len(scores), len(similarity))
    probability = engine.model.decision.probability(similarity).astype(np.float32)
    return ScoredPairs(pairs.left, pairs.right, pairs.cosine, similarity, probability)


def _score(
    engine: Engine,
    pairs: ClosePairs,
    texts: Sequence[str],
    vectors: Float16[np.ndarray, "questions dim"],
    start: int,
) -> Float32[np.ndarray, "lot"]:
    sides = [
        ([texts[row] for row in rows.tolist()], vectors[rows].astype(np.float32))
        for rows in (side[start : start + _LOT] for side in (pairs.left, pairs.right))
    ]
    return engine.score_different(*sides)
