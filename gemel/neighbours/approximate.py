"""The nearest questions through a graph of near ones: usearch."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float16, Float32, Int64

from gemel.errors import MissingExtraError
from gemel.inference import one_compute_thread
from gemel.neighbours.base import Hits, missing_key, require_dim, require_k
from gemel.neighbours.shared_lock import SharedLock
from gemel.neighbours.top_k import Candidates, exact_cosines, rank

_LOT = 4
"""Questions that are put, or looked for, while others wait: usearch holds the interpreter as long,
some milliseconds."""
_PICKED = 8192
"""Questions of a subset that are compared together."""
_ROUNDING = 1e-3
"""More than usearch's cosines are wrong by."""
_LOOKED = 16
"""How many times as many as are wanted a walk looks for."""
_WIDER = 4
"""How many times as many are looked at when too few were of the subset."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """How carefully the graph is made and walked; more is slower and misses less."""

    connectivity: int = 16
    """Near questions that each is tied to (twice as many on the ground level)."""
    expansion_add: int = 128
    """Questions that are weighed to tie a new one."""
    expansion_search: int = 512
    """Questions that are weighed in a search."""


class ApproximateNeighbours:
    """Walks from near to nearer questions, and may miss some; see `Neighbours`.

    It takes 2 bytes a number and about 150 a question. The time of a search hardly grows with the
    questions. Cosines are computed from the vectors, so they are those of `ExactNeighbours`.

    Args:
        dim: numbers in each vector.
        graph: how careful to be.
        content: what `content()` gave, of the same `dim` and `graph`, to continue from.

    Raises:
        MissingExtraError: usearch is not installed.
    """

    def __init__(self, dim: int, graph: Graph | None = None, *, content: memoryview | None = None):
        self.dim = dim
        self.graph = graph or Graph()
        # usearch holds Python's lock through a call, so nothing is lost by one call at a time; and
        # its searches share their space to work in, should another version Close it.
        self._lock = SharedLock()
        # Never `view`: what is mapped may not be changed. `expansion_search` is set here, once: to
        # change it after loading broke searches in threads.
        self._index = _new_index(dim, self.graph)
        if content is not None:
            self._index.load(content)

    def content(self) -> bytearray:
        """Return all of it as bytes."""
        with self._lock.alone():
            found: bytearray = self._index.save(None)
        return found

    def __len__(self) -> int:
        return len(self._index)

    def put(
        self, keys: Int64[np.ndarray, "questions"], vectors: Float[np.ndarray, "questions dim"]
    ) -> None:
        """Take vectors; see `Neighbours`."""
        require_dim(vectors, self.dim)
        rows = np.array(list({key: row for row, key in enumerate(keys.tolist())}.values()), int)
        for start in range(0, len(rows), _LOT):
            lot = rows[start : start + _LOT]
            with self._lock.alone():
                self._index.remove(keys[lot], threads=1)
                # With more threads some questions end up where no search finds them.
                self._index.add(keys[lot], vectors[lot].astype(np.float16), threads=1)

    def remove(self, keys: Int64[np.ndarray, "questions"]) -> None:
        """Forget keys; see `Neighbours`."""
        with self._lock.alone():
            self._index.remove(keys, threads=1)

    def search(
        self,
        queries: Float32[np.ndarray, "queries dim"],
        k: int,
        *,
        among: Int64[np.ndarray, "some"] | None = None,
    ) -> Hits:
        """Find the `k` nearest of each query; see `Neighbours`."""
        require_dim(queries, self.dim)
        require_k(k)
        some = None if among is None else np.unique(among)
        parts = []
        for start in range(0, max(len(queries), 1), _LOT):
            lot = queries[start : start + _LOT]
            with self._lock.alone():
                if some is not None:
                    some = some[self._index.contains(some)]
                parts.append(self._walk(lot, k) if some is None else self._among(lot, k, some))
        return Hits(*map(np.concatenate, zip(*parts, strict=True)))

    def vectors(self, keys: Int64[np.ndarray, "questions"]) -> Float16[np.ndarray, "questions dim"]:
        """Return the vectors of keys; see `Neighbours`."""
        with self._lock.alone():
            there = self._index.contains(keys)
            if not there.all():
                raise missing_key(int(keys[~there][0]))
            return self._take(keys)

    def _walk(self, queries: Float32[np.ndarray, "queries dim"], k: int) -> Hits:
        if k < len(self):
            rows, keys = self._nearest(queries, k)
            if (np.bincount(rows, minlength=len(queries)) >= k).all():
                return self._rank(queries, k, rows, keys)
        # After removals the graph may have no way to some; there may also be no more than k.
        return self._compare(queries, k, self._index.keys[:].astype(np.int64))

    def _among(
        self, queries: Float32[np.ndarray, "queries dim"], k: int, some: Int64[np.ndarray, "some"]
    ) -> Hits:
        """Walk until enough of those that are wanted came by, unless to compare all is less work.

        Args:
            queries: vectors of length 1.
            k: how many.
            some: keys that are there, each once, ascending.
        """
        wanted = min(k, len(some))
        looked = -(-2 * k * len(self) // max(len(some), 1))
        while looked < len(some):
            rows, keys = self._nearest(queries, looked)
            kept = np.isin(keys, some)
            rows, keys = rows[kept], keys[kept]
            if (np.bincount(rows, minlength=len(queries)) >= wanted).all():
                return self._rank(queries, k, rows, keys)
            looked *= _WIDER
        return self._compare(queries, k, some)

    def _nearest(
        self, queries: Float32[np.ndarray, "queries dim"], count: int
    ) -> tuple[Int64[np.ndarray, "found"], Int64[np.ndarray, "found"]]:
        """Return query rows and keys found by the graph: `count` per query, and ties.

        Many times as many are looked for, and `expansion_search` at least: a walk is right about
        the nearest of what it meets, and usearch rounds the query to float16.
        """
        wanted = max(_LOOKED * count, self.graph.expansion_search)
        found = self._index.search(queries, wanted, threads=1)
        keys = []
        for each in [found] if len(queries) == 1 else found:  # of one query usearch gives no list
            last = each.distances[:count].max(initial=-np.inf)
            keys.append(each.keys[each.distances <= last + _ROUNDING].astype(np.int64))
        rows = np.repeat(np.arange(len(queries)), np.array([len(each) for each in keys], int))
        return rows, np.concatenate([*keys, np.zeros(0, np.int64)])

    def _compare(
        self, queries: Float32[np.ndarray, "queries dim"], k: int, keys: Int64[np.ndarray, "some"]
    ) -> Hits:
        """Compare with all of some questions."""
        candidates = Candidates(len(queries), k)
        for start in range(0, len(keys), _PICKED):
            slots = np.arange(start, min(start + _PICKED, len(keys)))
            with one_compute_thread():
                cosines = queries @ self._take(keys[slots]).astype(np.float32).T
            candidates.look(cosines, slots)
        return self._rank(queries, k, candidates.rows, keys[candidates.slots])

    def _rank(
        self,
        queries: Float32[np.ndarray, "queries dim"],
        k: int,
        rows: Int64[np.ndarray, "found"],
        keys: Int64[np.ndarray, "found"],
    ) -> Hits:
        cosines = exact_cosines(queries, rows, self._take(keys))
        return rank(len(queries), k, rows, keys, cosines)

    def _take(self, keys: Int64[np.ndarray, "some"]) -> Float16[np.ndarray, "some dim"]:
        vectors = np.empty((len(keys), self.dim), np.float16)
        for row, vector in enumerate(self._index.get(keys)):
            vectors[row] = vector
        return vectors


def _new_index(dim: int, graph: Graph) -> Any:
    try:
        from usearch.index import Index
    except ModuleNotFoundError as error:
        raise MissingExtraError("approximate search", "ann") from error
    return Index(
        ndim=dim,
        metric="ip",
        dtype="f16",
        connectivity=graph.connectivity,
        expansion_add=graph.expansion_add,
        expansion_search=graph.expansion_search,
    )
