"""Exact nearest-neighbour search."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float, Float16, Float32, Int64

from gemel.inference import one_compute_thread
from gemel.neighbours.base import (
    Candidates,
    Hits,
    SharedLock,
    exact_cosines,
    missing_key,
    rank,
    require_dim,
    require_k,
)

_WIDTH = 8192
"""Questions in a block."""
_QUERIES = 256
"""Queries compared at a time: their cosines with a block take 8 MB."""
_PICKING = 40
"""Queries from which on copying columns out of a block pays."""
_BATCH = 4096
"""Questions added or removed while searches wait: some milliseconds."""


class _Block(NamedTuple):
    """Vectors as columns, in float32.

    OpenBLAS multiplies one query with columns twice as fast as with rows (220,000 of dimension 256:
    9 ms, not 20); converting from float16 takes NumPy 94 ms.
    """

    columns: Float32[np.ndarray, "dim width"]
    keys: Int64[np.ndarray, "width"]


_Part: TypeAlias = tuple[_Block, Int64[np.ndarray, "part"], Int64[np.ndarray, "part"]]
"""A block, some of its columns, and their slots or positions."""


class ExactNeighbours:
    """Compares each query with all vectors; see `Neighbours`. Takes 4 bytes a number."""

    def __init__(self, dim: int):
        self.dim = dim
        self._lock = SharedLock()
        self._blocks: list[_Block] = []
        # Where each key is. There are no holes: the last question fills that of a removed one.
        self._slots: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def put(
        self, keys: Int64[np.ndarray, "questions"], vectors: Float[np.ndarray, "questions dim"]
    ) -> None:
        """See `Neighbours`."""
        require_dim(vectors, self.dim)
        for start in range(0, len(keys), _BATCH):
            batch = slice(start, start + _BATCH)
            rounded = vectors[batch].astype(np.float16).astype(np.float32)
            with self._lock.alone():
                self._put(keys[batch], rounded)

    def _put(
        self, keys: Int64[np.ndarray, "batch"], vectors: Float32[np.ndarray, "batch dim"]
    ) -> None:
        slots = np.array(
            [self._slots.setdefault(key, len(self._slots)) for key in keys.tolist()], np.int64
        )
        while len(self._blocks) * _WIDTH < len(self._slots):
            self._blocks.append(
                _Block(np.zeros((self.dim, _WIDTH), np.float32), np.zeros(_WIDTH, np.int64))
            )
        for block, columns, rows in self._by_block(slots):
            block.keys[columns] = keys[rows]
            block.columns[:, columns] = vectors[rows].T

    def remove(self, keys: Int64[np.ndarray, "questions"]) -> None:
        """See `Neighbours`."""
        for start in range(0, len(keys), _BATCH):
            with self._lock.alone():
                for key in keys[start : start + _BATCH].tolist():
                    self._remove(key)
                del self._blocks[-(-len(self._slots) // _WIDTH) :]

    def _remove(self, key: int) -> None:
        slot = self._slots.pop(key, None)
        last = len(self._slots)
        if slot is None or slot == last:
            return
        (to, column), (of, last_column) = (
            (self._blocks[place // _WIDTH], place % _WIDTH) for place in (slot, last)
        )
        to.columns[:, column] = of.columns[:, last_column]
        to.keys[column] = of.keys[last_column]
        self._slots[int(to.keys[column])] = slot

    def search(
        self,
        queries: Float32[np.ndarray, "queries dim"],
        k: int,
        *,
        among: Int64[np.ndarray, "some"] | None = None,
    ) -> Hits:
        """See `Neighbours`."""
        require_dim(queries, self.dim)
        require_k(k)
        parts = []
        for start in range(0, max(len(queries), 1), _QUERIES):
            with self._lock.shared(), one_compute_thread():
                parts.append(self._search(queries[start : start + _QUERIES], k, among))
        return Hits(*map(np.concatenate, zip(*parts, strict=True)))

    def _search(
        self,
        queries: Float32[np.ndarray, "queries dim"],
        k: int,
        among: Int64[np.ndarray, "some"] | None,
    ) -> Hits:
        candidates = Candidates(len(queries), k)
        for block, columns, slots in self._everything() if among is None else self._some(among):
            candidates.look(_compare(queries, block.columns, columns), slots)
        keys, vectors = self._take(candidates.slots)
        cosines = exact_cosines(queries, candidates.rows, vectors)
        return rank(len(queries), k, candidates.rows, keys, cosines)

    def _everything(self) -> Iterator[_Part]:
        for number, block in enumerate(self._blocks):
            columns = np.arange(min(_WIDTH, len(self._slots) - number * _WIDTH))
            yield block, columns, columns + number * _WIDTH

    def _some(self, keys: Int64[np.ndarray, "some"]) -> Iterator[_Part]:
        found = map(self._slots.get, keys.tolist(), itertools.repeat(-1))
        slots = np.unique(np.fromiter(found, np.int64, len(keys)))
        slots = slots[slots >= 0]
        for block, columns, rows in self._by_block(slots):
            yield block, columns, slots[rows]

    def vectors(self, keys: Int64[np.ndarray, "questions"]) -> Float16[np.ndarray, "questions dim"]:
        """See `Neighbours`."""
        with self._lock.shared():
            for key in keys.tolist():
                if key not in self._slots:
                    raise missing_key(key)
            _, vectors = self._take(np.array([self._slots[key] for key in keys.tolist()], np.int64))
        return vectors

    def _take(
        self, slots: Int64[np.ndarray, "some"]
    ) -> tuple[Int64[np.ndarray, "some"], Float16[np.ndarray, "some dim"]]:
        keys = np.empty(len(slots), np.int64)
        vectors = np.empty((len(slots), self.dim), np.float16)
        for block, columns, rows in self._by_block(slots):
            keys[rows] = block.keys[columns]
            vectors[rows] = block.columns[:, columns].T
        return keys, vectors

    def _by_block(self, slots: Int64[np.ndarray, "some"]) -> Iterator[_Part]:
        """Yield each block with some of the slots, their columns, and their positions."""
        order = np.argsort(slots, kind="stable")
        numbers = slots[order] // _WIDTH
        ends = np.flatnonzero(np.diff(numbers, append=-1)) + 1
        for rows in np.split(order, ends[:-1]):
            if len(rows):
                number = slots[rows[0]] // _WIDTH
                yield self._blocks[number], slots[rows] % _WIDTH, rows


def _compare(
    queries: Float32[np.ndarray, "queries dim"],
    columns: Float32[np.ndarray, "dim width"],
    chosen: Int64[np.ndarray, "chosen"],
) -> Float32[np.ndarray, "queries chosen"]:
    """Multiply queries with chosen columns of a block, ascending."""
    product: Float32[np.ndarray, "queries chosen"]
    if len(chosen) == chosen[-1] + 1:
        product = queries @ columns[:, : len(chosen)]
    elif len(chosen) * (_PICKING + len(queries)) > columns.shape[1] * len(queries):
        product = (queries @ columns)[:, chosen]
    else:
        product = queries @ columns[:, chosen]
    return product
