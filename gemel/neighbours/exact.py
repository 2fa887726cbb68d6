"""Exact nearest-neighbour search."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float, Float16, Float32, Int64

from gemel.inference import one_compute_thread
from gemel.neighbours.base import Hits, missing_key, require_dim, require_k
from gemel.neighbours.shared_lock import SharedLock
from gemel.neighbours.top_k import Candidates, exact_cosines, rank

_WIDTH = 8192
"""Questions in a block."""
_QUERIES = 256
"""Queries compared at a time: their cosines with a block take 8 MB."""
_PICKING = 40
"""Queries from which on copying columns out of a block pays."""
_LOT = 4096
"""Questions added or removed while searches wait: some milliseconds."""


class _Block(NamedTuple):
    """Vectors as columns, in float32.

    OpenBLAS multiplies one query with columns twice as fast as with rows (220,000 of dimension 256:
    9 ms, not 20); converting from float16 takes NumPy 94 ms.
    """

    columns: Float32[np.ndarray, "dim width"]
    keys: Int64[np.ndarray, "width"]


_Part: TypeAlias = tuple[_Block, Int64[np.ndarray, "part"], Int64[np.ndarray, "part"]]
"""A block, some of its columns, ascending, and their slots."""


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
        """Add or replace vectors; see `Neighbours`."""
        require_dim(vectors, self.dim)
        for start in range(0, len(keys), _LOT):
            lot = slice(start, start + _LOT)
            rounded = vectors[lot].astype(np.float16).astype(np.float32)
            with self._lock.alone():
                self._put_lot(keys[lot], rounded)

    def _put_lot(
        self, keys: Int64[np.ndarray, "lot"], vectors: Float32[np.ndarray, "lot dim"]
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
        """Remove keys; see `Neighbours`."""
        for start in range(0, len(keys), _LOT):
            with self._lock.alone():
                for key in keys[start : start + _LOT].tolist():
                    self._remove(key)
                del self._blocks[-(-len(self._slots) // _WIDTH) :]

    def _remove(self, key: int) -> None:
        slot = self._slots.pop(key, None)
        last = len(self._slots)
        if slot is None or slot == last:
            return
        to, column = self._place(slot)
        of, last_column = self._place(last)
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
        """Return the `k` nearest neighbours of each query; see `Neighbours`."""
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
        """Return the vectors of keys; see `Neighbours`."""
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

    def _place(self, slot: int) -> tuple[_Block, int]:
        number, column = divmod(slot, _WIDTH)
        return self._blocks[number], column

    def _by_block(
        self, slots: Int64[np.ndarray, "some"]
    ) -> Iterator[tuple[_Block, Int64[np.ndarray, "part"], Int64[np.ndarray, "part"]]]:
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
    if len(chosen) == chosen[-1] + 1:
        return _product(queries, columns[:, : len(chosen)])
    if len(chosen) * (_PICKING + len(queries)) > columns.shape[1] * len(queries):
        return _product(queries, columns)[:, chosen]
    return _product(queries, columns[:, chosen])


def _product(
    queries: Float32[np.ndarray, "queries dim"], columns: Float32[np.ndarray, "dim some"]
) -> Float32[np.ndarray, "queries some"]:
    product: Float32[np.ndarray, "queries some"] = queries @ columns
    return product
