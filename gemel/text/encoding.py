"""The one path from texts to vectors, whoever computes them: training or the engine."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from gemel.text.tokenizer import Tokenizer

__all__ = ["EncodeIds", "Progress", "encode_in_batches", "pair_cosines"]

Progress = Callable[[str, int, int], object]
"""Is told what is going on, how much of it is done, and of how much."""

EncodeIds = Callable[..., Any]
"""Turns what `TokenTable.inputs` gives, padded ids (batch, time) first, into float32 vectors
(batch, dim)."""


def encode_in_batches(
    texts: Sequence[str],
    tokenizer: Tokenizer,
    encode_ids: EncodeIds,
    dim: int,
    *,
    batch_rows: int = 256,
    batch_tokens: int = 8192,
    progress: Progress | None = None,
) -> Float32[np.ndarray, "texts dim"]:
    """Encode questions: equal ones once, those of like length together, results in order.

    The batches depend on what is asked, not on its order: a matrix product may give a row other
    last bits at another place. Questions that cleaning makes equal get one vector.

    Args:
        texts: questions.
        tokenizer: turns them into ids.
        encode_ids: `TokenTable.inputs` of some rows to vectors (batch, dim).
        dim: depth of the vectors.
        batch_rows: most rows of a batch.
        batch_tokens: most places of a batch, padding included; a longer row goes alone.
        progress: is told how many different questions are encoded.
    """
    cleaned = {text: tokenizer.clean(text) for text in set(texts)}
    different = sorted(set(cleaned.values()))
    numbers = {text: number for number, text in enumerate(different)}
    table = tokenizer.encode_cleaned(different)
    vectors = np.empty((len(table), dim), dtype=np.float32)
    done = 0
    for rows in _batches(table.lengths, batch_rows, batch_tokens):
        vectors[rows] = encode_ids(*table.inputs(rows))
        done += len(rows)
        if progress is not None:
            progress("encoding questions", done, len(table))
    return vectors[[numbers[cleaned[text]] for text in texts]]


def pair_cosines(vectors: Float32[np.ndarray, "questions dim"]) -> Float32[np.ndarray, "pairs"]:
    """Give the cosine of each pair whose questions were encoded together.

    Rounding can carry a product of unit vectors a hair past 1; no cosine is. That of a vector with
    itself is 1, and nothing less.

    Args:
        vectors: unit vectors of all first questions, below them those of all second ones.
    """
    left, right = np.split(vectors, 2)
    cosines: Float32[np.ndarray, "pairs"] = np.einsum("nd,nd->n", left, right).clip(-1, 1)
    cosines[(left == right).all(axis=1)] = 1
    return cosines


def _batches(
    lengths: Int64[np.ndarray, "rows"], batch_rows: int, batch_tokens: int
) -> Iterator[Int64[np.ndarray, "batch"]]:
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        stop = min(start + batch_rows, len(order))
        while stop > start + 1 and (stop - start) * lengths[order[stop - 1]] > batch_tokens:
            stop = max(start + 1, start + int(batch_tokens // lengths[order[stop - 1]]))
        yield order[start:stop]
        start = stop
