"""The path from texts to vectors, shared by training and prediction."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float32

from gemel.text.row_order import distinct_rows
from gemel.text.token_table import TokenTable
from gemel.text.tokenizer import Tokenizer

Progress = Callable[[str, int, int | None], object]
"""Callback with stage, number done, and total if known."""

EncodeTable = Callable[[TokenTable], Float32[np.ndarray, "rows dim"]]
"""Encodes rows of ids."""

_ROWS, _TOKENS = 8192, 262_144
"""Maximum rows and tokens encoded at a time; a longer row is encoded alone."""


def encode_texts(
    texts: Sequence[str],
    tokenizer: Tokenizer,
    encode_table: EncodeTable,
    dim: int,
    *,
    threads: int = 1,
    progress: Progress | None = None,
) -> Float32[np.ndarray, "texts dim"]:
    """Encode questions, equal ones once, and return their vectors in order.

    Batches depend on the set of questions, not on their order: a matrix product may round
    differently at another position. Questions with the same words have the same vector.

    Args:
        texts: questions.
        tokenizer: tokenizer.
        encode_table: encodes rows of ids.
        dim: dimension of vectors.
        threads: parallel calls of `encode_table`.
        progress: callback in distinct rows.
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
    """Split a table into batches."""
    start = 0
    while start < len(table):
        most = np.searchsorted(table.starts, table.starts[start] + _TOKENS, side="right") - 1
        end = min(max(start + 1, int(most)), start + _ROWS)
        yield table.part(start, end)
        start = end


def _apply(
    encode_table: EncodeTable, tables: Iterator[TokenTable], threads: int
) -> Iterator[Float32[np.ndarray, "rows dim"]]:
    """Encode tables in order, with several threads in parallel."""
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
    """Return the cosine of each pair of unit vectors; exactly 1 for equal ones."""
    cosines: Float32[np.ndarray, "pairs"] = np.einsum("nd,nd->n", left, right).clip(-1, 1)
    cosines[(left == right).all(axis=1)] = 1
    return cosines
