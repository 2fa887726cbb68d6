"""The one path from texts to vectors, whoever computes them: training or the engine."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float32

from gemel.text.row_order import distinct_rows
from gemel.text.token_table import TokenTable
from gemel.text.tokenizer import Tokenizer

Progress = Callable[[str, int, int | None], object]
"""Receives what is continuing, how much of it is done, and of how much, if that is known."""

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
    threads: int = 1,
    progress: Progress | None = None,
) -> Float32[np.ndarray, "texts dim"]:
    """Encode questions: equal ones once, those that begin alike together, results in order.

    What goes together depends on what is asked, not on its order: a matrix product may give a row
    other last bits at another place. Questions with the same words get one vector.

    Args:
        texts: questions.
        tokenizer: turns them into ids.
        encode_table: turns rows of ids into vectors.
        dim: depth of the vectors.
        threads: how many may call `encode_table` at one time, next to the one that reads.
        progress: `progress(done, total)` callback, in different rows of words are encoded.
    """
    table = tokenizer.encode_all(texts)
    rows, places = distinct_rows(table)
    distinct = table.gather(rows)
    vectors = np.empty((len(texts), dim), dtype=np.float32)
    done = 0
    for encoded in _apply(encode_table, _parts(distinct), threads):
        vectors[rows[done : done + len(encoded)]] = encoded
        done += len(encoded)
        if progress is not None:
            progress("encoding questions", done, len(rows))
    again = np.flatnonzero(rows[places] != np.arange(len(texts)))
    vectors[again] = vectors[rows[places[again]]]
    return vectors


def _parts(table: TokenTable) -> Iterator[TokenTable]:
    """Cut a table into as many rows at a time as are encoded together."""
    start = 0
    while start < len(table):
        most = np.searchsorted(table.starts, table.starts[start] + _TOKENS, side="right") - 1
        end = min(max(start + 1, int(most)), start + _ROWS)
        yield table.part(start, end)
        start = end


def _apply(
    encode_table: EncodeTable, tables: Iterator[TokenTable], threads: int
) -> Iterator[Float32[np.ndarray, "rows dim"]]:
    """Encode tables, in order; with more threads than one some at a time, while others are read."""
    if threads == 1:
        yield from map(encode_table, tables)
        return
    with ThreadPoolExecutor(threads, "encode") as pool:
        try:
            yield from pool.map(encode_table, tables)
        finally:
            pool.shutdown(cancel_futures=True)


def pair_cosines(
    left: Float32[np.ndarray, "pairs dim"], right: Float32[np.ndarray, "pairs dim"]
) -> Float32[np.ndarray, "pairs"]:
    """Return the cosine of each pair of unit vectors.

    Rounding can carry a product of unit vectors a hair past 1; no cosine is. That of a vector with
    itself is 1, and nothing less.
    """
    cosines: Float32[np.ndarray, "pairs"] = np.einsum("nd,nd->n", left, right).clip(-1, 1)
    cosines[(left == right).all(axis=1)] = 1
    return cosines
