"""The one path from texts to vectors, whoever computes them: training or the engine."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float32

from gemel.text.table import TokenTable
from gemel.text.tokenizer import Tokenizer

__all__ = ["EncodeTable", "Progress", "encode_texts", "pair_cosines"]

Progress = Callable[[str, int, int], object]
"""Is told what is going on, how much of it is done, and of how much."""

EncodeTable = Callable[[TokenTable], Float32[np.ndarray, "rows dim"]]
"""Turns rows of ids into a vector each."""

_ROWS, _TOKENS = 8192, 262_144
"""Most rows, and most tokens, that are encoded at one time; a longer row goes alone."""


def encode_texts(
    texts: Sequence[str],
    tokenizer: Tokenizer,
    encode_table: EncodeTable,
    dim: int,
    *,
    progress: Progress | None = None,
) -> Float32[np.ndarray, "texts dim"]:
    """Encode questions: equal ones once, those that begin alike together, results in order.

    What goes together depends on what is asked, not on its order: a matrix product may give a row
    other last bits at another place. Questions that cleaning makes equal get one vector.

    Args:
        texts: questions.
        tokenizer: turns them into ids.
        encode_table: turns rows of ids into vectors.
        dim: depth of the vectors.
        progress: is told how many different questions are encoded.
    """
    cleaned = {text: tokenizer.clean(text) for text in set(texts)}
    different = sorted(set(cleaned.values()))
    numbers = {text: number for number, text in enumerate(different)}
    table = tokenizer.encode_cleaned(different)
    vectors = np.empty((len(table), dim), dtype=np.float32)
    start = 0
    while start < len(table):
        end = _end(table, start)
        vectors[start:end] = encode_table(table.part(start, end))
        start = end
        if progress is not None:
            progress("encoding questions", end, len(table))
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


def _end(table: TokenTable, start: int) -> int:
    """Tell where what is encoded together with row `start` ends."""
    most = np.searchsorted(table.starts, table.starts[start] + _TOKENS, side="right") - 1
    return max(start + 1, min(start + _ROWS, int(most)))
