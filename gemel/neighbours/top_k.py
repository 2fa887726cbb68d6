"""Exact selection of the top-k cosines, independent of rounding."""

import numpy as np
from jaxtyping import Float16, Float32, Int64

from gemel.neighbours.base import Hits

_ROUNDING = 1e-5
"""Maximum difference of two products of the same vectors in any order of addition."""
_AT_ONCE = 8192
"""Candidates whose cosines are computed together."""


class Candidates:
    """Candidates for the top-k of each query.

    Matrix products round depending on their shapes, so candidates within rounding of the last of
    the `k` are held until `exact_cosines` decides.

    Args:
        queries: number of queries.
        k: number of neighbours.
    """

    def __init__(self, queries: int, k: int):
        self.k = k
        self.rows: Int64[np.ndarray, "found"] = np.zeros(0, np.int64)
        self.slots: Int64[np.ndarray, "found"] = np.zeros(0, np.int64)
        self._cosines: Float32[np.ndarray, "found"] = np.zeros(0, np.float32)
        self._least = np.full(queries, -np.inf, np.float32)
        self._pruned = 0

    def look(
        self, cosines: Float32[np.ndarray, "queries some"], slots: Int64[np.ndarray, "some"]
    ) -> None:
        """Add the cosines of the queries with some questions."""
        least = self._least
        some = len(slots)
        if self.k < some and np.isneginf(least).any():
            last = np.partition(cosines, some - self.k, axis=1)[:, some - self.k]
            least = np.maximum(least, last - _ROUNDING)
        hits = np.flatnonzero(cosines >= least[:, None])
        if not len(hits):
            return
        rows, columns = np.divmod(hits, some)
        self.rows = np.append(self.rows, rows)
        self.slots = np.append(self.slots, slots[columns])
        self._cosines = np.append(self._cosines, cosines.ravel()[hits])
        if len(self.rows) > 2 * self._pruned:
            self._prune()

    def _prune(self) -> None:
        order = np.lexsort((-self._cosines, self.rows))
        rows, cosines = self.rows[order], self._cosines[order]
        last = np.searchsorted(rows, np.arange(len(self._least))) + self.k - 1
        full = np.flatnonzero(last < np.searchsorted(rows, np.arange(1, len(self._least) + 1)))
        self._least[full] = cosines[last[full]] - _ROUNDING
        keep = cosines >= self._least[rows]
        self.rows, self._cosines = rows[keep], cosines[keep]
        self.slots = self.slots[order][keep]
        self._pruned = len(self.rows)


def exact_cosines(
    queries: Float32[np.ndarray, "queries dim"],
    rows: Int64[np.ndarray, "found"],
    vectors: Float16[np.ndarray, "found dim"],
) -> Float32[np.ndarray, "found"]:
    """Return the cosines of queries and candidates, independent of batching.

    Args:
        queries: unit vectors.
        rows: query of each candidate.
        vectors: vectors of the candidates.
    """
    cosines = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        cosines[part] = np.einsum(
            "fd,fd->f", queries[rows[part]].astype(np.float64), vectors[part].astype(np.float64)
        )
    return cosines


def rank(
    queries: int,
    k: int,
    rows: Int64[np.ndarray, "found"],
    keys: Int64[np.ndarray, "found"],
    cosines: Float32[np.ndarray, "found"],
) -> Hits:
    """Sort candidates and select the `k` nearest of each query.

    Args:
        queries: number of queries.
        k: number of neighbours.
        rows: query of each candidate.
        keys, cosines: the candidates.
    """
    order = np.lexsort((keys, -cosines, rows))
    rows = rows[order]
    places = np.arange(len(rows)) - np.searchsorted(rows, rows)
    kept = places < k
    order, at = order[kept], (rows[kept], places[kept])
    found = Hits(np.full((queries, k), -1), np.full((queries, k), -np.inf, np.float32))
    found.keys[at] = keys[order]
    found.cosines[at] = cosines[order]
    return found
