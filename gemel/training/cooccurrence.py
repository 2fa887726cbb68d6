"""Word vectors from the co-occurrence of words in questions."""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32, Float64, Int64

from gemel.text import TOKENS, TokenTable

_WINDOW = 5
"""Context words on either side, weighted by distance."""
_SMOOTHING = 0.75
"""Exponent of context frequencies; below 1 rare contexts weigh less."""
_EXTRA_DIRECTIONS, _ROUNDS = 16, 5
_NOISE = 1e-5
"""Directions below this share of the strongest are rounding noise."""
_TOKENS_AT_ONCE = 1 << 20


def word_vectors(
    table: TokenTable, words: int, dim: int, *, seed: int = 0
) -> Float32[np.ndarray, "words dim"]:
    """Compute word vectors from contexts, without labels; zeros for words without context.

    The matrix of positive pointwise mutual information is factorised to its strongest `dim`
    directions. Ids from `words` on are no contexts.

    Source: Levy and Goldberg, "Neural word embedding as implicit matrix factorization" (2014),
    smoothed as in Levy, Goldberg and Dagan (2015); the directions by subspace iteration after
    Halko, Martinsson and Tropp (2011).
    """
    keys, counts = _count(table, words)
    word, context = np.divmod(keys, words)
    weights = _information(word, context, counts, words)
    positive = np.flatnonzero(weights > 0)
    vectors = np.zeros((words, dim), np.float32)
    if len(positive):
        starts = np.searchsorted(word[positive], np.arange(words + 1))
        matrix = torch.from_numpy(context[positive]), torch.from_numpy(starts)
        rank = min(dim + _EXTRA_DIRECTIONS, words)
        found = _strongest(
            *matrix, torch.from_numpy(weights[positive].astype(np.float32)), rank, seed
        )
        width = min(dim, rank)
        vectors[:, :width] = found[:, :width]
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Float32[np.ndarray, "words dim"] = np.divide(
        vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-6
    )
    return unit


def _count(
    table: TokenTable, words: int
) -> tuple[Int64[np.ndarray, "cells"], Float64[np.ndarray, "cells"]]:
    """Count pairs of word and context: keys word * words + context, ascending, and weights."""
    keys, counts = np.zeros(0, np.int64), np.zeros(0)
    ends = np.searchsorted(
        table.starts,
        np.arange(_TOKENS_AT_ONCE, table.starts[-1] + _TOKENS_AT_ONCE, _TOKENS_AT_ONCE),
    )
    first = 0
    for last in np.unique(np.minimum(np.append(ends, len(table)), len(table))).tolist():
        ids = table.ids[table.starts[first] : table.starts[last]].astype(np.int64)
        rows = np.repeat(np.arange(first, last), table.lengths_of(np.arange(first, last)))
        first = last
        usable = (ids < words) & (ids != TOKENS.padding) & (ids != TOKENS.unknown)
        found, weights = [keys], [counts]
        for distance in range(1, _WINDOW + 1):
            is_pair = (rows[distance:] == rows[:-distance]) & usable[distance:] & usable[:-distance]
            left, right = ids[:-distance][is_pair], ids[distance:][is_pair]
            found += [left * words + right, right * words + left]
            weights.append(np.full(2 * len(left), (_WINDOW + 1 - distance) / _WINDOW))
        keys, place = np.unique(np.concatenate(found), return_inverse=True)
        counts = np.bincount(place, np.concatenate(weights), len(keys)).astype(np.float64)
    return keys, counts


def _information(
    word: Int64[np.ndarray, "cells"],
    context: Int64[np.ndarray, "cells"],
    counts: Float64[np.ndarray, "cells"],
    words: int,
) -> Float64[np.ndarray, "cells"]:
    """Return the pointwise mutual information of each pair."""
    seen: Float64[np.ndarray, "words"] = np.bincount(word, counts, words)
    smooth = np.power(seen, _SMOOTHING)
    expected = seen[word] * smooth[context] / smooth.sum()
    information: Float64[np.ndarray, "cells"] = np.log(counts / expected)
    return information


def _strongest(
    context: torch.Tensor, starts: torch.Tensor, weights: torch.Tensor, rank: int, seed: int
) -> Float32[np.ndarray, "words rank"]:
    """Return each word's coordinates in the strongest directions, strongest first."""

    def times(right: torch.Tensor) -> torch.Tensor:
        return F.embedding_bag(
            context, right, starts, mode="sum", per_sample_weights=weights, include_last_offset=True
        )

    chance = torch.Generator().manual_seed(seed)
    basis = torch.randn(len(starts) - 1, rank, generator=chance)
    for _ in range(_ROUNDS):
        basis, _ = torch.linalg.qr(times(basis))
    directions, strength, _ = torch.linalg.svd(times(basis), full_matrices=False)
    strength[strength < _NOISE * strength[0]] = 0
    # Each direction is weighed by the root of its strength, as Levy et al. do.
    found: Float32[np.ndarray, "words rank"] = (directions * strength.sqrt()).numpy()
    found[starts[1:] == starts[:-1]] = 0
    return found
